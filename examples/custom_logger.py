"""A logger of your own: ``python custom_logger.py imgs/ restored/``."""

import sys
from collections.abc import Mapping
from typing import Any

from PIL import Image
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import Logger

import rsi


class PrintingLogger(Logger):
    """Prints what is measured, and keeps pictures."""

    name, version = "printing", "0"

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Print the numbers of a step."""
        print(step, {name: round(value, 4) for name, value in metrics.items()})

    def log_hyperparams(self, params: Any, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Print the settings in force."""
        print(params)

    def log_image(self, key: str, images: list[Image.Image], step: int | None = None) -> None:
        """Keep a picture; a logger without this method is given none."""
        images[0].save(f"{step} {key.replace('/', ' ')}.png")


if __name__ == "__main__":
    target_dir, output_dir = sys.argv[1:]
    trainer = Trainer(logger=PrintingLogger())
    trainer.fit(rsi.Restoration(degradation="jpeg"), datamodule=rsi.TargetFolder(target_dir, output_dir=output_dir))
