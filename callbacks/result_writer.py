"""Writes results as soon as a batch is done."""

import math
import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.data.targets import output_name
from rsi.errors import InputError
from rsi.finite import GOING
from rsi.pictures import to_picture
from rsi.restoration import Restoration, as_restoration
from rsi.results import FAILED, RESTORED, STOPPED, ResultFolder, Row


class ResultWriter(Callback):
    """Writes the restored images, a comparison picture and the final latent of each, and ``results.csv``.

    Every file is written under a temporary name and renamed when it is whole. Images that an earlier run with the same
    settings finished in the same folder are left out of the run.

    Args:
        output_dir: Where the results go.
        overwrite: Restore everything anew, also where the folder holds results of other settings.
    """

    def __init__(self, output_dir: str = "restored", overwrite: bool = False) -> None:
        self.folder = ResultFolder(output_dir)
        self.overwrite = overwrite
        self._finished: set[str] = set()
        self._failures_noted = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Claim the folder and leave out what is finished.

        Raises:
            InputError: The folder holds the targets or results of other settings, or cannot be written.
        """
        data = _target_folder(trainer)
        if self.folder.path.resolve() == data.target_dir.resolve():
            raise InputError(f"results would replace the images in {data.target_dir}: choose another --output_dir")
        module = as_restoration(pl_module)
        module.configure_model()  # a generator that cannot be read claims nothing
        if trainer.is_global_zero:
            self.folder.claim({**module.settings, **data.settings}, overwrite=self.overwrite)
        self._finished = set() if self.overwrite else self.folder.finished()
        data.finished = self.folder.settled(self._finished)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Write what is not finished of the batch after its last step."""
        module = as_restoration(pl_module)
        if batch.index + 1 < module.steps_per_batch:
            return
        seconds = (time.monotonic() - module.started) / len(batch.targets)
        names = _target_folder(trainer).names
        together = tuple(target.name for target in batch.targets)
        fidelity = module.fidelity().tolist()
        for index, target in enumerate(batch.targets):
            if target.name in self._finished:
                continue
            stem = output_name(target.name, names)
            output, sha256 = self._save(module, index, target, stem)
            row = _row(module, index, target, fidelity=fidelity[index], seconds=seconds)
            self.folder.save_row(Row(output=output, sha256=sha256, batch=together, **row))
        self._note_failures(trainer)
        self.folder.save_table()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what failed after the last batch."""
        self._note_failures(trainer)
        self.folder.save_table()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Let other runs claim the folder."""
        self.folder.release()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let other runs claim the folder."""
        self.folder.release()

    def _save(self, module: Restoration, index: int, target: Target, stem: str) -> tuple[str, str]:
        final = module.path[-1]
        metadata = {"space": final.space, "generator": module.generator_name, "file": target.name}
        self.folder.save_latent(stem, final.codes[index], metadata)
        restored = to_picture(_framed(final.images[index], target))
        return self.folder.save_restored(stem, restored, module.draw_path(index))

    def _note_failures(self, trainer: Trainer) -> None:
        failures = _target_folder(trainer).failures
        for failure in failures[self._failures_noted :]:
            self.folder.save_row(Row(failure.name, FAILED, notes=failure.reason))
        self._failures_noted = len(failures)


def _row(module: Restoration, index: int, target: Target, *, fidelity: float, seconds: float) -> dict[str, Any]:
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
