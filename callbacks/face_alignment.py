"""Warns of targets that a generator of aligned faces cannot draw."""

from functools import cached_property

from rsi.callbacks.base import BatchBegun, RestorationCallback, Run
from rsi.data.pictures import to_picture
from rsi.log import printable, tell
from rsi.photos.alignment import why_not_aligned
from rsi.photos.face_finder import FaceFinder, make_finder


class FaceAlignment(RestorationCallback):
    """Tells which targets do not look like faces cut out as FFHQ was made; they are restored all the same.

    Args:
        check: Whether targets are looked at; left out, if the generator is known to draw aligned faces.
    """

    def __init__(self, check: bool | None = None) -> None:
        self.check = check

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """Look at a new batch."""
        is_wanted = run.draws_aligned_faces if self.check is None else self.check
        if not is_wanted or batch.step:
            return
        for target in batch.targets:
            framed = target.sample or target.motion is not None
            reason = None if framed else why_not_aligned(to_picture(target.image), self._finder)
            if reason:
                tell(f"{printable(target.name)} does not look aligned, {reason}: rsi align cuts faces out")

    @cached_property
    def _finder(self) -> FaceFinder:
        return make_finder()
