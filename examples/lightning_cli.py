"""A module of your own on Lightning's command line: every option of the method, the data and the Trainer is there.

python lightning_cli.py fit --data.target_dir imgs/ --data.output_dir restored/ --model.degradation jpeg
"""

from pytorch_lightning.cli import LightningCLI

import rsi


class WithoutDetail(rsi.Restoration):
    """Ends after the phase of the style slots, so that no detail is made up that the target does not show."""

    def __init__(self, degradation: str = "jpeg", generator: str = "avatars128", steps: int = 150) -> None:
        super().__init__(generator, degradation, schedule=[rsi.Phase("W", steps, 0.08), rsi.Phase("W+", steps, 0.02)])


if __name__ == "__main__":
    LightningCLI(WithoutDetail, rsi.TargetFolder)
