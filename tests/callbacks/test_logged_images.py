import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import EventFiles, LoggedImages, TensorBoardImages

SCHEDULE = [Phase("W", 3, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]


class Pictures(Logger):
    """Takes pictures as Lightning's logger for Weights & Biases does."""

    name, version = "pictures", "0"

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, list[tuple[int, Image.Image]]] = {}

    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        pass

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        pass

    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        assert step is not None
        self.taken.setdefault(key, []).extend((step, image) for image in images)


def fit(targets: Path, generator: Path, output: Path, logger: Any, *callbacks: Any) -> None:
    trainer = Trainer(logger=logger, callbacks=[*callbacks], enable_checkpointing=False, enable_progress_bar=False)
    module = Restoration(str(generator), "jpeg", "embedded", SCHEDULE)
    trainer.fit(module, datamodule=TargetFolder(str(targets), 2, output_dir=str(output)))


def test_logger_gets_each_image_after_every_phase_and_its_path(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    logger = Pictures()
    fit(jpeg_folder, tiny_generator, tmp_path / "out", logger)
    kinds = ("W", "W+", "W++", "whole_path")
    assert set(logger.taken) == {f"image {name}.jpg/{kind}" for name in "abc" for kind in kinds}
    assert [step for step, _ in logger.taken["image a.jpg/W+"]] == [4]
    assert [step for step, _ in logger.taken["image c.jpg/W+"]] == [11]
    ((_, path),) = logger.taken["image b.jpg/whole_path"]
    comparison = Image.open(tmp_path / "out/comparisons/b.png")
    assert np.array_equal(np.asarray(path), np.asarray(comparison))


def test_number_of_images_and_their_size_can_be_chosen(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    logger = Pictures()
    fit(jpeg_folder, tiny_generator, tmp_path / "out", logger, LoggedImages(images=1, side=20))
    assert {tag.split("/")[0] for tag in logger.taken} == {"image a.jpg"}
    ((_, path),) = logger.taken["image a.jpg/whole_path"]
    assert path.height == 20


@pytest.mark.parametrize("with_files", [False, True])
def test_tensorboard_has_pictures_once(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path, with_files: bool
) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="logs")
    callbacks = [TensorBoardImages(side=24), EventFiles("unused")] if with_files else []
    fit(jpeg_folder, tiny_generator, tmp_path / "out", logger, *callbacks)
    assert not Path("unused").exists()
    tags = EventAccumulator(str(tmp_path / "logs")).Reload().Tags()["images"]
    assert ("image a.jpg/whole_path" in tags) is not with_files
    read = EventAccumulator(str(tmp_path / "logs" / ("W++" if with_files else ""))).Reload()
    shown = Image.open(io.BytesIO(read.Images("image a.jpg/whole_path")[-1].encoded_image_string))
    assert shown.width > 2 * shown.height


def test_logger_without_pictures_is_left_alone(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    fit(jpeg_folder, tiny_generator, tmp_path / "out", CSVLogger(tmp_path, name="", version="logs"))
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"metrics.csv", "hparams.yaml"}
