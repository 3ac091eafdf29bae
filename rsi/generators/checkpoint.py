"""Generators from and to files."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rsi.errors import InputError
from rsi.generators.alias_free import AliasFreeArchitecture
from rsi.generators.architecture import Architecture
from rsi.generators.assembly import assemble, infer_architecture
from rsi.generators.formats import Format, detect_format
from rsi.generators.generator import Generator
from rsi.generators.info import UNKNOWN_LICENSE, GeneratorInfo
from rsi.generators.nvidia_pickle import read_nvidia_pickle
from rsi.generators.obtain import obtain
from rsi.generators.protocols import Sizes
from rsi.generators.rosinality import read_rosinality
from rsi.generators.statistics import mean_code
from rsi.generators.zoo import ASSETS, EMBEDDED, find_by_checksum, zoo
from rsi.storage.atomic import atomic_path

FAMILIES = {kind.family: kind for kind in (Architecture, AliasFreeArchitecture)}
KINDS = "a .safetensors, NVIDIA .pkl or rosinality .pt file"


def load_generator(name_or_path: str | Path) -> Generator:
    """Load a frozen generator; nothing in its file is executed, and its format is told from the content.

    Args:
        name_or_path: ``avatars128``, the embedded generator; a name of the zoo such as ``ffhq1024``, which may be
            downloaded; or a file: a ``.safetensors`` of ours, a ``.pkl`` of NVIDIA's StyleGAN2 or a ``.pt`` state
            dict with rosinality's names.

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
    except (InputError, OSError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None


def save_generator(generator: Generator, path: str | Path) -> None:
    """Write a generator as safetensors, with its architecture, licence and step scale as metadata; atomic.

    Raises:
        InputError: The file cannot be written.
    """
    tensors = {name: tensor.contiguous() for name, tensor in generator.state_dict().items()}
    metadata = {**generator.architecture.to_metadata(), "license": generator.info.license}
    if generator.info.lr_scale is not None:
        metadata["lr_scale"] = str(generator.info.lr_scale)
    if generator.info.draws_aligned_faces:
        metadata["draws_aligned_faces"] = "true"
    try:
        with atomic_path(Path(path)) as temporary:
            save_file(tensors, temporary, metadata)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be written: {error}") from None


def _describe_missing(path: Path) -> str:
    problem = "is a folder" if path.is_dir() else "does not exist"
    return f"{path} {problem}: give {KINDS}, or one of the names {', '.join((*EMBEDDED, *zoo()))}"


def _load(path: Path) -> Generator:
    data = path.read_bytes()
    info = GeneratorInfo(name=path.stem, source=path, sha256=hashlib.sha256(data).hexdigest())
    if known := find_by_checksum(info.sha256):
        info = replace(info, name=known.name, license=known.license, lr_scale=known.lr_scale)
        info = replace(info, draws_aligned_faces=known.aligned_faces)
    kind = detect_format(data)
    info = replace(info, format=kind.value)
    if kind is Format.SAFETENSORS:
        return _load_safetensors(path, info)
    if kind is Format.TORCH:
        return _load_rosinality(data, info)
    return _load_nvidia(data, info)


def _load_safetensors(path: Path, info: GeneratorInfo) -> Generator:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            info = replace(
                info,
                license=metadata.get("license", UNKNOWN_LICENSE),
                lr_scale=_lr_scale(metadata.get("lr_scale")),
                draws_aligned_faces=metadata.get("draws_aligned_faces") == "true",
            )
            return assemble(_architecture(metadata), info, shapes, file.get_tensor)
    except SafetensorError as error:
        raise InputError(f"the file is damaged or cut off ({error}): get it again") from None


def _architecture(metadata: Mapping[str, str]) -> Sizes:
    family = metadata.get("architecture")
    kind = FAMILIES.get(str(family))
    if kind is None:
        raise InputError(f"metadata architecture is {family!r}; only {' and '.join(FAMILIES)} are supported")
    return kind.from_metadata(metadata)


def _load_nvidia(data: bytes, info: GeneratorInfo) -> Generator:
    architecture, stored = read_nvidia_pickle(data)
    shapes = {name: tensor.shape for name, tensor in stored.items()}
    return assemble(architecture, info, shapes, lambda name: stored[name].read())


def _load_rosinality(data: bytes, info: GeneratorInfo) -> Generator:
    """The mean code is not part of the network in this format; where the file has none it is computed."""
    tensors = read_rosinality(data)
    unknown = "mapping.w_avg" not in tensors
    if unknown:
        tensors["mapping.w_avg"] = torch.zeros_like(tensors["mapping.fc0.bias"])
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    generator = assemble(infer_architecture(shapes), info, shapes, tensors.__getitem__)
    if unknown:
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
