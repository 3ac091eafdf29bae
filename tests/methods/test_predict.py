from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from torch.utils.data import DataLoader

from rsi import InputError, Phase, Restoration, TargetFolder
from rsi.callbacks import RestoredTarget, ResultWriter
from rsi.methods.ddrm import DDRM
from rsi.methods.lbrgm import LBRGM

pytestmark = pytest.mark.usefixtures("own_folder")


def predict(module: Any, data: TargetFolder, **settings: Any) -> list[list[RestoredTarget]]:
    predictions: Any = Trainer(logger=False, enable_progress_bar=False, **settings).predict(module, datamodule=data)
    return [*predictions]


def test_images_come_with_their_names_batch_by_batch(module: Restoration, jpeg_folder: Path) -> None:
    batches = predict(module, TargetFolder(str(jpeg_folder), batch_size=2))
    assert [[restored.name for restored in batch] for batch in batches] == [["a.jpg", "b.jpg"], ["c.jpg"]]
    for restored in (restored for batch in batches for restored in batch):
        assert restored.image.shape == (3, 32, 32)
        assert 0 <= restored.image.min() <= restored.image.max() <= 1
        assert restored.fidelity > 0
        assert [space for space, _ in restored.path] == ["W", "W+", "W++"]


@pytest.mark.parametrize("degradation", ["jpeg", "noise:M", "inpaint"])
def test_bits_are_those_of_fit(module: Restoration, png_folder: Path, tiny_generator: Path, degradation: str) -> None:
    degradation = degradation.replace("jpeg", "jpeg:quality=12")
    module = Restoration(str(tiny_generator), degradation, "embedded", [Phase("W", 3, 0.08), Phase("W+", 2, 0.02)])
    Trainer(logger=False, enable_progress_bar=False).fit(
        module, datamodule=TargetFolder(str(png_folder), output_dir="out")
    )
    fitted = module.batch.path[-1]
    (predicted,) = predict(module, TargetFolder(str(png_folder)))
    assert torch.equal(torch.stack([restored.image for restored in predicted]), fitted.images)
    assert torch.equal(torch.stack([restored.latent["codes"] for restored in predicted]), fitted.codes)


def test_bits_are_those_of_fit_with_16_bits_in_the_networks(module: Restoration, jpeg_folder: Path) -> None:
    short: Any = {"accelerator": "cpu", "precision": "bf16-mixed"}
    Trainer(logger=False, enable_progress_bar=False, **short).fit(
        module, datamodule=TargetFolder(str(jpeg_folder), output_dir="out")
    )
    fitted, fidelity = module.batch.path[-1], [restored.fidelity for restored in module.restored()]
    (predicted,) = predict(module, TargetFolder(str(jpeg_folder)), **short)
    assert torch.equal(torch.stack([restored.image for restored in predicted]), fitted.images)
    assert torch.equal(torch.stack([restored.latent["codes"] for restored in predicted]), fitted.codes)
    assert [restored.fidelity for restored in predicted] == fidelity


def test_other_methods_predict_too(png_folder: Path, tiny_generator: Path, tiny_prior: Path) -> None:
    methods = [
        LBRGM(str(tiny_generator), "inpaint", "embedded", draws=2, steps=2),
        DDRM(str(tiny_prior), "inpaint", steps=3, perceptual="embedded"),
    ]
    for method in methods:
        (batch,) = predict(method, TargetFolder(str(png_folder)))
        assert [restored.name for restored in batch] == ["a.png", "b.png", "c.png"]


def test_finished_images_are_predicted_as_well_and_nothing_is_written(module: Restoration, jpeg_folder: Path) -> None:
    data = TargetFolder(str(jpeg_folder), output_dir="out")
    Trainer(logger=False).fit(module, datamodule=data)
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    (batch,) = predict(module, data)
    assert len(batch) == 3
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == before


def test_limit_counts_batches_of_images(module: Restoration, jpeg_folder: Path) -> None:
    batches = predict(module, TargetFolder(str(jpeg_folder), batch_size=1), limit_predict_batches=2)
    assert [restored.name for (restored,) in batches] == ["a.jpg", "b.jpg"]


def test_one_trainer_fits_and_predicts(module: Restoration, jpeg_folder: Path) -> None:
    trainer = Trainer(logger=False)
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), output_dir="out"))
    assert len(trainer.predict(module, datamodule=TargetFolder(str(jpeg_folder))) or ()) == 1


def test_failures_are_told(module: Restoration, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (jpeg_folder / "broken.jpg").write_text("no picture")
    (batch,) = predict(module, TargetFolder(str(jpeg_folder)))
    assert len(batch) == 3
    assert "failed broken.jpg: " in capsys.readouterr().err


def test_what_cannot_be_told_or_measured_is_refused(module: Restoration, jpeg_folder: Path) -> None:
    with pytest.raises(InputError, match=r"Trainer.predict returns the images and tells ResultWriter of none: leave"):
        predict(module, TargetFolder(str(jpeg_folder)), callbacks=[ResultWriter("out")])
    with pytest.raises(InputError, match=r"batch_size is auto, which Trainer.predict cannot measure: pass a number"):
        predict(module, TargetFolder(str(jpeg_folder), batch_size="auto"))
    with pytest.raises(InputError, match=r"a Tensor cannot be restored: pass an rsi.TargetFolder as datamodule"):
        Trainer(logger=False).predict(module, DataLoader([torch.zeros(3, 32, 32)]))  # type: ignore[arg-type]
