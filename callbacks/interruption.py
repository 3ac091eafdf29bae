"""Ends a run on SIGINT and SIGTERM without losing what it has done."""

import signal
import threading
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.errors import Interrupted
from rsi.log import tell


class Interruption(Callback):
    """Ends the run after the step in progress; a second signal ends it at once.

    A signal that was ignored when this callback was made, as ``nohup`` and scripts have it, stays ignored. Put it last,
    so that the step is over for the other callbacks.
    """

    def __init__(self) -> None:
        self._actions = {number: self._action(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._received: int | None = None
        self._previous: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the signals over."""
        self._received = None
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, action) for number, action in self._actions.items()}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """End the run if a signal has come.

        Raises:
            Interrupted: A signal has come.
        """
        if self._received is not None:
            tell(f"stopped by {signal.Signals(self._received).name}: the same command goes on from here")
            raise Interrupted(128 + self._received)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the signals back."""
        self._give_back()

    def _action(self, number: int) -> Any:
        """What to do on a signal; asked before Lightning takes it over."""
        return signal.SIG_IGN if signal.getsignal(number) is signal.SIG_IGN else self._note

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._received = number
        previous = self._previous.get(number)
        self._give_back()
        if number == signal.SIGTERM and callable(previous):
            previous(number, frame)  # Lightning's, which passes the signal on to the processes it has launched

    def _give_back(self) -> None:
        while self._previous:
            signal.signal(*self._previous.popitem())
