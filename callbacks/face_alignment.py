"""Warns of targets that a generator of aligned faces cannot draw."""

from functools import cached_property
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.data.pictures import to_picture
from rsi.errors import InputError
from rsi.log import printable, tell, tell_once
from rsi.methods.base import as_method
from rsi.photos.alignment import why_not_aligned
from rsi.photos.face_finder import FaceFinder


class FaceAlignment(Callback):
    """Tells which targets do not look like faces cut out as FFHQ was made; they are restored all the same.

    Args:
        check: Whether targets are looked at; left out, if the generator is known to draw aligned faces.
    """

    def __init__(self, check: bool | None = None) -> None:
        self.check = check

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Look at a batch at its first step."""
        if batch.index == 0 and self._is_due(as_method(pl_module)):
            for target in batch.targets:
                reason = None if target.sample else self._reason(target.image)
                if reason:
                    tell(f"{printable(target.name)} does not look aligned, {reason}: rsi align cuts faces out")

    def _is_due(self, module: Any) -> bool:
        draws_faces = hasattr(module, "generator") and module.generator.info.draws_aligned_faces
        wanted = draws_faces if self.check is None else self.check
        return wanted and self._finder is not None

    def _reason(self, image: Any) -> str | None:
        return why_not_aligned(to_picture(image), self._finder) if self._finder else None

    @cached_property
    def _finder(self) -> FaceFinder | None:
        try:
            return FaceFinder()
        except InputError as error:
            tell_once(f"whether targets are aligned is not checked: {error}")
            return None
