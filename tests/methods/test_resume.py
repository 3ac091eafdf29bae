"""The baselines killed in the middle and started again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytorch_lightning import Callback, Trainer

from rsi import RestorationMethod, TargetFolder, make_trainer
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.methods.lbrgm import LBRGM
from rsi.methods.pulse import Pulse


class KilledError(Exception):
    """The run has ended where it was."""


class KillAt(Callback):
    """Ends a run after some steps, as a signal that nobody can catch."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.taken: list[int] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch.targets[0].name == "a.jpg":
            self.taken.append(batch.index)
        if len(self.taken) == self.step:
            raise KilledError


def pulse(generator: Path) -> RestorationMethod:
    return Pulse(str(generator), "noise:M", "embedded", steps=9, samples=500)


def lbrgm(generator: Path) -> RestorationMethod:
    return LBRGM(str(generator), "noise:M", "embedded", draws=4, steps=5)


def run(module: RestorationMethod, targets: Path, output: Path, kill_at: int = 0) -> list[int]:
    kill = KillAt(kill_at)
    callbacks = [PhaseScheduler(), ResultWriter(str(output)), BatchCheckpoint(str(output), 0.0), kill]
    try:
        make_trainer(callbacks).fit(module, datamodule=TargetFolder(str(targets), batch_size=2))
    except KilledError:
        assert kill_at
    return kill.taken


def files(output: Path) -> dict[str, bytes]:
    paths = (path for path in output.rglob("*") if path.suffix in (".png", ".safetensors"))
    return {str(path.relative_to(output)): path.read_bytes() for path in paths}


@pytest.mark.parametrize(("make", "moments"), [(pulse, [1, 4]), (lbrgm, [2, 2, 3]), (lbrgm, [6])])
def test_killed_run_ends_with_the_same_bytes(
    make: Any, moments: Sequence[int], jpeg_folder: Path, noisy_generator: Path, tmp_path: Path
) -> None:
    run(make(noisy_generator), jpeg_folder, tmp_path / "whole")
    taken = [step for moment in moments for step in run(make(noisy_generator), jpeg_folder, tmp_path / "k", moment)]
    taken += run(make(noisy_generator), jpeg_folder, tmp_path / "k")
    assert taken == list(range(9))
    assert files(tmp_path / "k") == files(tmp_path / "whole")
