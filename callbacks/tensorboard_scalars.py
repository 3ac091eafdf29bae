"""Logs what is measured of the steps to TensorBoard."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from tensorboard.compat.proto.event_pb2 import Event, SessionLog

from rsi.callbacks.event_files import EventFiles, event_files, image_tag
from rsi.data.batches import Step
from rsi.errors import Interrupted
from rsi.method import RestorationMethod, as_method
from rsi.phases import phase_at, phase_ends, phase_starts
from rsi.step_averages import StepAverages
from rsi.step_measures import StepMeasures

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
