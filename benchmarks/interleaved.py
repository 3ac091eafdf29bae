"""The times of variants of a step that take turns."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi import Restoration
from rsi.data.batches import Step

Variant = Callable[[], object]


class Interleaved(Callback):
    """Times every step of the Trainer's loop, and after each of them one of every other variant.

    Args:
        make_variants: Called at the start of every phase.
        clock: Gives seconds.

    Attributes:
        seconds: The times by phase and variant; those of the loop are called ``product``.
    """

    def __init__(self, make_variants: Callable[[Restoration], dict[str, Variant]], clock: Callable[[], float]) -> None:
        self.seconds: dict[str, dict[str, list[float]]] = {}
        self._make_variants, self._clock = make_variants, clock
        self._variants: dict[str, Variant] = {}
        self._started = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Take the time since the last call, then that of the variants; the first step of a phase does not count."""
        stop = self._clock()
        if not isinstance(pl_module, Restoration):
            raise TypeError("only Restoration is timed")
        space = pl_module.batch.stage.space
        if space not in self.seconds:
            self._variants = self._make_variants(pl_module)
            self.seconds[space] = {name: [] for name in ("product", *self._variants)}
            self._call_variants()
        else:
            self.seconds[space]["product"].append(stop - self._started)
            for name, seconds in self._call_variants().items():
                self.seconds[space][name].append(seconds)
        self._started = self._clock()

    def _call_variants(self) -> dict[str, float]:
        seconds = {}
        for name, variant in self._variants.items():
            start = self._clock()
            variant()
            seconds[name] = self._clock() - start
        return seconds
