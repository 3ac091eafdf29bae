from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from pytorch_lightning import LightningModule
from torch import Tensor

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.degradations.base import Degradation
from rsi.degradations.own_sources import sources_of
from rsi.errors import InputError
from rsi.numerics.size import Size
from rsi.results.folder import ResultFolder
from rsi.results.records import RESTORED, Row
from rsi.training.trainer import make_trainer


class NeedsJpeg(Degradation):
    def bind(self, targets: Sequence[Target], resolution: Size) -> Degradation:
        assert resolution == Size.square(32)
        if any(target.jpeg is None for target in targets):
            raise InputError(f"{targets[0].name} is not a JPEG")
        return self


class Recorder(LightningModule):
    """Restores nothing and notes what it is given."""

    resolution = Size.square(32)
    finds_damage = False

    def __init__(self, degradation: Degradation) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.degradation = degradation
        self.steps_per_batch = 2
        self.seen: list[tuple[list[str], int]] = []
        self.target_factor = degradation.factor
        self.sources = sources_of(degradation)

    def check_target(self, target: Target) -> None:
        self.degradation.bind([target], self.resolution)

    def training_step(self, batch: Step) -> Tensor:
        assert all(target.image.shape == (3, 32, 32) for target in batch.targets)
        self.seen.append(([target.name for target in batch.targets], batch.index))
        return torch.zeros(())

    def configure_optimizers(self) -> None:
        return None


def save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32)).save(path)


def finished(targets: Path) -> TargetFolder:
    """The images of a folder, the first of which an earlier run has finished."""
    folder = ResultFolder(targets / "out")
    sha256 = folder.save_picture("a.png", Image.new("RGB", (32, 32)))
    folder.save_row(Row("a.png", RESTORED, output="a.png", sha256=sha256))
    return TargetFolder(str(targets), output_dir=str(targets / "out"))


def fit(data: TargetFolder, degradation: Degradation | None = None) -> Recorder:
    module = Recorder(degradation or Degradation())
    make_trainer([], accelerator="cpu").fit(module, datamodule=data)
    return module


def test_lightning_gets_every_batch_for_all_of_its_steps(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg", "sub/c.png"):
        save(tmp_path / name)
    module = fit(TargetFolder(str(tmp_path), batch_size=2))
    assert module.seen == [
        (["a.png", "sub/c.png"], 0),
        (["a.png", "sub/c.png"], 1),
        (["b.jpg"], 0),
        (["b.jpg"], 1),
    ]


def test_failures_of_reading_and_of_the_degradation_are_told(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_text("no picture")
    data = TargetFolder(str(tmp_path))
    assert data.failures == []
    module = fit(data, NeedsJpeg())
    assert [names for names, _ in module.seen] == [["b.jpg"]] * 2
    assert [failure.name for failure in data.failures] == ["a.png", "c.jpg"]
    assert data.failures[0].reason == "a.png is not a JPEG"
    assert "cannot be read" in data.failures[1].reason


def test_finished_images_are_left_out(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / name)
    data = finished(tmp_path)
    assert [names for names, _ in fit(data).seen] == [["b.png"]] * 2
    assert list(data.names) == ["a.png", "b.png"]
    assert data.skipped == 1


def test_a_folder_that_is_finished_is_no_error(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    assert fit(finished(tmp_path)).seen == []


def test_a_folder_of_broken_files_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    data = TargetFolder(str(tmp_path))
    assert fit(data).seen == []
    assert len(data.failures) == 1


def test_every_process_reads_its_own_share(tmp_path: Path) -> None:
    for index in range(5):
        save(tmp_path / f"{index}.png")

    data = TargetFolder(str(tmp_path))
    assert [[image.name for image in data.share(rank, 2)] for rank in range(2)] == [
        ["0.png", "2.png", "4.png"],
        ["1.png", "3.png"],
    ]
    assert [data.share_size(rank, 7) for rank in range(7)] == [1, 1, 1, 1, 1, 0, 0]


def test_masks_inside_the_folder_are_no_targets(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "masks").mkdir()
    Image.new("L", (32, 32), "white").save(tmp_path / "masks" / "a.webp")
    data = TargetFolder(str(tmp_path), mask_dir=str(tmp_path / "masks"))
    assert [names for names, _ in fit(data).seen] == [["a.png"]] * 2


def test_settings_change_with_what_results_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = TargetFolder(str(tmp_path)).settings
    monkeypatch.chdir(tmp_path)
    assert TargetFolder(".", batch_size=3).settings == base
    others: list[dict[str, Any]] = [{"seed": 1}, {"fit": "pad"}, {"mask_color": "red"}, {"mask_dir": "masks"}]
    assert all(TargetFolder(".", **other).settings != base for other in others)


def test_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the target folder '.*nowhere' does not exist"):
        fit(TargetFolder(str(tmp_path / "nowhere")))


def test_missing_mask_folder_is_told_at_once(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"mask_dir '.*masks' is not a folder"):
        TargetFolder(str(tmp_path), mask_dir=str(tmp_path / "masks")).setup("fit")


def test_masks_need_a_folder_of_their_own(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"mask_dir and target_dir are both"):
        TargetFolder(str(tmp_path), mask_dir=str(tmp_path)).setup("fit")


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match=r"batch_size is 0: it must be at least 1"):
        TargetFolder("in", batch_size=0)
    with pytest.raises(InputError, match=r"mask_color 'pinkish' is not a colour"):
        TargetFolder("in", mask_color="pinkish")
