"""What rsi tells the person who runs it."""

import sys

from pytorch_lightning.utilities import rank_zero_only


@rank_zero_only
def tell(message: str) -> None:
    """Print a line on standard error, once for all ranks."""
    print(message, file=sys.stderr)
