"""Some of the degraded images of a folder."""

from collections.abc import Sequence

from rsi.data import TargetFolder
from rsi.data.folder import BatchSize
from rsi.data.listing import Listing


class ChosenTargets(TargetFolder):
    """Degraded images of a folder that may hold more of them, from a run with a higher limit.

    Args:
        target_dir: The folder.
        chosen: The images' paths in it.
        batch_size: Images restored at once.
    """

    def __init__(self, target_dir: str, chosen: Sequence[str], batch_size: BatchSize = 8) -> None:
        super().__init__(target_dir, batch_size)
        self.names = Listing(self.target_dir, chosen=frozenset(chosen))
