import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from recording import Record
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils._python_dispatch import TorchDispatchMode

from rsi import Phase, Restoration, TargetFolder
from rsi.results.folder import ResultFolder

SCHEDULE = [Phase("W", 3, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]
PHASES = {"W": range(3), "W_plus": range(3, 5), "W_plus_plus": range(5, 7)}
MEASURED = {"loss", "l1", "perceptual_32", "gradient_norm", "distance", "step_size"}


class Metrics(Callback):
    """Keeps what callbacks see after every step."""

    def __init__(self) -> None:
        self.seen: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        self.seen.append({name: float(value) for name, value in trainer.callback_metrics.items()})


def fit(targets: Path, generator: Path, output: Path, *callbacks: Callback, **settings: Any) -> Trainer:
    trainer = Trainer(callbacks=[*callbacks], enable_checkpointing=False, enable_progress_bar=False, **settings)
    module = Restoration(str(generator), "jpeg", "embedded", SCHEDULE, lr_scale=1.0)
    trainer.fit(module, datamodule=TargetFolder(str(targets), 2, output_dir=str(output)))
    return trainer


def rows_of(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]


@pytest.fixture
def rows(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> list[dict[str, float]]:
    logger = CSVLogger(tmp_path, name="", version="logs")
    fit(jpeg_folder, tiny_generator, tmp_path / "out", logger=logger, log_every_n_steps=1)
    return rows_of(tmp_path / "logs")


def test_every_step_is_there_with_the_values_of_its_phase_alone(rows: list[dict[str, float]]) -> None:
    steps = [row for row in rows if "loss" in row]
    assert [row["step"] for row in steps] == list(range(14))
    for row in steps:
        phase = next(name for name, numbers in PHASES.items() if row["step"] % 7 in numbers)
        by_phase = row.keys() - {"step", "epoch", "loss"}
        assert by_phase >= {f"{name}/{phase}" for name in MEASURED}
        assert {name.rpartition("/")[2] for name in by_phase} == {phase}
        assert row["loss"] == row[f"loss/{phase}"]
        assert row[f"step_size/{phase}"] == pytest.approx({"W": 0.08, "W_plus": 0.02, "W_plus_plus": 0.005}[phase])
        assert row[f"gradient_norm/{phase}"] > 0
        assert row[f"distance/{phase}"] > 0


def test_values_are_means_over_the_batch(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    record = Record()
    logger = CSVLogger(tmp_path, name="", version="logs")
    fit(jpeg_folder, tiny_generator, tmp_path / "out", record, logger=logger, log_every_n_steps=1)
    rows = [row for row in rows_of(tmp_path / "logs") if "loss" in row]
    phases = [phase for phase, steps in PHASES.items() for _ in steps] * 2
    for term in ("total", "l1", "perceptual_32"):
        a, b, c = ([terms[term] for terms in record.terms[f"{name}.jpg"]] for name in "abc")
        logged = [row[f"{term.replace('total', 'loss')}/{phase}"] for row, phase in zip(rows, phases, strict=True)]
        assert logged == pytest.approx([*((x + y) / 2 for x, y in zip(a, b, strict=True)), *c])


def test_fidelity_is_the_mean_over_images_not_over_batches(rows: list[dict[str, float]], tmp_path: Path) -> None:
    fidelities = [float(row.fidelity or 0) for row in ResultFolder(tmp_path / "out").rows()]
    assert rows[-1]["fidelity"] == pytest.approx(sum(fidelities) / 3, rel=1e-4)


def test_loggers_are_given_what_is_due_and_callbacks_every_loss(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    logger, metrics = CSVLogger(tmp_path, name="", version="logs"), Metrics()
    trainer = fit(jpeg_folder, tiny_generator, tmp_path / "out", metrics, logger=logger, log_every_n_steps=4)
    steps = [row for row in rows_of(tmp_path / "logs") if "loss" in row]
    assert [row["step"] for row in steps] == [3, 7, 11]
    assert all("gradient_norm/W_plus" in row for row in (steps[0], steps[2]))
    assert "gradient_norm/W" in steps[1]
    assert len({seen["loss"] for seen in metrics.seen}) == 14
    ends = {f"{name}/{phase}" for name in MEASURED for phase in PHASES}
    assert trainer.callback_metrics.keys() >= {"loss", "fidelity", *ends}


def test_tensorboard_has_one_run_with_all_of_it(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="logs")
    fit(jpeg_folder, tiny_generator, tmp_path / "out", logger=logger, log_every_n_steps=1)
    read = EventAccumulator(str(tmp_path / "logs")).Reload()
    assert [event.step for event in read.Scalars("loss")] == list(range(14))
    assert [event.step for event in read.Scalars("loss/W_plus")] == [3, 4, 10, 11]


def test_image_that_is_not_finite_leaves_the_means_to_the_others(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    class Broken(Restoration):
        def losses(self, step: int) -> dict[str, torch.Tensor]:
            spoilt = torch.tensor([float("nan"), 0.0])[: len(self.batch.targets)]
            return {name: value + spoilt for name, value in super().losses(step).items()}

    trainer = Trainer(logger=False, max_steps=3, enable_checkpointing=False)
    module = Broken(str(tiny_generator), "jpeg", "embedded", SCHEDULE)
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), 2, output_dir=str(tmp_path / "out")))
    assert trainer.callback_metrics["loss"] == module.batch.terms["total"][1]


class Reads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts how often a number is read from a tensor, for which a GPU has to have computed it."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class ReadsOfSteps(Callback):
    def __init__(self, reads: Reads) -> None:
        self.reads, self.counts = reads, [0]

    def on_train_batch_start(self, *args: Any) -> None:
        self.counts.append(self.reads.count)


def test_steps_that_no_logger_is_given_wait_for_nothing(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    module = Restoration(str(tiny_generator), "jpeg", "embedded", [Phase("W", 12, 0.08)])
    settings = {"log_every_n_steps": 6, "enable_progress_bar": False, "enable_checkpointing": False}
    with Reads() as reads:  # type: ignore[no-untyped-call]
        steps = ReadsOfSteps(reads)
        trainer = Trainer(logger=CSVLogger(tmp_path), callbacks=[steps], **settings)  # type: ignore[arg-type]
        trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), output_dir=str(tmp_path / "out")))
    counts = torch.tensor(steps.counts).diff()[2:]  # after the first step
    assert counts[4] > 0
    assert (counts[[0, 1, 2, 3, 5, 6, 7, 8, 9]] == 0).all()


def test_barebones_logs_nothing(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    trainer = Trainer(barebones=True)
    module = Restoration(str(tiny_generator), "jpeg", "embedded", SCHEDULE)
    trainer.fit(module, datamodule=TargetFolder(str(jpeg_folder), 2, output_dir=str(tmp_path / "out")))
    assert trainer.callback_metrics == {}
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
