"""``rsi render``: draw the image of a saved latent."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open

from rsi.data.pictures import encoded, to_picture
from rsi.errors import InputError
from rsi.generators import Generator, load_generator
from rsi.methods.latents import MOTION, NOISE, draw_latent
from rsi.options.generator_flags import add_generator_flags, apply_generator_flags
from rsi.options.local_path import generator_name, local_path
from rsi.options.parser import CommandParser
from rsi.photos.writing import SAVED_AS
from rsi.storage.atomic import atomic_path
from rsi.storage.overwriting import check_no_input, check_single


@dataclass(frozen=True)
class SavedLatent:
    """The latent of one image.

    Attributes:
        tensors: What :func:`rsi.methods.latents.draw_latent` reads, each ``[1, ...]`` float32.
        generator: The generator it was found with, a name or a path.
        sha256: The checksum of that generator's file; empty in files of older versions.
    """

    tensors: dict[str, torch.Tensor]
    generator: str
    sha256: str


def main(argv: Sequence[str]) -> int:
    """Read a latent, render it and write the picture.

    Raises:
        InputError: An option, the latent or the output cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    apply_generator_flags(arguments)
    kind = _format(arguments.output)
    check_single(arguments.output, overwrite=arguments.overwrite)
    check_no_input(arguments.output, arguments.latent)
    latent = read_latent(arguments.latent)
    generator = load_generator(arguments.generator or _expanded(latent.generator))
    check_no_input(arguments.output, generator.info.source)
    if not arguments.any_generator:
        _check_generator(arguments.latent, latent, generator)
    _check_inputs(arguments.latent, latent, generator)
    with torch.no_grad():
        image = draw_latent(generator, latent.tensors)[0]
    with atomic_path(arguments.output) as path:
        path.write_bytes(encoded(to_picture(image), kind, **SAVED_AS[kind]))
    return 0


def read_latent(path: Path) -> SavedLatent:
    """The latent of one image, with the generator it belongs to.

    Raises:
        InputError: The file is not a latent of ours, or its numbers cannot be used.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in sorted({"codes", *file.keys()})}
            facts = file.metadata()
            generator, checksum = facts["generator"], facts.get("generator_sha256", "")
    except (OSError, SafetensorError, KeyError, TypeError):
        raise InputError(f"{path} is not a latent: give a .safetensors file from the latents folder of a run") from None
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise InputError(f"{path}: {name} is {kind}, and rsi fit writes float32: give the file as it was written")
        if not tensor.isfinite().all():
            raise InputError(f"{path}: {name} has numbers that are not finite: restore the image anew with rsi fit")
    return SavedLatent({name: tensor.unsqueeze(0) for name, tensor in tensors.items()}, generator, checksum)


def _expanded(generator: str) -> str:
    try:
        return generator_name(generator)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"the latent's generator cannot be found: {error}, or give --generator") from None


def _check_generator(path: Path, latent: SavedLatent, generator: Generator) -> None:
    found = generator.info.identity
    if latent.sha256 and latent.sha256 != found:
        raise InputError(
            f"{path} belongs to a generator with the SHA-256 {latent.sha256}, and that of "
            f"{generator.info.source or generator.info.name} is {found}: give the right one with --generator, or "
            "--any_generator to draw another image with this one"
        )


def _check_inputs(path: Path, latent: SavedLatent, generator: Generator) -> None:
    sizes = {f"{NOISE}{number}": size for number, size in enumerate(generator.synthesis.noise_sizes)}
    for name, tensor in latent.tensors.items():
        shapes = [(1, 1, 1, 1), (1, 1, *sizes.get(name, (1, 1)))]
        if name.startswith(NOISE) and (name not in sizes or tensor.shape not in shapes):
            raise InputError(f"{path}: the generator has no {name} of {list(tensor.shape[1:])}: give the right one")
    motion = latent.tensors.get(MOTION)
    if motion is not None and (motion.shape != (1, 3, 3) or not generator.synthesis.pose_slots):
        raise InputError(f"{path}: the generator has no motion of {list(motion.shape[1:])}: give the right one")


def _format(output: Path) -> str:
    kind = Image.registered_extensions().get(output.suffix.lower(), "")
    if kind not in SAVED_AS:
        raise InputError(f"{output} does not say which picture to write: give a name that ends in .png, .jpg or .tif")
    return kind


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser("rsi render", description="Draws the image of a latent that rsi fit has saved.")
    parser.add_argument("latent", type=local_path, help="a file of restored/latents/")
    parser.add_argument("output", type=local_path, help="the picture to write: .png, .jpg, .webp, .tif or .bmp")
    parser.add_argument("--generator", type=generator_name, help="the generator, if it is not where it was")
    add_generator_flags(parser)
    parser.add_argument("--any_generator", action="store_true", help="draw with another generator than the latent's")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    return parser
