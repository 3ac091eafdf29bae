"""Logs what is measured of the steps to TensorBoard."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from tensorboard.compat.proto.event_pb2 import Event, SessionLog

from rsi.callbacks.base import PhaseResult, Restored, Run, StepTaken
from rsi.callbacks.event_files import TensorBoardCallback, image_tag
from rsi.storage.atomic import atomic_path

GROWTH = 1.1


class StepAverages:
    """Averages of named numbers over the images so far that have taken a step, leaving out those that are not finite.

    Attributes:
        images: How many images have been through all steps.
    """

    def __init__(self) -> None:
        self.images = 0
        self._sums: dict[tuple[int, str, str], tuple[float, int]] = {}

    def add(self, step: int, phase: str, values: Mapping[str, Sequence[float]]) -> None:
        """Add the numbers of the images of a batch at a step."""
        for name, numbers in values.items():
            finite = [number for number in numbers if math.isfinite(number)]
            total, count = self._sums.get((step, phase, name), (0.0, 0))
            self._sums[step, phase, name] = (total + sum(finite), count + len(finite))

    def at(self, step: int) -> Iterator[tuple[str, str, float]]:
        """Phase, name and average of everything at a step."""
        return ((phase, name, mean) for s, phase, name, mean in self.all() if s == step)

    def all(self) -> Iterator[tuple[int, str, str, float]]:
        """Step, phase, name and average of everything, in the order of the steps."""
        for (step, phase, name), (total, count) in sorted(self._sums.items()):
            if count:
                yield step, phase, name, total / count

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        sums = [[*key, *value] for key, value in self._sums.items()]
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps({"images": self.images, "sums": sums}))

    @classmethod
    def read(cls, path: Path) -> "StepAverages":
        """What a file keeps; nothing if there is none that can be read."""
        averages = cls()
        try:
            kept = json.loads(path.read_text())
            averages._sums = {(step, phase, name): (total, count) for step, phase, name, total, count in kept["sums"]}
            averages.images = kept["images"]
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        return averages


class TensorBoardScalars(TensorBoardCallback):
    """Logs every term of the loss, gradient norm, distance from the start of the phase and step size.

    Each phase is a run of its own, so that a chart shows W, W+ and W++ in three colours that meet where one ends. Steps
    count from 0 for every image. The first images have charts of their own; ``average`` is over all images of this
    process so far, written as they come for the first batch and anew whenever the images have become a tenth more.

    Args:
        every: Log every so many steps, and at both ends of a phase; the other steps cost nothing.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every
        self._averages = StepAverages()
        self._written = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with the averages of an earlier run."""
        self._averages = StepAverages.read(self.files.averages_path)
        self._written = self._averages.images

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Log what is due at this step."""
        if step.index % self.every == 0 or step.begins_stage or step.ends_stage:
            self._log(step)

    def phase_ends(self, run: Run, result: PhaseResult) -> None:
        """Keep the averages."""
        self._averages.write(self.files.averages_path)

    def batch_restored(self, run: Run, images: Sequence[Restored]) -> None:
        """Count the images; write the averages if there are many more than the last time."""
        self._averages.images += len(images)
        if self._written == 0:
            self._written = self._averages.images
        elif self._averages.images >= GROWTH * self._written:
            self._write_averages()
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
                self.files.writer(space).add_scalar(tag, numbers[index], step.index)
        step_sizes = {} if step.step_size is None else {"step_size": [step.step_size]}
        self._averages.add(step.index, space, {**values, **step_sizes})
        if self._written == 0:
            for phase, name, mean in self._averages.at(step.index):
                self._writer(phase).add_scalar(f"average/{name}", mean, step.index)

    def _write_averages(self) -> None:
        if self._averages.images == self._written:
            return
        means = list(self._averages.all())
        for phase in {phase for _, phase, _, _ in means}:
            _withdraw(self._writer(phase))
        for step, phase, name, mean in means:
            self._writer(phase).add_scalar(f"average/{name}", mean, step)
        self._written = self._averages.images

    def _writer(self, phase: str) -> Any:
        return self.files.writer(f"{self.files.averages}/{phase}")


def _withdraw(writer: Any) -> None:
    """Make TensorBoard forget what a run has shown; it takes the first mark of a run for its beginning."""
    for _ in range(2):
        writer.file_writer.add_event(Event(step=0, session_log=SessionLog(status=SessionLog.START)))
