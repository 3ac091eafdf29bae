"""Films of the path of an image."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from rsi.atomic import atomic_path
from rsi.phases import Stage, phase_starts
from rsi.pictures import in_a_row

FRAME_MS = 100
LAST_FRAME_MS = 2000
QUALITY = 80


def frame_steps(schedule: Sequence[Stage], frames: int) -> set[int]:
    """The steps after which a frame is kept, denser at the start of a phase, where images change most.

    Args:
        schedule: The phases.
        frames: Frames of the first phase; every later phase has half as many, and none less than two.

    Returns:
        Steps, counted from 0; the first and the last of every phase are among them.
    """
    steps: set[int] = set()
    for index, (start, phase) in enumerate(phase_starts(schedule).items()):
        count = max(2, frames >> index)
        steps.update(start + round((phase.steps - 1) * (frame / (count - 1)) ** 2) for frame in range(count))
    return steps


class FrameStore:
    """Frames of an image that wait in files of their own, so that they take no memory and outlive the process.

    Args:
        folder: Where the frames of all images are.
        key: What tells the image from others.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder / hashlib.sha256(os.fsencode(key)).hexdigest()

    def keep(self, step: int, picture: Image.Image, side: int) -> None:
        """Keep a frame, at most ``side`` pixels large."""
        picture.thumbnail((side, side))
        with atomic_path(self._path(step)) as path:
            picture.save(path, "PNG")

    def read(self, step: int) -> Image.Image | None:
        """The frame of a step, if there is one."""
        try:
            with Image.open(self._path(step)) as picture:
                return picture.convert("RGB")
        except OSError:
            return None

    def remove(self) -> None:
        """Remove all frames."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, step: int) -> Path:
        return self._folder / f"{step}.png"


def write_film(path: Path, target: Image.Image, frames: Sequence[tuple[str, Image.Image]], side: int) -> None:
    """Write an animated WebP that shows the target and beside it one frame after the other, over and over.

    Args:
        path: The file; it appears when it is whole.
        target: The target.
        frames: Their captions and pictures.
        side: The side of all pictures in pixels; smaller ones are enlarged without smoothing.
    """
    sheets = [in_a_row([target, picture], ["target", caption], side) for caption, picture in frames]
    durations = [FRAME_MS] * (len(sheets) - 1) + [LAST_FRAME_MS]
    with atomic_path(path) as temporary:
        sheets[0].save(
            temporary,
            "WEBP",
            save_all=True,
            append_images=sheets[1:],
            duration=durations,
            loop=0,
            quality=QUALITY,
        )
