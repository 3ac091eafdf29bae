"""Generators from and to files."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rsi.atomic import atomic_path
from rsi.errors import InputError
from rsi.generators.architecture import Architecture
from rsi.generators.frozen_conv import resample_filter
from rsi.generators.info import UNKNOWN_LICENSE, GeneratorInfo
from rsi.generators.nvidia_pickle import read_nvidia_pickle
from rsi.generators.stylegan2 import Generator

EMBEDDED = ("avatars128",)
MAX_HEADER = 100_000_000  # of a safetensors file, as in its specification


def load_generator(name_or_path: str | Path) -> Generator:
    """Load a frozen generator; nothing in its file is executed, and its format is told from the content.

    Args:
        name_or_path: ``avatars128``, the embedded generator, or a file: a ``.safetensors`` of ours or a
            ``.pkl`` of NVIDIA's StyleGAN2-ADA.

    Returns:
        The generator in float32 on the CPU, with ``info`` filled in.

    Raises:
        InputError: There is no such generator or file, or the file is damaged or of another kind.
    """
    if name_or_path in EMBEDDED:
        asset = resources.files("rsi.generators") / "assets" / f"{name_or_path}.safetensors"
        with resources.as_file(asset) as path:
            generator = load_generator(path)
        generator.info = replace(generator.info, embedded=True)
        return generator
    path = Path(name_or_path)
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(
            f"{path} {problem}: give a .safetensors or NVIDIA .pkl file, or the name {' or '.join(EMBEDDED)}"
        )
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
    try:
        with atomic_path(Path(path)) as temporary:
            save_file(tensors, temporary, metadata)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be written: {error}") from None


def _load(path: Path) -> Generator:
    data = path.read_bytes()
    info = GeneratorInfo(name=path.stem, source=path, sha256=hashlib.sha256(data).hexdigest())
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= MAX_HEADER:
        return _load_safetensors(path, info)
    if data[:1] == b"\x80":
        architecture, stored = read_nvidia_pickle(data)
        shapes = {name: tensor.shape for name, tensor in stored.items()}
        return _assemble(architecture, info, shapes, lambda name: stored[name].read())
    if data[:4] == b"PK\x03\x04":
        raise InputError("a torch.save file: use NVIDIA's .pkl or a .safetensors file written by rsi convert")
    kind = "neither a .safetensors file nor a pickle" if data else "the file is empty"
    raise InputError(f"{kind}: get it again")


def _load_safetensors(path: Path, info: GeneratorInfo) -> Generator:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            info = replace(
                info,
                license=metadata.get("license", UNKNOWN_LICENSE),
                lr_scale=_lr_scale(metadata.get("lr_scale")),
            )
            return _assemble(Architecture.from_metadata(metadata), info, shapes, file.get_tensor)
    except SafetensorError as error:
        raise InputError(f"the file is damaged or cut off ({error}): get it again") from None


def _lr_scale(text: str | None) -> float | None:
    try:
        scale = None if text is None else float(text)
    except ValueError:
        scale = math.nan
    if scale is not None and not 0 < scale < math.inf:
        raise InputError(f"metadata lr_scale is {text!r}, not a positive number")
    return scale


def _assemble(
    architecture: Architecture,
    info: GeneratorInfo,
    shapes: Mapping[str, tuple[int, ...]],
    read: Callable[[str], Tensor],
) -> Generator:
    """A generator from tensors that are read only when all their names and shapes are right."""
    with torch.device("meta"):
        generator = Generator(architecture, info)
    expected = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    _check_shapes(expected, shapes)
    generator.load_state_dict({name: _checked(name, read) for name in expected}, assign=True)
    return generator


def _check_shapes(expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    if missing := [name for name in expected if name not in found]:
        raise InputError(f"not the tensors of a StyleGAN2-ADA generator: {_some(missing)} missing")
    if unexpected := [name for name in found if name not in expected]:
        raise InputError(f"not the tensors of a StyleGAN2-ADA generator: {_some(unexpected)} unexpected")
    for name, shape in expected.items():
        if found[name] != shape:
            raise InputError(f"tensor {name} has the shape {list(found[name])} instead of {list(shape)}")


def _some(names: list[str]) -> str:
    others = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(name[:100] for name in names[:3]) + others


def _checked(name: str, read: Callable[[str], Tensor]) -> Tensor:
    """A tensor of a file in float32."""
    try:
        tensor = read(name)
    except InputError as error:
        raise InputError(f"tensor {name}: {error}") from None
    if not tensor.is_floating_point() or not tensor.isfinite().all():
        raise InputError(f"tensor {name} does not hold finite floating-point numbers")
    tensor = tensor.float()
    if name.endswith("resample_filter") and not torch.allclose(tensor, resample_filter(), atol=1e-6):
        raise InputError(f"tensor {name} is not the filter [1, 3, 3, 1], the only one supported")
    return tensor
