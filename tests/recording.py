"""Runs of a method in process, with what every image went through."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, Trainer
from torch import Tensor

from rsi import RestorationMethod, TargetFolder
from rsi.callbacks import PhaseScheduler
from rsi.data.batches import Step
from rsi.training.trainer import make_trainer


class Record(Callback):
    """Keeps the terms of the loss at every step and the images at the end of every phase, by the target's name."""

    def __init__(self) -> None:
        self.terms: dict[str, list[dict[str, float]]] = {}
        self.path: dict[str, list[Tensor]] = {}

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Step, batch_idx: int) -> None:
        for index, target in enumerate(batch.targets):
            terms = {name: float(value[index]) for name, value in pl_module.terms.items()}
            self.terms.setdefault(target.name, []).append(terms)
            self.path[target.name] = [result.images[index] for result in pl_module.path]

    def losses(self, name: str) -> list[float]:
        """The loss of a target before each step."""
        return [terms["total"] for terms in self.terms[name]]


def run(module: RestorationMethod, folder: Path, batch_size: int = 8) -> Record:
    """Restore a folder."""
    record = Record()
    make_trainer([PhaseScheduler(), record]).fit(module, datamodule=TargetFolder(str(folder), batch_size=batch_size))
    return record
