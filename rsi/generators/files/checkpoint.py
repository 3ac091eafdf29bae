"""Generators from and to files."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open

from rsi.errors import InputError
from rsi.generators.files.missing_tensors import MEAN
from rsi.generators.files.obtain import obtain
from rsi.generators.files.overrides import overridden, overrides
from rsi.generators.files.reading import Container, container_of, read_network
from rsi.generators.files.state_dict import read_bare_safetensors
from rsi.generators.files.stored_network import StoredNetwork, assemble
from rsi.generators.files.zoo import ASSETS, EMBEDDED, find_by_checksum, zoo
from rsi.generators.generator import Generator
from rsi.generators.info import UNKNOWN_LICENSE, GeneratorInfo
from rsi.generators.protocols import Architecture
from rsi.generators.statistics import mean_code
from rsi.generators.stylegan2.architecture import StyleGAN2Architecture
from rsi.generators.stylegan3.architecture import StyleGAN3Architecture
from rsi.storage.atomic import atomic_path
from rsi.storage.fingerprint import file_sha256
from rsi.storage.tensor_file import tensor_bytes

FAMILIES = {kind.family: kind for kind in (StyleGAN2Architecture, StyleGAN3Architecture)}
OWN = "safetensors of rsi"
KINDS = "a .safetensors, .pkl, .pt or .pth file of a StyleGAN2 or StyleGAN3"


def load_generator(name_or_path: str | Path) -> Generator:
    """Load a frozen generator; nothing in its file is executed, and its format is told from the content.

    Args:
        name_or_path: ``avatars128``, the embedded generator; a name of the zoo such as ``ffhq1024``, which may be
            downloaded; or a file: a ``.safetensors`` of ours, a StyleGAN2 as NVIDIA's PyTorch or TensorFlow
            programs, rosinality's, BasicSR or MMGeneration save it, or a StyleGAN3 as NVIDIA's program saves it.

    Returns:
        The generator in float32 on the CPU, with ``info`` filled in.

    Raises:
        InputError: There is no such generator or file, or the file is damaged or of another kind.
    """
    name = str(name_or_path)
    if name in EMBEDDED:
        with resources.as_file(ASSETS / f"{name}.safetensors") as path:
            generator = load_generator(path)
        generator.info = replace(generator.info, embedded=True)
        return generator
    if name in zoo():
        generator = load_generator(obtain(zoo()[name]))
        generator.info = replace(generator.info, draws_aligned_faces=zoo()[name].aligned_faces)
        return generator
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(_describe_missing(path))
    try:
        return _load(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except InputError as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None


def save_generator(generator: Generator, path: str | Path) -> None:
    """Write a generator as safetensors, with its architecture, licence and step scale as metadata; atomic.

    Raises:
        InputError: The file cannot be written.
    """
    metadata = {**generator.architecture.to_metadata(), "license": generator.info.license}
    if generator.info.lr_scale is not None:
        metadata["lr_scale"] = str(generator.info.lr_scale)
    if generator.info.draws_aligned_faces:
        metadata["draws_aligned_faces"] = "true"
    try:
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(tensor_bytes(generator.state_dict(), metadata))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _describe_missing(path: Path) -> str:
    problem = "is a folder" if path.is_dir() else "does not exist"
    return f"{path} {problem}: give {KINDS}, or one of the names {', '.join((*EMBEDDED, *zoo()))}"


def _load(path: Path) -> Generator:
    container = container_of(path)  # before all of a file is read that could be a film
    if container is Container.SAFETENSORS:
        return _load_safetensors(path, _info(path, file_sha256(path)))
    data = path.read_bytes()
    return _make(read_network(data, container), _info(path, hashlib.sha256(data).hexdigest()))


def _info(path: Path, sha256: str) -> GeneratorInfo:
    info = GeneratorInfo(name=path.stem, source=path, sha256=sha256)
    known = find_by_checksum(sha256)
    if known is None:
        return info
    return replace(
        info,
        name=known.name,
        license=known.license,
        lr_scale=known.lr_scale,
        draws_aligned_faces=known.aligned_faces,
    )


def _load_safetensors(path: Path, info: GeneratorInfo) -> Generator:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if "architecture" not in metadata:
                return _make(read_bare_safetensors(file), info)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            info = replace(
                info,
                license=metadata.get("license", UNKNOWN_LICENSE),
                lr_scale=_lr_scale(metadata.get("lr_scale")),
                draws_aligned_faces=metadata.get("draws_aligned_faces") == "true",
            )
            return _make(StoredNetwork(OWN, "", _architecture(metadata), shapes, file.get_tensor), info)
    except SafetensorError as error:
        raise InputError(f"the file is damaged or cut off ({error}): get it again") from None


def _architecture(metadata: Mapping[str, str]) -> Architecture:
    family = metadata["architecture"]
    kind = FAMILIES.get(family)
    if kind is None:
        raise InputError(f"metadata architecture is {family!r}; only {' and '.join(FAMILIES)} are supported")
    return kind.from_metadata(metadata)


def _make(network: StoredNetwork, info: GeneratorInfo) -> Generator:
    """The generator of a file, whose mean code is computed where the file has none."""
    network = overridden(network)
    info = replace(
        info,
        format=network.format,
        place=network.place,
        assumed=tuple(f"{name} {text}" for name, text in network.assumed.items()),
        said=", ".join(f"{name} {value}" for name, value in overrides().items()),
    )
    generator = assemble(network, info)
    if MEAN in network.assumed:
        generator.mapping.w_avg = mean_code(generator)
    return generator


def _lr_scale(text: str | None) -> float | None:
    try:
        scale = None if text is None else float(text)
    except ValueError:
        scale = math.nan
    if scale is not None and not 0 < scale < math.inf:
        raise InputError(f"metadata lr_scale is {text!r}, not a positive number")
    return scale
