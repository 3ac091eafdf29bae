"""Other methods than the main one, killed in the middle and started again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from recording import run_until_killed
from torch import Tensor
from torch.optim import Adam, Optimizer

from rsi import RestorationMethod, TargetFolder
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.methods.lbrgm import LBRGM
from rsi.methods.pulse import Pulse
from rsi.results.folder import ResultFolder
from rsi.results.saved_batch import FORMAT, SavedBatch


def pulse(generator: Path) -> RestorationMethod[Any]:
    return Pulse(str(generator), "noise:M", "embedded", steps=9, samples=500)


def lbrgm(generator: Path) -> RestorationMethod[Any]:
    return LBRGM(str(generator), "noise:M", "embedded", draws=4, steps=5)


class PulseOfTwoOptimizers(Pulse):
    """Codes and noise maps have an optimiser each."""

    def configure_optimizers(self) -> list[Optimizer]:
        if self._batch is None:
            return []
        variables = self.batch.variables
        return [Adam([variables.pop("v")], 0.1), Adam(variables.values(), 0.03)]

    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:
        terms = self.losses(step)
        for one in optimizer:
            one.zero_grad()
        backward(terms["total"].sum())
        for one in optimizer:
            one.step()
        return {name: value.detach() for name, value in terms.items()}


def two_optimizers(generator: Path) -> RestorationMethod[Any]:
    return PulseOfTwoOptimizers(str(generator), "noise:M", "embedded", steps=9, samples=500)


def run(module: RestorationMethod[Any], targets: Path, output: Path, kill_at: int = 0) -> list[int]:
    callbacks = [PhaseScheduler(), ResultWriter(str(output)), BatchCheckpoint(str(output), 0.0)]
    taken = run_until_killed(
        module, callbacks, TargetFolder(str(targets), batch_size=2, output_dir=str(output)), kill_at
    )
    return [index for names, index in taken if names[0] == "a.jpg"]


@pytest.mark.parametrize(
    ("make", "kill_at", "names"),
    [
        (pulse, 2, {"variable.v", "kept.v", "variable.noise_0", "kept.noise_0", "optimizer.0.radius"}),
        (lbrgm, 2, {"variable.z", "variable.w", "kept.z", "kept.w", "carried.nearest"}),
        (lbrgm, 6, {"phase.0.codes", "optimizer.1.exp_avg"}),
    ],
)
def test_state_has_the_names_of_its_format(
    make: Any, kill_at: int, names: set[str], jpeg_folder: Path, noisy_generator: Path, tmp_path: Path
) -> None:
    """Who gives a tensor another name, or another sense, raises ``FORMAT``: a state of before then begins anew."""
    run(make(noisy_generator), jpeg_folder, tmp_path / "k", kill_at)
    state = SavedBatch.read(ResultFolder(tmp_path / "k").state_path(0))
    assert state is not None
    assert (FORMAT, names - state.tensors.keys()) == (2, set())


def files(output: Path) -> dict[str, bytes]:
    paths = (path for path in output.rglob("*") if path.suffix in (".png", ".safetensors"))
    return {str(path.relative_to(output)): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    ("make", "moments"), [(pulse, [1, 4]), (lbrgm, [2, 2, 3]), (lbrgm, [6]), (two_optimizers, [4])]
)
def test_killed_run_ends_with_the_same_bytes(
    make: Any, moments: Sequence[int], jpeg_folder: Path, noisy_generator: Path, tmp_path: Path
) -> None:
    run(make(noisy_generator), jpeg_folder, tmp_path / "whole")
    taken = [step for moment in moments for step in run(make(noisy_generator), jpeg_folder, tmp_path / "k", moment)]
    taken += run(make(noisy_generator), jpeg_folder, tmp_path / "k")
    assert taken == list(range(9))
    assert files(tmp_path / "k") == files(tmp_path / "whole")
