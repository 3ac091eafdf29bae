"""Films the path of every image."""

import shutil
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.confined import check_inside
from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.log import tell
from rsi.method import RestorationMethod, as_method
from rsi.phases import phase_at
from rsi.pictures import to_picture
from rsi.results import PROGRESS
from rsi.timelapse import FrameStore, frame_steps, write_film

FOLDER = "timelapses"


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
