"""``rsi convert``: turn a generator file of NVIDIA's into safetensors."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rsi.errors import InputError
from rsi.generators import load_generator, save_generator


def main(argv: Sequence[str]) -> int:
    """Read a generator, write it and say what was written.

    Raises:
        InputError: The input is not a generator, or the output exists or cannot be written.
    """
    parser = argparse.ArgumentParser(
        "rsi convert",
        description="Turn an NVIDIA .pkl generator into a .safetensors file. Nothing in it is executed.",
    )
    parser.add_argument("input", help="NVIDIA's StyleGAN2-ADA .pkl")
    parser.add_argument("output", type=Path, help="the .safetensors file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    arguments = parser.parse_args(argv)
    if arguments.output.exists() and not arguments.overwrite:
        raise InputError(f"{arguments.output} exists: give another name or --overwrite")
    generator = load_generator(arguments.input)
    save_generator(generator, arguments.output)
    sizes = generator.architecture
    print(
        f"wrote {arguments.output}: StyleGAN2-ADA, {sizes.img_resolution} px, "
        f"z {sizes.z_dim}, c {sizes.c_dim}, w {sizes.w_dim}, {arguments.output.stat().st_size / 1e6:.1f} MB"
    )
    return 0
