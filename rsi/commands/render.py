"""``rsi render``: draw the image of a saved latent."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from rsi.data.pictures import to_picture
from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.methods.latents import draw_latent
from rsi.options.parser import CommandParser
from rsi.storage.atomic import atomic_path


def main(argv: Sequence[str]) -> int:
    """Read a latent, render it and write the picture."""
    parser = CommandParser("rsi render", description="Draw the image of a latent that fit has saved.")
    parser.add_argument("latent", type=Path, help="a file of restored/latents/")
    parser.add_argument("output", type=Path, help="the picture to write, PNG")
    parser.add_argument("--generator", help="the generator, if it is not where it was")
    arguments = parser.parse_args(argv)
    latent, generator = read_latent(arguments.latent)
    with torch.no_grad():
        image = draw_latent(load_generator(arguments.generator or generator), latent)[0]
    with atomic_path(arguments.output) as path:
        to_picture(image).save(path, "PNG")
    return 0


def read_latent(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    """The latent of one image, each tensor ``[1, ...]``, and the generator it belongs to.

    Raises:
        InputError: The file is not a latent of ours.
    """
    try:
        with safe_open(path, "pt") as file:
            names = {"codes", *file.keys()}
            latent = {name: file.get_tensor(name).unsqueeze(0) for name in sorted(names)}
            return latent, file.metadata()["generator"]
    except (OSError, SafetensorError, KeyError, TypeError):
        raise InputError(f"{path} is not a latent: give a .safetensors file from the latents folder of a run") from None
