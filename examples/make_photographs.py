"""Make examples/photographs: ``python make_photographs.py``.

Two drawings of examples/clean as they look after years of being passed on, and NASA's portrait of Eileen Collins, which
is in the public domain and in scikit-image (``pip install scikit-image``), faded, grainy and heavily compressed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import torch
from PIL import Image, ImageEnhance

from rsi import parse_degradation
from rsi.data.pictures import to_picture
from rsi.numerics.randomness import ImageRandom

PHOTOGRAPHS: Any = skimage.data
HERE = Path(__file__).parent
FOLDER = HERE / "photographs"
EXIF_ARTIST, EXIF_DESCRIPTION = 0x013B, 0x010E


def portrait() -> Image.Image:
    """The astronaut, faded and grainy."""
    clean = Image.fromarray(PHOTOGRAPHS.astronaut()).crop((32, 0, 416, 384))
    faded = ImageEnhance.Contrast(ImageEnhance.Color(clean).enhance(0.5)).enhance(0.8)
    grain = np.random.default_rng(0).normal(0, 8, np.asarray(faded).shape)
    return Image.fromarray((np.asarray(faded) + grain).clip(0, 255).astype(np.uint8))


def noisy(drawing: Image.Image) -> Image.Image:
    """A drawing in too little light."""
    image = torch.from_numpy(np.array(drawing)).permute(2, 0, 1)[None] / 255
    return to_picture(parse_degradation("noise:M").degrade(image, ImageRandom([0]))[0])


def make_all(folder: Path = FOLDER) -> None:
    """Write the pictures."""
    exif = Image.Exif()
    exif[EXIF_ARTIST], exif[EXIF_DESCRIPTION] = "NASA", "Eileen Collins, made to look old"
    portrait().save(folder / "astronaut.jpg", quality=25, exif=exif)
    first, second = (Image.open(HERE / "clean" / name).convert("RGB") for name in ("face_000.png", "face_003.png"))
    first.save(folder / "drawing.jpg", quality=12)
    noisy(second).save(folder / "grainy.png")


if __name__ == "__main__":
    make_all()
