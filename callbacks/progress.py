"""Shows how far a folder is."""

from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar

from rsi.data.batches import Failure, Step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.finite import GOING
from rsi.folder_bar import FolderBar
from rsi.method import RestorationMethod, as_method
from rsi.phases import phase_at, phase_ends

LOSS_EVERY = 10
FILES = (
    "{}.png",
    "comparisons/{}.png",
    "fidelity/{}.png",
    "latents/{}.safetensors",
    "timelapses/{}.webp",
)


class RestorationProgress(ProgressBar):
    """Shows images done, phase, step, loss, speed and time left, and a line for each image that is done or has failed.

    Where standard error is not a terminal, only the lines are printed, those of failures on standard error. How much is
    told is chosen with :func:`rsi.log.set_verbosity`. The bar is that of the first process and counts its share; the
    lines are those of all. Put it after :class:`rsi.callbacks.ResultWriter`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bar = FolderBar()
        self._failures_told = 0
        self._next_step = 0
        self._skipped = 0

    def disable(self) -> None:
        """Show no bar, on ranks other than the first."""
        self._bar.leave_bar_to_others()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell the settings and count the images."""
        module = as_method(pl_module)
        for name, value in module.settings.items() if trainer.is_global_zero else ():
            self._bar.tell_more(f"{name}: {value}")
        self._bar.start(_share(trainer), module.steps_per_batch)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Show the bar, without images that were finished before and steps that an earlier run has taken."""
        self._bar.show()
        skipped = _skipped(trainer)
        self._bar.leave_out_images(skipped - self._skipped)
        self._skipped = skipped
        if batch.index not in (0, self._next_step):
            self._bar.leave_out(batch.index * len(batch.targets))
        self._next_step = batch.index + 1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Move on by one step of every image of the batch."""
        module = as_method(pl_module)
        phase = phase_at(module.schedule, batch.index)
        self._bar.advance(len(batch.targets), phase.space, batch.index + 1)
        if batch.index % LOSS_EVERY == 0 or batch.index in phase_ends(module.schedule):
            self._bar.show_loss(float(outputs["loss"]))
        if batch.index in phase_ends(module.schedule):
            self._bar.tell_more(f"{phase.space}: loss {float(outputs['loss']):.4f} after {batch.index + 1} steps")
        if batch.index + 1 == module.steps_per_batch:
            self._tell_failures(trainer)
            self._tell_batch(trainer, module, batch)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what failed after the last batch and close the display."""
        self._tell_failures(trainer)
        self._bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self._bar.stop()

    def _tell_batch(self, trainer: Trainer, module: RestorationMethod, batch: Step) -> None:
        losses, stops = module.terms["total"].tolist(), module.guard.stopped_at.tolist()
        for target, loss, stop in zip(batch.targets, losses, stops, strict=True):
            outcome = "restored" if stop == GOING else f"stopped at step {stop}, not finite:"
            notes = "".join(f"; {note}" for note in target.notes)
            self._bar.tell(f"{outcome} {target.name} (loss {loss:.4f}{notes})")
            self._bar.tell_more(f"  files: {', '.join(_files(trainer, target))}")
        self._bar.finish(len(batch.targets))

    def _tell_failures(self, trainer: Trainer) -> None:
        failures = _failures(trainer)[self._failures_told :]
        for failure in failures:
            self._bar.tell_failure(f"failed {failure.name}: {failure.reason}")
        self._bar.finish(len(failures), failed=True)
        self._failures_told += len(failures)


def _folder(trainer: Trainer) -> TargetFolder | None:
    data: Any = getattr(trainer, "datamodule", None)
    return data if isinstance(data, TargetFolder) else None


def _share(trainer: Trainer) -> int:
    data = _folder(trainer)
    return data.share_size(trainer.global_rank, trainer.world_size) if data else 0


def _skipped(trainer: Trainer) -> int:
    data = _folder(trainer)
    return data.skipped if data else 0


def _failures(trainer: Trainer) -> list[Failure]:
    data = _folder(trainer)
    return data.failures if data else []


def _files(trainer: Trainer, target: Target) -> list[str]:
    """The files of an image in the output folder."""
    found = (Path(trainer.default_root_dir, pattern.format(target.output)) for pattern in FILES)
    return [str(path) for path in found if path.is_file()]
