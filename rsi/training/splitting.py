"""Training steps that may run out of memory."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import Trainer

from rsi.numerics.memory import is_out_of_memory
from rsi.training.private import TrainingEpochLoop


class SplittingLoop(TrainingEpochLoop):
    """Lightning's loop over training steps, which goes on after a step that has run out of memory.

    What is left of the step is left out, and the loader is asked anew.

    Args:
        trainer: The trainer whose loop it replaces.
        give_up: Is told that the step has run out of memory before the loader is asked anew.
    """

    def __init__(self, trainer: Trainer, give_up: Callable[[], None]) -> None:
        replaced = trainer.fit_loop.epoch_loop
        super().__init__(trainer, replaced.min_steps, replaced.max_steps)
        self._give_up = give_up

    def advance(self, data_fetcher: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """One step."""
        try:
            super().advance(data_fetcher)
            return
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        self._give_up()  # here, where the error no longer keeps the memory of the step
        drop_steps(data_fetcher)
        iter(data_fetcher)
        self.batch_progress.is_last_batch = False


def drop_steps(data_fetcher: Any) -> None:  # noqa: ANN401 - Lightning's own
    """Forget the steps that Lightning has read ahead; it reads anew once ``iter`` is called on the fetcher."""
    data_fetcher.batches.clear()
