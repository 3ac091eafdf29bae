from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytorch_lightning import Callback
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

from rsi import Phase, Restoration, TargetFolder, make_trainer
from rsi.callbacks import (
    BatchCheckpoint,
    EventFiles,
    PhaseScheduler,
    ResultWriter,
    TensorBoardImages,
    TensorBoardScalars,
    TensorBoardSummary,
)

SCHEDULE = [Phase("W", 3, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]


class Board:
    """Runs of the tiny generator with all that TensorBoard shows, and what TensorBoard reads of them."""

    def __init__(self, targets: Path, generator: Path, output: Path) -> None:
        self.targets, self.generator, self.output = targets, str(generator), output

    def __call__(
        self, more: Sequence[Callback] = (), *, images: int = 8, overwrite: bool = False, **settings: Any
    ) -> None:
        trainer = make_trainer(
            [
                PhaseScheduler(),
                ResultWriter(str(self.output), overwrite),
                BatchCheckpoint(str(self.output), 0.0),
                TensorBoardScalars(every=1),
                TensorBoardImages(every=2, side=24),
                TensorBoardSummary(str(self.output)),
                EventFiles(str(self.output / "logs"), images, overwrite),
                *more,
            ]
        )
        module = Restoration(self.generator, "noise:M", "embedded", SCHEDULE, **settings)
        data = TargetFolder(str(self.targets), 2, output_dir=str(self.output), overwrite=overwrite)
        trainer.fit(module, datamodule=data)

    def read(self) -> Any:
        """As ``tensorboard --logdir OUTPUT`` reads it without its fast loader."""
        return EventMultiplexer(purge_orphaned_data=True).AddRunsFromDirectory(str(self.output)).Reload()


@pytest.fixture
def board(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> Board:
    return Board(jpeg_folder, tiny_generator, tmp_path / "restored")
