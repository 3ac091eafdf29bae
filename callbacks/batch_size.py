"""Keeps batches as large as memory allows."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.memory import garbage_collection_cuda

from rsi.data.batches import Step, TargetBatches
from rsi.data.folder import AUTO, TargetFolder
from rsi.data.target import Target
from rsi.log import tell
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.schedule import phase_starts
from rsi.numerics.memory import PeakMemory, free_memory, is_out_of_memory
from rsi.training.private import data_fetcher
from rsi.training.splitting import SplittingLoop, take_back


class BatchSize(Callback):
    """Measures how many images fit in memory where the batch size is ``auto``, and halves it where memory runs out.

    A batch that has run out of memory starts again as two. An image that does not fit alone has failed.
    """

    def __init__(self) -> None:
        self._step: Step | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let the trainer go on after steps that run out of memory."""
        trainer.fit_loop.epoch_loop = SplittingLoop(trainer, lambda ahead: self._give_up(trainer, ahead))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the batch size."""
        data = _data(trainer)
        fetcher = data_fetcher(trainer)
        if data.batch_size != AUTO:
            return
        _put_back(data.batches, take_back(fetcher))
        images = data.share_size(trainer.global_rank, trainer.world_size)
        for target in data.batches.look_ahead(1):
            data.batches.batch_size = largest_batch(trainer, as_method(pl_module), target, images)
        iter(fetcher)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Keep the step in progress."""
        self._step = batch

    def _give_up(self, trainer: Trainer, ahead: list[Step]) -> None:
        batches, step = _data(trainer).batches, self._step
        if step is None:
            raise MemoryError("memory ran out before the first step")
        count = len(step.targets)
        if count > 1:
            batches.batch_size = min(batches.batch_size, count // 2)
            tell(f"memory is not enough for {count} images at once: going on with {batches.batch_size}")
            _put_back(batches, [step, *ahead])
        else:
            batches.fail(step.targets[0], _too_large(step.targets[0]))
            _put_back(batches, [other for other in ahead if other.targets is not step.targets])
        garbage_collection_cuda()


def _put_back(batches: TargetBatches, steps: list[Step]) -> None:
    """Put back the targets of some steps, those of each batch once."""
    of_batches = {id(step.targets): step.targets for step in steps}
    batches.put_back([target for targets in of_batches.values() for target in targets])


def _too_large(target: Target) -> str:
    side = target.image.shape[-1]
    return f"memory is not enough for this image of {side}x{side} alone: use a device with more memory or free some"


def _data(trainer: Trainer) -> TargetFolder:
    data: Any = getattr(trainer, "datamodule", None)
    if not isinstance(data, TargetFolder):
        raise TypeError("BatchSize asks an rsi.TargetFolder for other batches: pass one as datamodule")
    return data


MEGABYTE = 10**6


def largest_batch(trainer: Trainer, module: RestorationMethod, target: Target, images: int) -> int:
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


def _peak(trainer: Trainer, module: RestorationMethod, targets: list[Target]) -> int:
    """The peak of memory in bytes while every phase of a batch is begun and ended."""
    with PeakMemory(trainer.strategy.root_device) as memory:
        module.start_batch(targets)
        for index, phase in phase_starts(module.schedule).items():
            module.start_phase(phase)
            trainer.strategy.setup_optimizers(trainer)
            module.training_step(Step(tuple(targets), index), 0)
            module.end_phase(phase)
        module.fidelity()
    return memory.bytes
