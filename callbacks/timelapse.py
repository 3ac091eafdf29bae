"""Films the path of every image."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from rsi.callbacks.base import BatchBegun, RestorationCallback, RestoredTarget, Run, Stage, StepTaken
from rsi.data.pictures import in_a_row, to_picture
from rsi.data.target import Target
from rsi.log import tell
from rsi.results import layout
from rsi.storage.atomic import atomic_path, check_inside

FRAME_MS = 100
LAST_FRAME_MS = 2000
QUALITY = 80


class Timelapse(RestorationCallback):
    """Writes an animated WebP of the path of every image, ``timelapses/NAME.webp``, beside its target.

    Frames wait in the hidden folder ``.progress`` until the next batch begins, so that a run that is killed and goes on
    loses none. Put it before :class:`rsi.callbacks.ResultWriter`, whose record says that an image is finished.

    Args:
        output_dir: The results' folder.
        enabled: Write them at all.
        frames: Frames of the first phase; every later phase, whose steps are smaller, has half as many.
        side: The side of a picture in pixels.
    """

    def __init__(self, output_dir: str = "restored", enabled: bool = False, frames: int = 24, side: int = 256) -> None:
        self.folder = Path(output_dir)
        self.enabled = enabled
        self.frames = frames
        self.side = side
        self._filmed: list[FrameStore] = []

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """Remove the frames of the batch before, whose records are written by now."""
        while self._filmed:
            self._filmed.pop().remove()

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Keep a frame of every image if it is time."""
        if self.enabled and step.index in self._captions(run):
            for target, image in zip(step.targets, step.images, strict=True):
                self._store(run, target).keep(step.index, to_picture(image), self.side)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Write the films."""
        if self.enabled:
            for image in images:
                self._write(run, image.target, self.folder / layout.TIMELAPSE.format(image.target.output))

    def folder_done(self, run: Run) -> None:
        """Remove frames that no film has taken up, and say that images finished before have no new films."""
        shutil.rmtree(self._waiting(run), ignore_errors=True)
        if self.enabled and run.data and run.data.skipped:
            tell(
                f"no new timelapse of {run.data.skipped} images that were finished before: --overwrite makes them anew"
            )

    def _write(self, run: Run, target: Target, path: Path) -> None:
        store = self._store(run, target)
        frames = [(caption, store.read(step)) for step, caption in self._captions(run).items()]
        kept = [(caption, frame) for caption, frame in frames if frame is not None]
        if len(kept) < len(frames):
            tell(f"{path}: {len(frames) - len(kept)} of {len(frames)} frames are missing, from steps before this run")
        check_inside(path.parent, self.folder)
        write_film(path, to_picture(target.image), kept, self.side)
        self._filmed.append(store)

    def _captions(self, run: Run) -> dict[int, str]:
        return frame_captions(run.schedule, self.frames)

    def _store(self, run: Run, target: Target) -> "FrameStore":
        return FrameStore(self._waiting(run), f"{target.name} {target.seed} {self.frames} {self.side}")

    def _waiting(self, run: Run) -> Path:
        return self.folder / layout.PROGRESS / f"frames-{run.rank}"


def frame_captions(schedule: Sequence[Stage], frames: int) -> dict[int, str]:
    """The steps after which a frame is kept and what is written below it, denser where images change most.

    Args:
        schedule: The stages.
        frames: Frames of the first stage; every later one has half as many, and none less than two.

    Returns:
        Captions by step, from 0, in order; the first and the last step of every stage are among them.
    """
    captions: dict[int, str] = {}
    start = 0
    for index, stage in enumerate(schedule):
        count = max(2, frames >> index)
        steps = {start + round((stage.steps - 1) * (frame / (count - 1)) ** 2) for frame in range(count)}
        captions |= {step: f"{stage.space} step {step + 1}" for step in sorted(steps)}
        start += stage.steps
    return captions


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
