"""A Trainer as Lightning makes it, with nothing of rsi's but module and data."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader

from rsi import InputError, Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, BatchSize, PhaseScheduler, RestorationCallback, ResultWriter, Run
from rsi.commands.main import main
from rsi.methods.ddrm import DDRM
from rsi.results.folder import ResultFolder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def data(jpeg_folder: Path, tmp_path: Path) -> TargetFolder:
    return TargetFolder(str(jpeg_folder), batch_size=2, output_dir=str(tmp_path / "out"))


class Told(RestorationCallback):
    """Notes how the run has ended."""

    def __init__(self) -> None:
        self.end: list[str] = []

    def folder_done(self, run: Run) -> None:
        self.end.append("done")

    def run_interrupted(self, run: Run) -> None:
        self.end.append("interrupted")


def callbacks_of(trainer: Any, kind: type[Callback]) -> list[Callback]:
    return [callback for callback in trainer.callbacks if isinstance(callback, kind)]


def restored(folder: Path) -> list[str]:
    return sorted(row.file for row in ResultFolder(folder).rows() if row.is_done)


def test_folder_is_restored_once_with_the_bits_of_the_command(
    module: Restoration, data: TargetFolder, jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    trainer = Trainer()
    trainer.fit(module, datamodule=data)
    assert trainer.global_step == 2 * len(module.schedule) + 2 * 4
    assert trainer.current_epoch == 1
    options = ["--generator", str(tiny_generator), "--config", str(SHORT), "--degradation", "jpeg"]
    folders = ["--target_dir", str(jpeg_folder), "--output_dir", str(tmp_path / "command")]
    assert main(["fit", "--batch_size", "2", *options, *folders]) == 0
    for name in "abc":
        for file in (f"{name}.png", f"latents/{name}.safetensors"):
            assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "command" / file).read_bytes()


def test_nothing_big_is_written(module: Restoration, data: TargetFolder, tmp_path: Path) -> None:
    Trainer().fit(module, datamodule=data)
    (checkpoint,) = tmp_path.glob("lightning_logs/*/checkpoints/*.ckpt")
    assert checkpoint.stat().st_size < 10_000
    assert torch.load(checkpoint, weights_only=True)["state_dict"] == {}


def test_summary_tells_of_networks_and_not_of_operations(
    module: Restoration, data: TargetFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer().fit(module, datamodule=data)
    told = capsys.readouterr().out
    assert "Networks, frozen" in told
    assert "Generator" in told
    assert "FLOP" not in told


@pytest.mark.parametrize("epochs", [{"max_epochs": 3}, {"max_epochs": -1}, {"min_epochs": 2}, {"max_epochs": 1}])
def test_epochs_make_no_difference(module: Restoration, data: TargetFolder, epochs: dict[str, int]) -> None:
    trainer = Trainer(logger=False, **epochs)  # type: ignore[arg-type]
    trainer.fit(module, datamodule=data)
    assert trainer.fit_loop.total_batch_idx + 1 == 14
    assert restored(Path("out")) == ["a.jpg", "b.jpg", "c.jpg"]


def test_one_trainer_restores_several_folders(module: Restoration, data: TargetFolder, jpeg_folder: Path) -> None:
    trainer = Trainer(logger=False)
    trainer.fit(module, datamodule=data)
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), batch_size=1, output_dir="second"))
    assert restored(Path("out")) == restored(Path("second")) == ["a.jpg", "b.jpg", "c.jpg"]
    assert [(Path("out") / f"{n}.png").read_bytes() for n in "abc"] == [
        (Path("second") / f"{n}.png").read_bytes() for n in "abc"
    ]


def test_callbacks_that_were_given_are_not_doubled(module: Restoration, data: TargetFolder) -> None:
    given = [PhaseScheduler(), ResultWriter("elsewhere")]
    trainer = Trainer(callbacks=[*given], logger=False)
    trainer.fit(module, datamodule=data)
    assert [*callbacks_of(trainer, PhaseScheduler), *callbacks_of(trainer, ResultWriter)] == given
    assert restored(Path("elsewhere")) == ["a.jpg", "b.jpg", "c.jpg"]


def test_own_callbacks_come_after_those_that_are_added(module: Restoration, data: TargetFolder) -> None:
    trainer: Any = Trainer(callbacks=[BatchSize(), Told()], logger=False)
    trainer.fit(module, datamodule=data)
    kinds = [type(callback) for callback in trainer.callbacks]
    assert kinds[:4] == [BatchSize, PhaseScheduler, ResultWriter, Told]


def test_batch_size_is_measured_where_it_is_auto(
    module: Restoration, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(logger=False).fit(module, datamodule=TargetFolder(str(jpeg_folder), "auto", output_dir="out"))
    assert "batch size 3: " in capsys.readouterr().err


def test_results_that_nobody_keeps_are_told_of(
    module: Restoration, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(logger=False).fit(module, datamodule=TargetFolder(str(jpeg_folder)))
    assert "nothing keeps the restored images: pass an output_dir to rsi.TargetFolder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limits", "steps", "images"),
    [
        ({"fast_dev_run": True}, 1, []),
        ({"fast_dev_run": 9}, 9, ["a.jpg", "b.jpg"]),
        ({"limit_train_batches": 5}, 5, []),
        ({"limit_train_batches": 0}, 0, []),
        ({"limit_train_batches": 7}, 7, ["a.jpg", "b.jpg"]),
        ({"max_steps": 8}, 8, ["a.jpg", "b.jpg"]),
        ({"max_steps": 0}, 0, []),
        ({"max_epochs": 0}, 0, []),
        ({"max_time": timedelta(0)}, 0, []),
        ({"callbacks": [Timer(timedelta(0))]}, 0, []),
    ],
    ids=lambda value: re.sub(r" object at 0x\w+", "", str(value)),
)
def test_what_is_cut_short_is_not_called_restored(
    module: Restoration,
    data: TargetFolder,
    limits: dict[str, Any],
    steps: int,
    images: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = Told()
    trainer = Trainer(**{"logger": False, **limits, "callbacks": [told, *limits.get("callbacks", ())]})
    trainer.fit(module, datamodule=data)
    assert trainer.fit_loop.total_batch_idx + 1 == steps
    assert restored(Path("out")) == images
    assert told.end == ["interrupted"]
    assert "the run ends before all images are restored: another one restores the others" in capsys.readouterr().err


@pytest.mark.parametrize("limit", [{"limit_train_batches": 14}, {"max_steps": 14}, {"limit_train_batches": 99}])
def test_limit_that_is_not_met_is_no_interruption(
    module: Restoration, data: TargetFolder, limit: dict[str, int]
) -> None:
    told = Told()
    Trainer(callbacks=[told], logger=False, **limit).fit(module, datamodule=data)  # type: ignore[arg-type]
    assert told.end == ["done"]


def test_next_run_goes_on_where_max_steps_has_ended_one(
    module: Restoration, data: TargetFolder, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(max_steps=4, callbacks=[BatchCheckpoint("out")], logger=False).fit(module, datamodule=data)
    Trainer(callbacks=[BatchCheckpoint("out")], logger=False).fit(module, datamodule=data)
    assert "going on at step 4 with a.jpg, b.jpg" in capsys.readouterr().err
    Trainer(logger=False).fit(module, datamodule=TargetFolder(str(jpeg_folder), 2, output_dir="whole"))
    assert [n for n in "abc" if Path(f"out/{n}.png").read_bytes() != Path(f"whole/{n}.png").read_bytes()] == []


def test_images_that_failed_leave_nothing_to_do_and_are_told(
    module: Restoration, data: TargetFolder, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (jpeg_folder / "broken.jpg").write_text("no picture")
    told = Told()
    Trainer(callbacks=[told], logger=False).fit(module, datamodule=data)
    assert told.end == ["done"]
    assert "failed broken.jpg: " in capsys.readouterr().err


def test_loggers_are_told_the_values_in_force(tiny_generator: Path, data: TargetFolder) -> None:
    module = Restoration(str(tiny_generator), "upsample:factor=1", "embedded", [Phase("W", 1, 0.1)])
    Trainer(logger=CSVLogger(".", name="", version="logs")).fit(module, datamodule=data)
    told = yaml.safe_load(Path("logs/hparams.yaml").read_text())
    in_force = {"degradation": "upsample:factor=1", "lr_scale": pytest.approx(0.3123), "schedule": "W 1 x 0.1"}
    assert {name: told[name] for name in in_force} == in_force
    assert {name: told[name] for name in ("batch_size", "fit", "seed")} == {"batch_size": 2, "fit": "crop", "seed": 0}
    assert not {None, "None"} & {*told.values()}


def test_max_steps_counts_steps_without_an_optimiser(png_folder: Path, tiny_prior: Path) -> None:
    module = DDRM(str(tiny_prior), "average_pooling:factor=1", steps=6, perceptual="embedded")
    trainer = Trainer(max_steps=4, logger=False)
    trainer.fit(module, datamodule=TargetFolder(str(png_folder), output_dir="out"))
    assert trainer.fit_loop.total_batch_idx + 1 == 4
    assert restored(Path("out")) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "ddp"}, 'the strategy DDPStrategy cannot be used, .*: pass strategy="independent" for several'),
        ({"gradient_clip_val": 0.5}, r"Trainer\(gradient_clip_val=0.5\) cannot be used: gradients are not clipped;"),
        ({"accumulate_grad_batches": 4}, r"Trainer\(accumulate_grad_batches=4\) .*: pass another batch_size to rsi"),
        ({"overfit_batches": 1}, r"Trainer\(overfit_batches=1\) cannot be used: every image is fitted on its own"),
        ({"limit_train_batches": 0.5}, r"Trainer\(limit_train_batches=0.5\) cannot be used: how many steps a folder"),
        ({"precision": "64-true"}, "precision 64-true is not supported: use 32 or bf16"),
    ],
    ids=str,
)
def test_what_cannot_be_met_is_refused_before_anything_is_read(
    data: TargetFolder, settings: dict[str, Any], message: str
) -> None:
    module = Restoration("no_such_generator")
    with pytest.raises(InputError, match=message) as caught:
        Trainer(accelerator="cpu", devices=1, logger=False, **settings).fit(module, datamodule=data)
    assert "\n" not in str(caught.value)


def test_checkpoint_of_lightnings_is_no_place_to_go_on_from(module: Restoration, data: TargetFolder) -> None:
    trainer = Trainer(logger=CSVLogger(".", name="logs", version=""))
    trainer.fit(module, datamodule=data)
    (checkpoint,) = Path("logs").rglob("*.ckpt")
    with pytest.raises(InputError, match="leave ckpt_path out: with the same output_dir a run restores"):
        Trainer(logger=False).fit(module, datamodule=data, ckpt_path=str(checkpoint))


def test_other_data_are_refused(module: Restoration) -> None:
    with pytest.raises(InputError, match=r"a Tensor cannot be restored: pass an rsi.TargetFolder as datamodule"):
        Trainer(logger=False, callbacks=[Told()]).fit(module, DataLoader([torch.zeros(3, 32, 32)]))  # type: ignore[arg-type]
