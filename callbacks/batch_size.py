"""Keeps batches as large as memory allows."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.memory import garbage_collection_cuda

from rsi.batch_size import largest_batch
from rsi.data.batches import Step, TargetBatches
from rsi.data.folder import AUTO, TargetFolder
from rsi.data.target import Target
from rsi.log import tell
from rsi.method import as_method
from rsi.splitting_loop import SplittingLoop, take_back


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
        fetcher: Any = trainer.fit_loop._data_fetcher
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
