import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import (
    BatchCheckpoint,
    BatchSize,
    PhaseScheduler,
    RestorationCallback,
    RestorationProgress,
    RestoredTarget,
    ResultWriter,
    Run,
)
from rsi.data.batches import Step
from rsi.data.folder import BatchSize as Wanted
from rsi.data.pictures import to_picture
from rsi.data.target import Target
from rsi.degradations import Degradation
from rsi.methods.batch import Observation
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size
from rsi.results.folder import ResultFolder
from rsi.results.saved_batch import SavedBatch
from rsi.training.trainer import make_trainer

SCHEDULE = [Phase("W", 2, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]
MORE_THAN_THERE_IS = 2**50


class Hungry(Degradation):
    """Asks for more memory than there is where a batch is larger than ``most``: at ``moment``, or at every step."""

    def __init__(self, most: int, moment: str = "step") -> None:
        super().__init__()
        self.most = most
        self.moment = moment

    def bind(self, targets: Sequence[Target], resolution: Size) -> Degradation:
        self.eat(len(targets), "start")
        return self

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        return x * 0.5

    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        self.eat(len(x), "end")
        return x * 0.5

    def eat(self, images: int, moment: str) -> None:
        if images > self.most and moment == self.moment:
            torch.empty(MORE_THAN_THERE_IS)


class HungryRestoration(Restoration):
    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:
        if isinstance(self.degradation, Hungry):
            self.degradation.eat(len(batch.targets), "step")
        return super().training_step(batch, batch_idx)


class Watched(Restoration):
    """Runs out of memory in its second phase with more than two images; counts the batches that live on in memory."""

    def __init__(self, generator: Path) -> None:
        super().__init__(str(generator), "jpeg:quality=20", "embedded", SCHEDULE)
        self.begun: list[weakref.ref[Any]] = []
        self.alive: list[int] = []

    def observe(self, targets: Sequence[Target]) -> Observation:
        self.alive.append(sum(batch() is not None for batch in self.begun))
        return super().observe(targets)

    def begin_batch(self, targets: Sequence[Target], saved: SavedBatch | None = None) -> None:
        super().begin_batch(targets, saved)
        self.begun.append(weakref.ref(self.batch))

    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:
        if len(batch.targets) > 2 and batch.index == 2:
            torch.empty(MORE_THAN_THERE_IS)
        return super().training_step(batch, batch_idx)


class Batches(RestorationCallback):
    def __init__(self) -> None:
        self.ended: list[list[str]] = []

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        self.ended.append([image.target.name for image in images])


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    folder = tmp_path / "targets"
    folder.mkdir()
    for name, image in zip("abcdefg", torch.rand(7, 3, 4, 4, generator=torch.Generator().manual_seed(0)), strict=True):
        to_picture(image).resize((32, 32), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


def fit(targets: Path, generator: Path, output: Path, degradation: Degradation, batch_size: Wanted) -> list[str]:
    batches = Batches()
    writers = [ResultWriter(str(output)), BatchCheckpoint(str(output), every_seconds=0)]
    trainer = make_trainer([BatchSize(), PhaseScheduler(), *writers, batches], accelerator="cpu")
    module = HungryRestoration(str(generator), degradation, "embedded", SCHEDULE)
    trainer.fit(module, datamodule=TargetFolder(str(targets), batch_size=batch_size))
    return ["".join(Path(name).stem for name in names) for names in batches.ended]


@pytest.mark.parametrize("moment", ["step", "start", "end"])
def test_batch_that_runs_out_of_memory_is_done_as_two(
    seven: Path, tiny_generator: Path, tmp_path: Path, moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    halved, small = tmp_path / "halved", tmp_path / "small"
    assert fit(seven, tiny_generator, halved, Hungry(2, moment), 5) == ["ab", "cd", "ef", "g"]
    assert "memory is not enough for 5 images at once: going on with 2\n" in capsys.readouterr().err
    assert fit(seven, tiny_generator, small, Hungry(2), 2) == ["ab", "cd", "ef", "g"]
    for name in "abcdefg":
        assert (halved / f"{name}.png").read_bytes() == (small / f"{name}.png").read_bytes()
    assert {row.status for row in ResultFolder(halved).rows()} == {"restored"}


def test_halving_goes_on_until_it_fits(seven: Path, tiny_generator: Path, tmp_path: Path) -> None:
    assert fit(seven, tiny_generator, tmp_path / "out", Hungry(1), 7) == [*"abcdefg"]


def test_image_that_does_not_fit_alone_has_failed_and_the_next_is_tried(
    seven: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    assert fit(seven, tiny_generator, tmp_path / "out", Hungry(0), 2) == []
    rows = list(ResultFolder(tmp_path / "out").rows())
    assert [row.status for row in rows] == ["failed"] * 7
    assert rows[0].notes.startswith("memory is not enough for this image of 32x32 alone: use a device with more")


def test_no_batch_lives_on_when_the_next_begins(seven: Path, tiny_generator: Path, tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    writers = [ResultWriter(output), RestorationProgress(output), BatchCheckpoint(output, every_seconds=0)]
    module = Watched(tiny_generator)
    trainer = make_trainer([BatchSize(), PhaseScheduler(), *writers], accelerator="cpu")
    trainer.fit(module, datamodule=TargetFolder(str(seven), batch_size=5))
    assert module.alive == [0] * 5


def test_other_errors_end_the_run(seven: Path, tiny_generator: Path, tmp_path: Path) -> None:
    class Broken(Degradation):
        def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fit(seven, tiny_generator, tmp_path / "out", Broken(), 2)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_auto_takes_all_images_where_they_fit(
    seven: Path, tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(seven, tiny_generator, tmp_path / "out", Hungry(100), "auto") == ["abcdefg"]
    assert "batch size 7: " in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_auto_measures_with_what_fits(seven: Path, tiny_generator: Path, tmp_path: Path) -> None:
    assert fit(seven, tiny_generator, tmp_path / "out", Hungry(1), "auto") == [*"abcdefg"]


LIMITED = """
import re, resource, sys
from pathlib import Path
import torch
from pytorch_lightning import Callback
from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import BatchSize, PhaseScheduler, ResultWriter
from rsi.training.trainer import make_trainer

class Limit(Callback):
    def on_train_start(self, trainer, module):
        size = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]) * 10**6,) * 2)

torch.set_num_threads(1)
batch_size = sys.argv[2] if sys.argv[2] == "auto" else int(sys.argv[2])
trainer = make_trainer([Limit(), BatchSize(), PhaseScheduler(), ResultWriter(sys.argv[4])], accelerator="cpu")
schedule = [Phase("W", 1, 0.08), Phase("W+", 1, 0.02), Phase("W++", 1, 0.005)]
module = Restoration(degradation="noise:M", schedule=schedule)
trainer.fit(module, datamodule=TargetFolder(sys.argv[3], batch_size=batch_size))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("batch_size", ["24", "auto"])
def test_address_space_that_is_limited(seven: Path, tmp_path: Path, batch_size: str) -> None:
    targets = tmp_path / "large"
    targets.mkdir()
    for number in range(24):
        Image.open(seven / "a.png").resize((128, 128)).save(targets / f"{number:02}.png")
    command = [sys.executable, "-c", LIMITED, "200", batch_size, str(targets), str(tmp_path / "out")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "memory is not enough for 24 images at once" in done.stderr or "batch size" in done.stderr, done.stderr
    assert [row.status for row in ResultFolder(tmp_path / "out").rows()] == ["restored"] * 24
