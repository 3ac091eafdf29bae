"""Degrade the clean faces of this folder with the true operators, as the sample targets were made.

``python make_targets.py`` writes ``targets/``; the files are the same every time.
"""

from pathlib import Path

import torch
from PIL import Image

from rsi.data.pictures import to_picture
from rsi.data.reading import read_picture
from rsi.degradations import Denoising, Downsampling, Inpainting, draw_strokes
from rsi.numerics.randomness import ImageRandom, image_seed
from rsi.numerics.size import Size

HERE = Path(__file__).parent


def degrade(path: Path, targets: Path) -> None:
    """Write one clean image as a target of every task at level M."""
    clean = read_picture(path).rgb.unsqueeze(0)
    random = ImageRandom([image_seed(path.stem, 0)])
    to_picture(clean[0]).save(targets / "jpeg" / f"{path.stem}.jpg", quality=12)
    to_picture(Downsampling(8).degrade(clean, random)[0]).save(targets / "upsample" / path.name)
    to_picture(Denoising(24, 0.16).degrade(clean, random)[0]).save(targets / "noise" / path.name)
    known = draw_strokes(random, Size.of(clean), 9)
    masked = to_picture(Inpainting(known).degrade(clean, random)[0])
    masked.putalpha(Image.fromarray((known[0, 0] * 255).to(torch.uint8).numpy()))
    masked.save(targets / "inpaint" / path.name)


def main(targets: Path = HERE / "targets") -> None:
    """Write the targets of all tasks."""
    for task in ("jpeg", "upsample", "noise", "inpaint"):
        (targets / task).mkdir(parents=True, exist_ok=True)
    for path in sorted((HERE / "clean").glob("*.png")):
        degrade(path, targets)


if __name__ == "__main__":
    main()
