"""Films the path of every image."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.pictures import in_a_row, to_picture
from rsi.data.target import Target
from rsi.log import tell
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.schedule import Stage, phase_at, phase_starts
from rsi.results.folder import PROGRESS
from rsi.storage.atomic import atomic_path, check_inside

FOLDER = "timelapses"


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


class Timelapse(Callback):
    """Writes an animated WebP of the path of every image, ``timelapses/NAME.webp``, beside its target.

    Frames wait in the hidden folder ``.progress``, so that a run that is killed and goes on loses none. Put it before
    :class:`rsi.callbacks.ResultWriter`, whose record says that an image is finished.

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

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Settle where frames wait."""
        self._waiting = self.folder / PROGRESS / f"frames-{trainer.global_rank}"

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Keep a frame of every image if it is time; write the films after the last step."""
        module = as_method(pl_module)
        if self.enabled and batch.index in frame_steps(module.schedule, self.frames):
            self._keep(module, batch)
        if self.enabled and batch.index + 1 == module.steps_per_batch:
            for target in batch.targets:
                self._write(module, target, self.folder / FOLDER / f"{target.output}.webp")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove frames that no film has taken up, and say that images finished before have no new films."""
        shutil.rmtree(self._waiting, ignore_errors=True)
        data: Any = getattr(trainer, "datamodule", None)
        if self.enabled and isinstance(data, TargetFolder) and data.skipped:
            tell(f"no new timelapse of {data.skipped} images that were finished before: --overwrite makes them anew")

    def _keep(self, module: RestorationMethod, batch: Step) -> None:
        for target, image in zip(batch.targets, module.render().cpu(), strict=True):
            self._store(target).keep(batch.index, to_picture(image), self.side)

    def _write(self, module: RestorationMethod, target: Target, path: Path) -> None:
        store = self._store(target)
        steps = sorted(frame_steps(module.schedule, self.frames))
        frames = [(f"{phase_at(module.schedule, step).space} step {step + 1}", store.read(step)) for step in steps]
        kept = [(caption, frame) for caption, frame in frames if frame is not None]
        if len(kept) < len(frames):
            tell(f"{path}: {len(frames) - len(kept)} of {len(frames)} frames are missing, from steps before this run")
        check_inside(path.parent, self.folder)
        write_film(path, to_picture(target.image), kept, self.side)
        store.remove()

    def _store(self, target: Target) -> FrameStore:
        return FrameStore(self._waiting, f"{target.name} {target.seed} {self.frames} {self.side}")


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
