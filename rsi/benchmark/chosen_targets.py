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
        output_dir: Where the results go.
    """

    def __init__(self, target_dir: str, chosen: Sequence[str], batch_size: BatchSize, output_dir: str) -> None:
        super().__init__(target_dir, batch_size, output_dir=output_dir)
        self.names = Listing(self.target_dir, chosen=frozenset(chosen))
