"""Writes results as soon as a batch is done."""

import math
import time
from collections.abc import Container
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.pictures import to_map, to_picture
from rsi.data.target import Target
from rsi.errors import InputError, Interrupted
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.guard import GOING
from rsi.results.folder import FAILED, RESTORED, STOPPED, Finished, ResultFolder, Row, Settled
from rsi.storage.location import absolute


class ResultWriter(Callback):
    """Writes every restored image, its comparison picture, fidelity map and final latent, and ``results.csv``.

    Every file is written under a temporary name and renamed when it is whole. Images that an earlier run with the same
    settings finished in the same folder are left out of the run.

    Args:
        output_dir: Where the results go.
        overwrite: Restore everything anew, also where the folder holds results of other settings.
        views: Write comparison pictures and fidelity maps.
        latents: Write the final latents; with W++ codes they are the largest of all files.
    """

    def __init__(
        self, output_dir: str = "restored", overwrite: bool = False, views: bool = True, latents: bool = True
    ) -> None:
        self.folder = ResultFolder(output_dir)
        self.overwrite = overwrite
        self.views = views
        self.latents = latents
        self._finished: Container[str] = frozenset()
        self._failures_noted = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Claim the folder and leave out what is finished.

        Raises:
            InputError: The folder holds the targets or results of other settings, or cannot be written.
        """
        data = _target_folder(trainer)
        if absolute(self.folder.path) == absolute(data.target_dir):
            raise InputError(f"results would replace the images in {data.target_dir}: choose another --output_dir")
        module = as_method(pl_module)
        module.configure_model()  # a generator that cannot be read claims nothing
        settings = {**module.settings, **data.settings, "precision": str(trainer.precision)}
        self.folder.claim(settings, overwrite=self.overwrite, rank=trainer.global_rank)
        self._finished = frozenset() if self.overwrite else Finished(self.folder)
        data.finished = Settled(self.folder, self._finished)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Write what is not finished of the batch after its last step."""
        module = as_method(pl_module)
        if batch.index + 1 < module.steps_per_batch:
            return
        seconds = (time.monotonic() - module.started) / len(batch.targets)
        together = tuple(target.name for target in batch.targets)
        fidelity, maps = module.fidelity().tolist(), module.fidelity_map().cpu()
        for index, target in enumerate(batch.targets):
            if target.name in self._finished:
                continue
            if self.views:
                self.folder.save_fidelity_map(target.output, to_map(maps[index], target.known[0]))
            output, sha256 = self._save(module, index, target)
            row = _row(module, index, target, fidelity=fidelity[index], seconds=seconds)
            self.folder.save_row(Row(output=output, sha256=sha256, batch=together, **row))
        self._note_failures(trainer)
        if trainer.is_global_zero and self.folder.table_is_due:
            self.folder.save_table()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what failed after the last batch."""
        self._note_failures(trainer)
        self.folder.save_table()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write the table when a signal has ended the run, and let other runs claim the folder."""
        if isinstance(exception, Interrupted):
            self.folder.save_table()
        self.folder.release()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let other runs claim the folder."""
        self.folder.release()

    def _save(self, module: RestorationMethod, index: int, target: Target) -> tuple[str, str]:
        final = module.path[-1]
        if final.latent and self.latents:
            latent = {name: value[index] for name, value in final.latent.items()}
            self.folder.save_latent(target.output, latent, {**module.latent_facts, "file": target.name})
        restored = to_picture(_framed(final.images[index], target))
        return self.folder.save_restored(target.output, restored, module.draw_path(index) if self.views else None)

    def _note_failures(self, trainer: Trainer) -> None:
        failures = _target_folder(trainer).failures
        for failure in failures[self._failures_noted :]:
            self.folder.save_row(Row(failure.name, FAILED, notes=failure.reason))
        self._failures_noted = len(failures)


def _row(module: RestorationMethod, index: int, target: Target, *, fidelity: float, seconds: float) -> dict[str, Any]:
    parameters = module.operator.read_parameters(index)
    stopped_at = int(module.guard.stopped_at[index])
    stopped = () if stopped_at == GOING else (f"stopped at step {stopped_at}: its loss or gradient was not finite",)
    return {
        "file": target.name,
        "status": STOPPED if stopped else RESTORED,
        "size": f"{target.image.shape[-1]}x{target.image.shape[-2]}",
        "degradation": module.degradation_name,
        "parameters": " ".join(f"{name}={value}" for name, value in parameters.items()),
        "loss": _finite(float(module.terms["total"][index])),
        "fidelity": _finite(fidelity),
        "seed": target.seed,
        "seconds": round(seconds, 2),
        "notes": "; ".join((*stopped, *target.notes)),
    }


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _framed(image: Tensor, target: Target) -> Tensor:
    """The part of a restored image that the file's picture fills."""
    scale = image.shape[-1] // target.image.shape[-1]
    left, top, width, height = (scale * value for value in target.frame)
    return image[:, top : top + height, left : left + width]


def _target_folder(trainer: Trainer) -> TargetFolder:
    data: Any = getattr(trainer, "datamodule", None)
    if not isinstance(data, TargetFolder):
        raise TypeError("ResultWriter names its files after those of an rsi.TargetFolder: pass one as datamodule")
    return data
