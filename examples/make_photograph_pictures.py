"""Draw the pictures of the pages on photographs: ``python make_photograph_pictures.py``.

They are made of scikit-image's photographs (``pip install scikit-image``) and of this folder's faces. No generator of
photographs comes with rsi: where a restored face is put back, it is the undamaged photograph's own.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageDraw

from rsi.commands.main import main
from rsi.data.pictures import in_a_row, stack
from rsi.photos.face_crop import crop_around, cut
from rsi.photos.face_finder import make_finder
from rsi.photos.pasting import Shape, paste, restored_face

PHOTOGRAPHS: Any = skimage.data
HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "pictures"
SIDE = 224
STRENGTHS = ("0", "0.5", "1")
FAST = ("--config", "fast", "--ext", "png", "--quiet")


def steps() -> Image.Image:
    """A damaged photograph, the face that is found, as it is cut out and after it was put back in both ways."""
    clean = Image.fromarray(PHOTOGRAPHS.astronaut()).crop((80, 0, 368, 288))
    small = clean.resize((96, 96), Image.Resampling.LANCZOS)
    damaged = small.resize(clean.size, Image.Resampling.BICUBIC)
    (face,) = make_finder().find(damaged)
    crop = crop_around(face)
    found = damaged.copy()
    pen = ImageDraw.Draw(found)
    for corners, color in ((crop.corners, "yellow"), (face.oval, "cyan")):
        points = [tuple(point) for point in corners.tolist()]
        pen.line([*points, points[0]], fill=color, width=2)
    shapes: tuple[Shape, ...] = ("oval", "square")
    restored = cut(clean, crop, 256)
    put_back = [paste(damaged, [restored_face(crop, restored, face.oval, "upsample", shape)]) for shape in shapes]
    captions = ["photograph", "found", "cut out", "oval put back", "square put back"]
    return in_a_row([damaged, found, cut(damaged, crop, SIDE), *put_back], captions, SIDE)


def strengths(folder: Path) -> Image.Image:
    """A drawing with JPEG artefacts and with noise, restored at several strengths."""
    rows = []
    for task, degradation, name in (("jpeg", "jpeg", "face_000.jpg"), ("noise", "noise:M", "face_000.png")):
        target, drawn = HERE / "targets" / task / name, []
        for strength in STRENGTHS:
            flags = ["--degradation", degradation, "--strength", strength, *FAST]
            main(["restore", str(target), "-o", str(folder / task), *flags])
            drawn.append(Image.open(folder / task / "face_000.png").convert("RGB"))
        pictures = [Image.open(target).convert("RGB"), *drawn, Image.open(HERE / "clean" / "face_000.png")]
        captions = ["photograph", *(f"strength {strength}" for strength in STRENGTHS), "ground truth"]
        rows.append(in_a_row([picture.convert("RGB") for picture in pictures], captions, 160))
    return stack(rows)


def limits(folder: Path) -> Image.Image:
    """A photograph that a generator of cartoons has restored, a face in profile, and a small one enlarged."""
    astronaut = Image.fromarray(PHOTOGRAPHS.astronaut())
    face = cut(astronaut, crop_around(make_finder().find(astronaut)[0]), 128)
    face.save(folder / "face.jpg", quality=12)
    fit = ["fit", str(folder / "face.jpg"), "--degradation", "jpeg", "--config", "fast", "--quiet"]
    main([*fit, "--output_dir", str(folder / "cartoon")])  # rsi restore would copy it
    camera = Image.fromarray(PHOTOGRAPHS.camera()).convert("RGB")
    profile = cut(camera, crop_around(make_finder().find(camera)[0]), SIDE)
    tiny = Image.fromarray((PHOTOGRAPHS.lfw_subset()[0] * 255).astype(np.uint8)).convert("RGB")
    pictures = [Image.open(folder / "face.jpg"), Image.open(folder / "cartoon/face.png"), profile, tiny]
    captions = ["photograph", "as a cartoon", "from the side", "25 px wide"]
    return in_a_row([picture.convert("RGB") for picture in pictures], captions, SIDE)


def draw_all(pictures: Path = PICTURES) -> None:
    """Write all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in (
            ("photograph", steps()),
            ("strength", strengths(Path(folder))),
            ("limits", limits(Path(folder))),
        ):
            picture.save(pictures / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    draw_all()
