"""A callback of your own that prints a line for every restored image; from the folder of this file it is used as below.

rsi fit imgs/ --trainer.callbacks custom_callback.PrintResults
"""

# --8<-- [start:callback]
from collections.abc import Sequence

from rsi.callbacks import RestorationCallback, RestoredTarget, Run


class PrintResults(RestorationCallback):
    """Prints how well each restored image agrees with its target."""

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Print a line for each."""
        for image in images:
            print(f"{image.target.name}: fidelity {image.fidelity:.3f} after {run.steps} steps")


# --8<-- [end:callback]
