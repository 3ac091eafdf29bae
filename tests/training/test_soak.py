from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from PIL import Image
from pytorch_lightning import Callback, Trainer

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import (
    BatchCheckpoint,
    EventFiles,
    PhaseScheduler,
    ResultWriter,
    TensorBoardImages,
    TensorBoardScalars,
    TensorBoardSummary,
    Timelapse,
)
from rsi.data.batches import Step
from rsi.data.pictures import to_picture
from rsi.training.trainer import make_trainer

IMAGES = 500
SCHEDULE = [Phase("W", 1, 0.08), Phase("W+", 1, 0.02), Phase("W++", 1, 0.005)]


class Memory(Callback):
    """Notes the memory in use, in MB, after every batch."""

    def __init__(self) -> None:
        self.curve: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Step, batch_idx: int) -> None:
        if batch.index + 1 == pl_module.steps_per_batch:
            self.curve.append(psutil.Process().memory_info().rss / 2**20)


@pytest.mark.slow
def test_memory_and_event_files_do_not_grow_over_a_large_folder(tiny_generator: Path, tmp_path: Path) -> None:
    targets = tmp_path / "targets"
    targets.mkdir()
    for index, image in enumerate(torch.rand(IMAGES, 3, 4, 4, generator=torch.Generator().manual_seed(0))):
        to_picture(image).resize((32, 32), Image.Resampling.BICUBIC).save(targets / f"{index:03}.jpg")
    output, memory = tmp_path / "out", Memory()
    trainer = make_trainer(
        [
            PhaseScheduler(),
            Timelapse(str(output), enabled=True, side=32),
            ResultWriter(str(output)),
            BatchCheckpoint(str(output), every_seconds=0),
            TensorBoardScalars(),
            TensorBoardImages(),
            TensorBoardSummary(str(output)),
            EventFiles(str(output / "logs")),
            memory,
        ],
    )
    module = Restoration(str(tiny_generator), perceptual="embedded", schedule=SCHEDULE)
    trainer.fit(module, datamodule=TargetFolder(str(targets), batch_size=4, output_dir=str(output)))
    assert len(list(output.glob("*.png"))) == IMAGES
    assert len(list((output / "timelapses").iterdir())) == IMAGES
    assert sum(path.stat().st_size for path in (output / "logs").rglob("events*")) < 3 * 2**20
    early, late = max(memory.curve[15:40]), max(memory.curve[-25:])
    assert late < 1.03 * early + 25, memory.curve[::10]  # a process that ran other tests has holes in its memory
