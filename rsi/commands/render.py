"""``rsi render``: draw the image of a saved latent."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from rsi.atomic import atomic_path
from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.pictures import to_picture


def main(argv: Sequence[str]) -> int:
    """Read a latent, render it and write the picture."""
    parser = argparse.ArgumentParser("rsi render", description="Draw the image of a latent that fit has saved.")
    parser.add_argument("latent", type=Path, help="a file of restored/latents/")
    parser.add_argument("output", type=Path, help="the picture to write, PNG")
    parser.add_argument("--generator", help="the generator, if it is not where it was")
    arguments = parser.parse_args(argv)
    codes, generator = read_latent(arguments.latent)
    with torch.no_grad():
        image = load_generator(arguments.generator or generator).synthesis(codes.unsqueeze(0))[0]
    with atomic_path(arguments.output) as path:
        to_picture(image).save(path, "PNG")
    return 0


def read_latent(path: Path) -> tuple[torch.Tensor, str]:
    """The codes of one image and the generator they belong to.

    Raises:
        InputError: The file is not a latent of ours.
    """
    try:
        with safe_open(path, "pt") as file:
            return file.get_tensor("codes"), file.metadata()["generator"]
    except (OSError, SafetensorError, KeyError, TypeError):
        raise InputError(f"{path} is not a latent: give a .safetensors file from the latents folder of a run") from None
