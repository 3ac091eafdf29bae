"""Runs of a method in process, with what every image went through."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from torch import Tensor

from rsi import RestorationMethod, TargetFolder, make_trainer
from rsi.callbacks import PhaseResult, PhaseScheduler, RestorationCallback, Run, StepTaken


class Record(RestorationCallback):
    """Keeps the terms of the loss at every step and the images at the end of every phase, by the target's name.

    Attributes:
        phases: The ends of the phases of the last batch.
    """

    def __init__(self) -> None:
        self.terms: dict[str, list[dict[str, float]]] = {}
        self.path: dict[str, list[Tensor]] = {}
        self.phases: list[PhaseResult] = []
        self._targets: Sequence[Any] = ()

    def step_taken(self, run: Run, step: StepTaken) -> None:
        self._targets = step.targets
        if step.index == 0:
            self.phases = []
        for index, target in enumerate(step.targets):
            terms = {name: float(value[index]) for name, value in step.terms.items()}
            self.terms.setdefault(target.name, []).append(terms)

    def phase_ends(self, run: Run, result: PhaseResult) -> None:
        self.phases.append(result)
        for index, target in enumerate(self._targets):
            self.path[target.name] = [phase.images[index] for phase in self.phases]

    def losses(self, name: str) -> list[float]:
        """The loss of a target before each step."""
        return [terms["total"] for terms in self.terms[name]]


class KilledError(Exception):
    """The run has ended where it was."""


class KillAt(RestorationCallback):
    """Ends a run after some steps, as a signal that nobody can catch; put it last.

    Attributes:
        taken: The targets and the number of every step.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.taken: list[tuple[list[str], int]] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.taken.append(([target.name for target in batch.targets], batch.index))
        if len(self.taken) == self.step:
            raise KilledError


def run(module: RestorationMethod[Any], folder: Path, batch_size: int = 8, **settings: Any) -> Record:
    """Restore a folder; settings are the Trainer's."""
    record = Record()
    callbacks: list[Callback] = [PhaseScheduler(), record]
    make_trainer(callbacks, **settings).fit(module, datamodule=TargetFolder(str(folder), batch_size=batch_size))
    return record


def run_until_killed(
    module: RestorationMethod[Any], callbacks: Sequence[Callback], data: TargetFolder, kill_at: int = 0
) -> list[tuple[list[str], int]]:
    """Restore a folder until it is killed after some steps, 0 for never; the steps that were taken."""
    kill = KillAt(kill_at)
    try:
        make_trainer([*callbacks, kill]).fit(module, datamodule=data)
    except KilledError:
        assert kill_at
    return kill.taken


def batches_agree(make: Callable[[], RestorationMethod[Any]], folder: Path) -> None:
    """Restore a folder as one batch and image by image, and compare losses and pictures."""
    together, apart = run(make(), folder), run(make(), folder, batch_size=1)
    for name in together.terms:
        assert together.losses(name) == pytest.approx(apart.losses(name), rel=1e-6)
        torch.testing.assert_close(together.path[name], apart.path[name], rtol=0, atol=1e-5)
