"""Every callback, logger and profiler of Lightning's, as ``docs/lightning.md`` has it."""

import csv
import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning.callbacks
import pytorch_lightning.loggers
import pytorch_lightning.profilers
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import (
    BackboneFinetuning,
    BaseFinetuning,
    BasePredictionWriter,
    BatchSizeFinder,
    Callback,
    Checkpoint,
    DeviceStatsMonitor,
    EarlyStopping,
    EMAWeightAveraging,
    GradientAccumulationScheduler,
    LambdaCallback,
    LearningRateFinder,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelPruning,
    ModelSummary,
    OnExceptionCheckpoint,
    ProgressBar,
    RichModelSummary,
    RichProgressBar,
    SpikeDetection,
    StochasticWeightAveraging,
    ThroughputMonitor,
    Timer,
    TQDMProgressBar,
    WeightAveraging,
)
from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
    XLAProfiler,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rsi import InputError, Phase, Restoration, TargetFolder
from rsi.results.folder import ResultFolder

DOCS = Path(__file__).parents[2] / "docs" / "lightning.md"
STEPS = 5


pytestmark = pytest.mark.usefixtures("own_folder")


class Runs:
    """Runs of a bare Trainer on three images, and what they have left."""

    def __init__(self, targets: Path, generator: Path, read: Callable[[], str]) -> None:
        self.targets, self.generator, self.read = targets, generator, read

    def fit(self, *callbacks: Callback, **settings: Any) -> Trainer:
        trainer = Trainer(**{"callbacks": [*callbacks], "logger": False, "log_every_n_steps": 1, **settings})
        trainer.fit(self.module(), datamodule=self.data())
        assert [row.status for row in ResultFolder("out").rows()] == ["restored"] * 3
        return trainer

    def module(self) -> Restoration:
        schedule = [Phase("W", STEPS - 2, 0.08), Phase("W+", 2, 0.02)]
        return Restoration(str(self.generator), "jpeg", "embedded", schedule, lr_scale=1.0)

    def data(self) -> TargetFolder:
        return TargetFolder(str(self.targets), output_dir="out")

    def columns(self, *callbacks: Callback) -> dict[str, list[float]]:
        """What a CSVLogger has of a run, by column."""
        self.fit(*callbacks, logger=CSVLogger(".", name="", version="logs"))
        columns: dict[str, list[float]] = {}
        with Path("logs/metrics.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    columns.setdefault(name, []).extend([float(value)] if value else [])
        return columns


@pytest.fixture
def runs(jpeg_folder: Path, tiny_generator: Path, capsys: pytest.CaptureFixture[str]) -> Runs:
    return Runs(jpeg_folder, tiny_generator, lambda: "".join(capsys.readouterr()))


def prediction_writer(runs: Runs) -> None:
    class Writer(BasePredictionWriter):
        def write_on_batch_end(self, trainer: Any, pl_module: Any, prediction: Any, *others: Any) -> None:
            names.extend(restored.name for restored in prediction)

        def write_on_epoch_end(self, trainer: Any, pl_module: Any, predictions: Sequence[Any], *others: Any) -> None:
            names.extend(restored.name for batch in predictions for restored in batch)

    names: list[str] = []
    Trainer(logger=False, callbacks=[Writer("batch_and_epoch")]).predict(runs.module(), datamodule=runs.data())
    assert names == ["a.jpg", "b.jpg", "c.jpg"] * 2


def early_stopping(runs: Runs) -> None:
    stopping = EarlyStopping("loss", check_finite=True)
    trainer = runs.fit(stopping)
    assert stopping.best_score == trainer.callback_metrics["loss"]
    assert stopping.stopped_epoch == 0


def lambda_callback(runs: Runs) -> None:
    steps: list[int] = []
    runs.fit(LambdaCallback(on_train_batch_end=lambda *arguments: steps.append(arguments[3].index)))
    assert steps == [*range(STEPS)]


def learning_rate_monitor(runs: Runs) -> None:
    rates = runs.columns(LearningRateMonitor())["lr-NGD"]
    assert rates == pytest.approx([0.08] * (STEPS - 2) + [0.02] * 2)


def device_stats(runs: Runs) -> None:
    names = [name for name in runs.columns(DeviceStatsMonitor()) if name.startswith("DeviceStatsMonitor")]
    assert any("cpu_percent" in name for name in names)


def throughput(runs: Runs) -> None:
    columns = runs.columns(ThroughputMonitor(lambda step: len(step.targets), window_size=2))
    assert columns["train/samples"] == [3 * (step + 1) for step in range(STEPS)]
    assert min(columns["train/device/samples_per_sec"]) > 0


def checkpoint(runs: Runs) -> None:
    keeper = ModelCheckpoint("kept", monitor="fidelity")
    trainer = runs.fit(keeper)
    assert keeper.best_model_score == trainer.callback_metrics["fidelity"]
    assert Path(keeper.best_model_path).stat().st_size < 10_000


def timer(runs: Runs) -> None:
    clock = Timer()
    runs.fit(clock)
    assert clock.time_elapsed("train") > 0


def summary(kind: type[ModelSummary]) -> Callable[[Runs], None]:
    def check(runs: Runs) -> None:
        runs.fit(kind(max_depth=2), enable_progress_bar=False)
        told = runs.read()
        assert "generator.synthesis" in told
        assert "FLOP" not in told

    return check


def bar(kind: type[ProgressBar]) -> Callable[[Runs], None]:
    def check(runs: Runs) -> None:
        runs.fit(kind())
        assert re.search(r"loss[:=] ?\d", runs.read())

    return check


def no_effect(kind: type[Callback]) -> Callable[[Runs], None]:
    return lambda runs: (runs.fit(kind()), None)[1]


class Thaw(BaseFinetuning):
    def freeze_before_training(self, pl_module: Any) -> None:
        pass

    def finetune_function(self, *arguments: Any) -> None:
        pass


def csv_logger(runs: Runs) -> None:
    assert len(runs.columns()["loss"]) == STEPS


def tensorboard_logger(runs: Runs) -> None:
    runs.fit(logger=TensorBoardLogger(".", name="", version="logs"))
    read = EventAccumulator("logs").Reload()
    assert len(read.Scalars("loss")) == STEPS
    assert "image a.jpg/whole_path" in read.Tags()["images"]


def own_logger(runs: Runs) -> None:
    class Own(Logger):
        name, version = "own", "0"

        def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
            steps.extend([step] if "loss" in metrics else [])

        def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
            settings.update(params)

    steps: list[int | None] = []
    settings: dict[str, Any] = {}
    runs.fit(logger=Own())
    assert steps == [*range(STEPS)]
    assert settings["perceptual"] == "embedded"
    assert None not in settings.values()


def wandb_logger(runs: Runs) -> None:
    wandb = pytest.importorskip("wandb")
    logger = WandbLogger(save_dir=".", offline=True)
    runs.fit(logger=logger)
    assert logger.experiment.summary["loss"] > 0
    assert any("whole_path" in path.name for path in Path("wandb").rglob("*.png"))
    wandb.finish()


def mlflow_logger(runs: Runs) -> None:
    pytest.importorskip("mlflow")
    logger = MLFlowLogger(tracking_uri=f"sqlite:///{Path.cwd()}/mlflow.db")
    runs.fit(logger=logger)
    history = logger.experiment.get_metric_history(logger.run_id, "loss/W_plus")
    assert [point.step for point in history] == [STEPS - 2, STEPS - 1]


def needs(package: str) -> Callable[[Runs], None]:
    """Made by a package with an account at its maker's."""
    return lambda _: pytest.skip(f"needs the package {package} and an account")


def simple_profiler(runs: Runs) -> None:
    profiler = SimpleProfiler()
    runs.fit(profiler=profiler)
    assert len(profiler.recorded_durations["run_training_batch"]) == STEPS


def advanced_profiler(runs: Runs) -> None:
    runs.fit(profiler=AdvancedProfiler(".", "profile"))
    assert "training_step" in Path("fit-profile.txt").read_text()


def pytorch_profiler(runs: Runs) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        runs.fit(profiler=PyTorchProfiler(".", "profile", export_to_chrome=False))
    finally:
        torch.set_num_threads(before)
    assert "aten::conv" in Path("fit-profile.txt").read_text()


def own_profiler(runs: Runs) -> None:
    class Own(Profiler):
        def start(self, action_name: str) -> None:
            actions.append(action_name)

        def stop(self, action_name: str) -> None:
            pass

    actions: list[str] = []
    runs.fit(profiler=Own())
    assert actions.count("run_training_batch") == STEPS


def xla_profiler(runs: Runs) -> None:
    if importlib.util.find_spec("torch_xla"):
        pytest.skip("needs a TPU")
    with pytest.raises(ModuleNotFoundError, match="torch_xla"):
        runs.fit(profiler=XLAProfiler())


WORKS: dict[str, Callable[[Runs], None]] = {
    "BasePredictionWriter": prediction_writer,
    "Callback": no_effect(Callback),
    "Checkpoint": no_effect(Checkpoint),
    "DeviceStatsMonitor": device_stats,
    "EarlyStopping": early_stopping,
    "LambdaCallback": lambda_callback,
    "LearningRateMonitor": learning_rate_monitor,
    "ModelCheckpoint": checkpoint,
    "ModelSummary": summary(ModelSummary),
    "ProgressBar": no_effect(ProgressBar),
    "RichModelSummary": summary(RichModelSummary),
    "RichProgressBar": bar(RichProgressBar),
    "TQDMProgressBar": bar(TQDMProgressBar),
    "ThroughputMonitor": throughput,
    "Timer": timer,
    "CSVLogger": csv_logger,
    "CometLogger": needs("comet_ml"),
    "LitLogger": needs("litlogger"),
    "Logger": own_logger,
    "MLFlowLogger": mlflow_logger,
    "TensorBoardLogger": tensorboard_logger,
    "WandbLogger": wandb_logger,
    "AdvancedProfiler": advanced_profiler,
    "PassThroughProfiler": lambda runs: (runs.fit(profiler=PassThroughProfiler()), None)[1],
    "Profiler": own_profiler,
    "PyTorchProfiler": pytorch_profiler,
    "SimpleProfiler": simple_profiler,
    "XLAProfiler": xla_profiler,
}
REFUSED: dict[str, tuple[Callable[[], Callback], str]] = {
    "BackboneFinetuning": (BackboneFinetuning, "the networks are frozen and images are all that changes: leave it out"),
    "BaseFinetuning": (Thaw, "the networks are frozen"),
    "BatchSizeFinder": (BatchSizeFinder, 'pass batch_size="auto" to rsi.TargetFolder'),
    "EMAWeightAveraging": (EMAWeightAveraging, "the networks are frozen"),
    "GradientAccumulationScheduler": (
        lambda: GradientAccumulationScheduler({0: 2}),
        "images are independent of each other: pass another batch_size to rsi.TargetFolder",
    ),
    "LearningRateFinder": (LearningRateFinder, "pass another schedule or lr_scale to the method"),
    "ModelPruning": (lambda: ModelPruning("l1_unstructured"), "the networks are frozen"),
    "OnExceptionCheckpoint": (lambda: OnExceptionCheckpoint("."), "pass rsi.callbacks.BatchCheckpoint, from which the"),
    "SpikeDetection": (SpikeDetection, "a batch begins with a high loss, and images whose loss is not finite are"),
    "StochasticWeightAveraging": (lambda: StochasticWeightAveraging(0.1), "the networks are frozen"),
    "WeightAveraging": (WeightAveraging, "the networks are frozen"),
}


@pytest.mark.parametrize("name", WORKS)
def test_it_does_here_what_its_row_says(runs: Runs, name: str) -> None:
    WORKS[name](runs)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_line_that_says_what_to_pass(runs: Runs, name: str) -> None:
    make, message = REFUSED[name]
    callback = make()
    with pytest.raises(InputError) as caught:
        runs.fit(callback)
    assert str(caught.value).startswith(f"the callback {type(callback).__name__} cannot be used: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("out").exists()


def test_page_has_a_row_for_each_of_lightnings_and_they_say_what_is_so() -> None:
    parts = (pytorch_lightning.callbacks, pytorch_lightning.loggers, pytorch_lightning.profilers)
    rows = dict(re.findall(r"^\| `(\w+)` \| (works|refused) \|", DOCS.read_text(), re.MULTILINE))
    assert rows == {**dict.fromkeys(WORKS, "works"), **dict.fromkeys(REFUSED, "refused")}
    in_some_versions = {"LitLogger", "NeptuneLogger"}
    assert rows.keys() - in_some_versions == {name for part in parts for name in part.__all__} - in_some_versions
