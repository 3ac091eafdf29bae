"""Logs what is measured of the steps to TensorBoard."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from pytorch_lightning import LightningModule, Trainer

from rsi.callbacks.base import PhaseResult, RestoredTarget, Run, StepTaken
from rsi.callbacks.event_files import TensorBoardCallback, image_tag
from rsi.storage.atomic import atomic_path


class StepAverages:
    """Averages of named numbers over the images so far that have taken a step; what is not finite is left out."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str, str], tuple[float, int]] = {}

    def add(self, step: int, phase: str, values: Mapping[str, Sequence[float]]) -> None:
        """Add the numbers of the images of a batch at a step."""
        for name, numbers in values.items():
            finite = [number for number in numbers if math.isfinite(number)]
            total, count = self._sums.get((step, phase, name), (0.0, 0))
            self._sums[step, phase, name] = (total + sum(finite), count + len(finite))

    def all(self) -> Iterator[tuple[int, str, str, float]]:
        """Step, phase, name and average of everything, in the order of the steps."""
        for (step, phase, name), (total, count) in sorted(self._sums.items()):
            if count:
                yield step, phase, name, total / count

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        sums = [[*key, *value] for key, value in self._sums.items()]
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps({"sums": sums}))

    @classmethod
    def read(cls, path: Path) -> "StepAverages":
        """What a file keeps; nothing if there is none that can be read."""
        averages = cls()
        try:
            kept = json.loads(path.read_text())
            averages._sums = {(step, phase, name): (total, count) for step, phase, name, total, count in kept["sums"]}
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        return averages


class TensorBoardScalars(TensorBoardCallback):
    """Logs every term of the loss, gradient norm, distance from the start of the phase and step size.

    Each phase is a run of its own, so that a chart shows W, W+ and W++ in three colours that meet where one ends. Steps
    count from 0 for every image. The first images have charts of their own; ``average`` is over all images that this
    process has restored, in this run and in those that it goes on from, and is written at the end.

    Args:
        every: Log every so many steps, and at both ends of a phase; the other steps cost nothing.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every
        self._averages = StepAverages()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with the averages of an earlier run."""
        self._averages = StepAverages.read(self.files.averages_path)

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Log what is due at this step."""
        if step.index % self.every == 0 or step.begins_stage or step.ends_stage:
            self._log(step)

    def phase_ends(self, run: Run, result: PhaseResult) -> None:
        """Keep the averages."""
        self._averages.write(self.files.averages_path)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Keep the averages, now that the images are not going to be restored again."""
        self._averages.write(self.files.averages_path)

    def folder_done(self, run: Run) -> None:
        """Write the averages over all images."""
        self._write_averages()

    def run_interrupted(self, run: Run) -> None:
        """Write the averages so far."""
        self._write_averages()
        self._averages.write(self.files.averages_path)

    def _log(self, step: StepTaken) -> None:
        space, measures = step.stage.space, {**step.terms, **step.measures}
        values = dict(zip(measures, torch.stack([*measures.values()]).tolist(), strict=True))
        for index in self.files.shown(step.targets):
            for name, numbers in values.items():
                tag = image_tag(step.targets[index].name, name)
                self.files.phase_writer(space).add_scalar(tag, numbers[index], step.index)
        step_sizes = {} if step.step_size is None else {"step_size": [step.step_size]}
        self._averages.add(step.index, space, {**values, **step_sizes})

    def _write_averages(self) -> None:
        means = list(self._averages.all())
        writers = {phase: self.files.new_average_writer(phase) for phase in {phase for _, phase, _, _ in means}}
        for step, phase, name, mean in means:
            writers[phase].add_scalar(f"{self.files.average_tag}/{name}", mean, step)
