"""Keeps batches as large as memory allows."""

from collections.abc import Sequence

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.memory import garbage_collection_cuda

from rsi.callbacks.base import RestorationCallback, Run
from rsi.callbacks.phase_scheduler import Restorer, as_restorer
from rsi.data.batches import Step
from rsi.data.folder import AUTO
from rsi.data.target import Target
from rsi.log import tell
from rsi.numerics.memory import PeakMemory, free_memory, is_out_of_memory
from rsi.numerics.size import Size
from rsi.training.private import data_fetcher
from rsi.training.splitting import SplittingLoop, drop_steps

MEGABYTE = 10**6


class BatchSize(RestorationCallback):
    """Measures how many images fit in memory where the batch size is ``auto``, and halves it where memory runs out.

    A batch that has run out of memory starts again as two. An image that does not fit alone has failed. Put it before
    :class:`rsi.callbacks.PhaseScheduler`, which takes the first memory of a batch.
    """

    def __init__(self) -> None:
        self._run: Run | None = None
        self._targets: Sequence[Target] = ()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let the trainer go on after steps that run out of memory."""
        trainer.fit_loop.epoch_loop = SplittingLoop(trainer, self._give_up)

    def run_begins(self, run: Run) -> None:
        """Keep where the batches come from."""
        self._run = run

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the batch size."""
        run = self._known_run
        batches = run.folder.batches
        if run.folder.batch_size != AUTO:
            return
        fetcher = data_fetcher(trainer)
        drop_steps(fetcher)
        batches.put_back()
        images = run.folder.share_size(run.rank, run.world_size)
        for target in batches.look_ahead(1):
            batches.batch_size = largest_batch(trainer, as_restorer(pl_module), target, images)
        iter(fetcher)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Keep the batch, before it takes any memory."""
        self._targets = batch.targets

    def _give_up(self) -> None:
        batches, count = self._known_run.folder.batches, len(self._targets)
        if count > 1:
            batches.batch_size = min(batches.batch_size, count // 2)
            tell(f"memory is not enough for {count} images at once: going on with {batches.batch_size}")
        elif count:
            batches.fail(self._targets[0], _too_large(self._targets[0]))
        else:
            raise MemoryError("memory ran out before the first step")
        garbage_collection_cuda()

    @property
    def _known_run(self) -> Run:
        if self._run is None:
            raise RuntimeError("BatchSize needs rsi.callbacks.PhaseScheduler behind it")
        return self._run


def _too_large(target: Target) -> str:
    size = Size.of(target.image)
    return f"memory is not enough for this image of {size} alone: use a device with more memory or free some"


def largest_batch(trainer: Trainer, module: Restorer, target: Target, images: int) -> int:
    """How many images as large as this one can be restored at once.

    The first step of every phase is taken with one and with two copies of the image; the peaks of memory tell what an
    image needs and what all need together.

    Args:
        trainer: The trainer, whose optimisers are set up by the steps.
        module: The method; its batch in progress is replaced.
        target: An image.
        images: How many there are; more at once are of no use.

    Raises:
        InputError: The system does not tell how much memory there is.
    """
    device = trainer.strategy.root_device
    processes = trainer.num_devices if device.type == "cpu" else 1
    try:
        _peak(trainer, module, [target])  # what is allocated but once is not to be counted
        free = free_memory(device, processes)
        one = _peak(trainer, module, [target])
        two = _peak(trainer, module, [target] * 2)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return 1
    each = max(two - one, two // 4, 1)  # a small difference is no measurement
    size = max(1, min(images, 2 + (free - two) // each))
    tell(f"batch size {size}: {each // MEGABYTE} MB an image, {free // MEGABYTE} MB to use")
    return size


def _peak(trainer: Trainer, module: Restorer, targets: list[Target]) -> int:
    """The peak of memory in bytes while every stage of a batch is begun and ended."""
    with PeakMemory(trainer.strategy.root_device) as memory:
        module.begin_batch(targets, None)
        first = 0
        for stage in module.schedule:
            module.begin_phase(stage)
            trainer.strategy.setup_optimizers(trainer)
            module.training_step(Step(tuple(targets), first), 0)
            module.end_phase()
            first += stage.steps
        module.restored()
    return memory.bytes
