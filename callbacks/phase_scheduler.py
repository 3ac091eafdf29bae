"""Drives the module through batches and phases and tells the other callbacks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.callbacks.base import BatchBegun, PhaseResult, RestorationCallback, RestoredTarget, Run, StepTaken, stage_of
from rsi.callbacks.progress import RestorationProgress
from rsi.callbacks.step_metrics import StepMetrics
from rsi.data.batches import Step, as_step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.errors import Interrupted
from rsi.log import tell
from rsi.results.saved_batch import SavedBatch


@runtime_checkable
class Restorer(Protocol):
    """What :class:`PhaseScheduler` needs of a module; :class:`rsi.RestorationMethod` is one."""

    settings: Mapping[str, str]
    schedule: Sequence[Any]

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """Settings and arguments with the values in force."""

    @property
    def draws_aligned_faces(self) -> bool:
        """The generator is known to draw faces that were cut out as FFHQ's."""

    def begin_batch(self, targets: Sequence[Target], saved: SavedBatch | None) -> None:
        """Take up new targets, where an earlier run has left them if there is such a place."""

    def begin_phase(self, stage: Any) -> None:
        """Expand the variables to those of a stage; the optimisers are set up anew after it."""

    def training_step(self, batch: Step, batch_idx: int) -> Any:
        """One step of every image."""

    def end_phase(self) -> PhaseResult:
        """Keep what the batch looks like now."""

    def step_taken(self, stage: Any, index: int, optimizers: Sequence[Any]) -> StepTaken:
        """What the step that was just taken has done."""

    def restored(self) -> Sequence[RestoredTarget]:
        """What has become of the batch, after its last phase."""


class PhaseScheduler(Callback):
    """Begins and ends the batches of a method and the phases of its schedule, and tells the callbacks after it.

    Every phase begins with a new optimiser. Nobody else has to know the numbers of steps: callbacks are told by the
    hooks of :class:`rsi.callbacks.RestorationCallback`, Lightning's own and loggers by
    :class:`rsi.callbacks.step_metrics.StepMetrics`.
    """

    def __init__(self) -> None:
        self._run: Run | None = None
        self._metrics = StepMetrics()
        self._between_batches = True

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what is going to be done."""
        module, data = as_restorer(pl_module), cast(Any, trainer).datamodule
        folder = data if isinstance(data, TargetFolder) else None
        self._run = Run(
            settings=dict(module.settings),
            hyperparameters={**module.hyperparameters, **(folder.hyperparameters if folder else {})},
            schedule=module.schedule,
            data=folder,
            precision=str(trainer.precision),
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            draws_aligned_faces=module.draws_aligned_faces,
        )
        _save_hyperparameters(pl_module, self._run.hyperparameters)
        self._tell(trainer, lambda callback, run: callback.run_begins(run))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Begin a batch at its first step, or where an earlier run has left it, and a phase at the phase's first.

        Raises:
            InputError: It is no batch of an :class:`rsi.TargetFolder`.
        """
        batch, module = as_step(batch), cast(Restorer, pl_module)  # looked at when the run began
        stage, first, _ = stage_of(module.schedule, batch.index)
        if batch.begins:
            begun = BatchBegun(batch.targets, batch.index)
            self._tell(trainer, lambda callback, run: callback.batch_begins(run, begun))
            module.begin_batch(batch.targets, batch.saved)
        if batch.begins or batch.index == first:
            module.begin_phase(stage)
            trainer.strategy.setup_optimizers(trainer)
            if batch.saved is not None and batch.index != first:
                batch.saved.load_optimizers(trainer.optimizers)
            self._tell(trainer, lambda callback, run: callback.phase_begins(run, stage))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Tell of the step, of the end of its phase and of the end of its batch."""
        module = cast(Restorer, pl_module)  # looked at when the run began
        stage, *_ = stage_of(module.schedule, batch.index)
        taken = module.step_taken(stage, batch.index, trainer.optimizers)
        self._between_batches = taken.ends_batch
        self._metrics.log_step(trainer, pl_module, taken)
        _stop_after_max_steps(trainer)
        self._tell(trainer, lambda callback, run: callback.step_taken(run, taken))
        if taken.ends_stage:
            result = module.end_phase()
            self._tell(trainer, lambda callback, run: callback.phase_ends(run, result))
        if taken.ends_batch:
            images = module.restored()
            self._metrics.log_images(trainer, pl_module, images)
            self._tell(trainer, lambda callback, run: callback.batch_restored(run, images))
            self._finish(batch.targets)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell that all is done, or that the run was cut short, as by ``max_time``, and what has failed."""
        if self._run and self._run.data and not any(isinstance(c, RestorationProgress) for c in _listeners(trainer)):
            self._run.data.tell_failures()
        if self._is_done:
            self._tell(trainer, lambda callback, run: callback.folder_done(run))
        else:
            tell("the run ends before all images are restored: another one restores the others")
            self._tell(trainer, lambda callback, run: callback.run_interrupted(run))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Tell of a signal."""
        if isinstance(exception, Interrupted):
            self._tell(trainer, lambda callback, run: callback.run_interrupted(run))

    @property
    def _is_done(self) -> bool:
        folder = self._run and self._run.data
        return folder.is_done if folder else self._between_batches

    def _finish(self, targets: Sequence[Target]) -> None:
        if self._run is not None and self._run.data is not None:
            self._run.data.batches.finish(targets)

    def _tell(self, trainer: Trainer, what: Callable[[RestorationCallback, Run], None]) -> None:
        if self._run is not None:
            for callback in _listeners(trainer):
                what(callback, self._run)


def _listeners(trainer: Trainer) -> Iterator[RestorationCallback]:
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    return (callback for callback in callbacks if isinstance(callback, RestorationCallback))


def _save_hyperparameters(module: LightningModule, values: Mapping[str, Any]) -> None:
    """Make the values in force those that loggers get, in place of what the module was given."""
    for name in module.hparams.keys() - values.keys():
        del module.hparams[name]
    module.save_hyperparameters(dict(values))


def _stop_after_max_steps(trainer: Trainer) -> None:
    """Lightning itself counts the steps of optimisers, which not all steps of a batch are."""
    if 0 <= trainer.max_steps <= trainer.fit_loop.total_batch_idx + 1:
        trainer.should_stop = True


def as_restorer(module: LightningModule) -> Restorer:
    """The module, for callbacks that drive it.

    Raises:
        TypeError: It restores nothing.
    """
    if not isinstance(module, Restorer):
        raise TypeError(f"PhaseScheduler drives an rsi.RestorationMethod, not a {type(module).__name__}")
    return module
