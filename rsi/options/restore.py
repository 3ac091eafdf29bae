"""The options of ``rsi restore``."""

import argparse
import math
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from rsi.estimation.named import AUTO
from rsi.numerics.precision import PRECISIONS
from rsi.options.face_flags import add_detector, add_shape
from rsi.options.local_path import generator_name, local_path
from rsi.options.network_flags import FLAGS, add_network_flags
from rsi.options.parser import CommandParser
from rsi.options.precision import PRECISION_TEXT, precision
from rsi.photos.writing import FORMATS

Box = tuple[float, float, float, float]
PASSED_ON = {
    "generator": "--generator",
    "perceptual": "--perceptual",
    "batch_size": "--batch_size",
    "seed": "--seed",
    "accelerator": "--trainer.accelerator",
    "precision": "--precision",
}
SWITCHES = ("overwrite", "quiet", *FLAGS)


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi restore",
        description="Restores the faces in photographs: finds them, finds out what happened to them, cuts them out, "
        "restores them and puts them back. The rest of each photograph stays as it is. A generator that draws "
        "something else takes the pictures whole.",
    )
    parser.add_argument("images", nargs="*", type=str, help="photographs, folders or patterns such as 'old/*.jpg'")
    parser.add_argument("-i", "--input", action="append", metavar="PATH", help="the same as an option")
    parser.add_argument("-o", "--output_dir", type=local_path, default=Path("restored"), help="folder for the results")
    parser.add_argument("--overwrite", action="store_true", help="replace what an earlier run or others left there")
    parser.add_argument("--degradation", metavar="TEXT", default=AUTO, help="what happened; auto finds it in each file")
    parser.add_argument("--generator", type=generator_name, default="avatars128", help="as of rsi fit")
    parser.add_argument("--perceptual", metavar="NAME|PATH", help="as of rsi fit")
    parser.add_argument("-c", "--config", action="append", metavar="NAME|PATH", help="recipes, as of rsi fit")
    parser.add_argument(
        "--strength",
        type=_strength,
        metavar="SHARE",
        default=1.0,
        help="1 stays closest to the photograph, 0 is the generator's own kind of face, in between there are both",
    )
    parser.add_argument("--has_aligned", action="store_true", help="the pictures are faces that are cut out already")
    parser.add_argument("--cut_faces", action="store_true", help="cut faces out for any generator")
    parser.add_argument("--only_center_face", action="store_true", help="restore the face nearest to the middle alone")
    parser.add_argument(
        "--draw_box", type=_box, metavar="X,Y,W,H", help="a face that is not found, in pixels from the upper left"
    )
    parser.add_argument("--suffix", type=_suffix, metavar="TEXT", default="", help="what is added to names")
    parser.add_argument("--ext", choices=["auto", *FORMATS], default="auto", help="format; auto keeps each file's own")
    add_detector(parser)
    add_shape(parser)
    parser.add_argument("--batch_size", metavar="N|auto", default="8", help="faces restored at once")
    parser.add_argument("--seed", type=int, metavar="N", default=0, help="seed of all random numbers")
    parser.add_argument("--accelerator", metavar="NAME", default="auto", help="cpu, gpu, mps or auto")
    parser.add_argument(
        "--precision", type=precision, choices=PRECISIONS, metavar="NAME", default="32", help=PRECISION_TEXT
    )
    parser.add_argument("--quiet", action="store_true", help="tell errors alone")
    add_network_flags(parser)
    return parser


def fit_options(chosen: Namespace) -> Iterator[str]:
    """The options of ``rsi fit`` that those of ``rsi restore`` stand for."""
    for recipe in chosen.config or ():
        yield f"--config={recipe}"
    for name, flag in PASSED_ON.items():
        if (value := getattr(chosen, name)) is not None:
            yield f"{flag}={value}"
    yield from (f"--{name}" for name in SWITCHES if getattr(chosen, name))
    yield "--alignment.check=false"


def _strength(text: str) -> float:
    strength = float(text)
    if not 0 <= strength <= 1:
        raise argparse.ArgumentTypeError(f"{strength} is not from 0 to 1")
    return strength


def _box(text: str) -> Box:
    try:
        left, top, width, height = map(float, text.split(","))
    except ValueError:
        left = top = width = height = 0.0
    if not (width > 0 and height > 0 and all(map(math.isfinite, (left, top, width, height)))):
        raise argparse.ArgumentTypeError(f"{text!r} is no box: give x,y,width,height in pixels, such as 120,40,90,110")
    return left, top, width, height


def _suffix(text: str) -> str:
    if "/" in text or "\\" in text:
        raise argparse.ArgumentTypeError(f"{text!r} has a slash: give what is added to the names of files")
    return text
