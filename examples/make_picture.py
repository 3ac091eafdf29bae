"""Restore all sample targets and draw the picture of the README: ``python make_picture.py`` writes ``restored.png``."""

import tempfile
from pathlib import Path

import torch
from PIL import Image

from rsi.commands.main import main
from rsi.data.pictures import side_by_side, stack
from rsi.data.reading import read_picture

HERE = Path(__file__).parent
TASKS = {"jpeg": "jpeg", "upsample": "upsample", "noise": "noise:M", "inpaint": "inpaint"}
SIDE = 128


def draw_row(task: str, results: Path) -> Image.Image:
    """Target and restoration of each face under one task."""
    images, captions = [], []
    for target in sorted((HERE / "targets" / task).iterdir()):
        images += [read_picture(target).rgb, read_picture(results / f"{target.stem}.png").rgb]
        captions += [f"{task}: target", "restored"]
    return side_by_side(images, captions, SIDE)


def draw_picture(output: Path = HERE / "restored.png") -> None:
    """Write the picture: a row per task and, at the bottom, the faces that were degraded."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for task, degradation in TASKS.items():
            flags = ["--target_dir", str(HERE / "targets" / task), "--degradation", degradation]
            main(["fit", *flags, "--output_dir", f"{folder}/{task}"])
            rows.append(draw_row(task, Path(folder) / task))
    clean = [read_picture(path).rgb for path in sorted((HERE / "clean").iterdir())]
    blank = torch.ones_like(clean[0])
    rows.append(
        side_by_side([image for face in clean for image in (blank, face)], ["", "ground truth"] * len(clean), SIDE)
    )
    stack(rows).save(output)


if __name__ == "__main__":
    draw_picture()
