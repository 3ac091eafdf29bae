"""Logs what is measured of the steps to TensorBoard."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from torch import Tensor

from rsi.callbacks.event_files import EventFiles, event_files, image_tag
from rsi.data.batches import Step
from rsi.errors import Interrupted
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.schedule import phase_at, phase_ends, phase_starts
from rsi.storage.atomic import atomic_path

GROWTH = 1.1


class TensorBoardScalars(Callback):
    """Logs every term of the loss, gradient norm, distance from the start of the phase and step size.

    Each phase is a run of its own, so that a chart shows W, W+ and W++ in three colours that meet where one ends. Steps
    count from 0 for every image. The first images have charts of their own; ``average`` is over all images of this
    process so far, written as they come for the first batch and anew whenever the images have become a tenth more.

    Args:
        every: Log every so many steps, and at both ends of a phase; the other steps cost nothing.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every
        self._measures = StepMeasures()
        self._averages = StepAverages()
        self._written = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with the averages of an earlier run."""
        self._averages = StepAverages.read(_files(trainer).averages_path)
        self._written = self._averages.images

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Keep where the phase starts."""
        module = as_method(pl_module)
        if batch.index in phase_starts(module.schedule):
            self._measures.start_phase(module.variables)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Log what is due at this step."""
        module = as_method(pl_module)
        if batch.index % self.every == 0 or batch.index in _borders(module):
            self._log(trainer, module, batch)
        if batch.index + 1 == module.steps_per_batch:
            self._measures.forget()
            self._end_batch(_files(trainer), len(batch.targets))
        if batch.index in phase_ends(module.schedule):
            self._averages.write(_files(trainer).averages_path)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the averages over all images."""
        self._write_averages(_files(trainer))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write the averages so far when a signal has ended the run."""
        if isinstance(exception, Interrupted):
            self._write_averages(_files(trainer))
            self._averages.write(_files(trainer).averages_path)

    def _log(self, trainer: Trainer, module: RestorationMethod, batch: Step) -> None:
        files, phase = _files(trainer), phase_at(module.schedule, batch.index).space
        measures = {**module.terms, **self._measures.measure(module.variables)}
        values = dict(zip(measures, torch.stack([*measures.values()]).tolist(), strict=True))
        for index in files.shown(batch):
            for name, numbers in values.items():
                tag = image_tag(batch.targets[index].name, name)
                files.writer(phase).add_scalar(tag, numbers[index], batch.index)
        step_sizes = {"step_size": [group["lr"] for o in trainer.optimizers for group in o.param_groups[:1]]}
        self._averages.add(batch.index, phase, {**values, **step_sizes})
        if self._written == 0:
            for run, name, mean in self._averages.at(batch.index):
                _average_writer(files, run).add_scalar(f"average/{name}", mean, batch.index)

    def _end_batch(self, files: EventFiles, images: int) -> None:
        self._averages.images += images
        if self._written == 0:
            self._written = self._averages.images
        elif self._averages.images >= GROWTH * self._written:
            self._write_averages(files)

    def _write_averages(self, files: EventFiles) -> None:
        if self._averages.images == self._written:
            return
        means = list(self._averages.all())
        for phase in {phase for _, phase, _, _ in means}:
            _withdraw(_average_writer(files, phase))
        for step, phase, name, mean in means:
            _average_writer(files, phase).add_scalar(f"average/{name}", mean, step)
        self._written = self._averages.images


def _files(trainer: Trainer) -> EventFiles:
    return event_files(trainer.callbacks)  # type: ignore[attr-defined]


def _average_writer(files: EventFiles, phase: str) -> Any:
    return files.writer(f"{files.averages}/{phase}")


def _withdraw(writer: Any) -> None:
    """Make TensorBoard forget what a run has shown; it takes the first mark of a run for its beginning."""
    for _ in range(2):
        writer.file_writer.add_event(Event(step=0, session_log=SessionLog(status=SessionLog.START)))


def _borders(module: RestorationMethod) -> set[int]:
    return {*phase_starts(module.schedule), *phase_ends(module.schedule)}


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


class StepMeasures:
    """Gradient norm and distance from the start of the phase, of each image of a batch.

    Nothing here waits for the device.
    """

    def __init__(self) -> None:
        self._starts: dict[str, Tensor] = {}

    def start_phase(self, variables: Mapping[str, Tensor]) -> None:
        """Keep where a phase starts."""
        self._starts = {name: variable.detach().clone() for name, variable in variables.items()}

    def forget(self) -> None:
        """Leave distances out until the next phase, as where a run goes on in the middle of one."""
        self._starts = {}

    @torch.no_grad()
    def measure(self, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The measures of this step, after it.

        Args:
            variables: What the steps change, each ``[B, ...]``.

        Returns:
            ``gradient_norm``, the norm of the gradient of an image's loss, where the method has gradients, and
            ``distance``, the root mean square over an image's codes of how far each is from where it was at the start
            of the phase, in units of the codes; each ``[B]``.
        """
        gradients = [variable.grad for variable in variables.values() if variable.grad is not None]
        measures = {"gradient_norm": _norm(gradients)} if gradients else {}
        if self._starts:
            moves = [variable - self._starts[name] for name, variable in variables.items()]
            codes = sum(move[0].numel() // move.shape[-1] for move in moves)
            measures["distance"] = _norm(moves) / codes**0.5
        return measures


def _norm(values: Sequence[Tensor]) -> Tensor:
    """The norm of all numbers of each image, ``[B]``."""
    return torch.stack([value.flatten(1).square().sum(1) for value in values]).sum(0).sqrt()
