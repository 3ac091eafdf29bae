import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from recording import run_until_killed

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.results.folder import ResultFolder
from rsi.results.records import MISSING, Row
from rsi.results.saved_batch import SavedBatch
from rsi.storage.tensor_file import tensor_bytes

SCHEDULE = [Phase("W", 3, 0.08), Phase("W+", 3, 0.02), Phase("W+", 2, 0.01), Phase("W++", 2, 0.005)]


class Run:
    """Runs of the tiny generator into one folder."""

    def __init__(self, targets: Path, generator: Path, output: Path, **settings: Any) -> None:
        self.targets, self.generator, self.output, self.settings = targets, generator, output, settings

    def __call__(self, kill_at: int = 0, overwrite: bool = False, every: float = 0.0) -> list[tuple[list[str], int]]:
        module = Restoration(str(self.generator), "noise:M", "embedded", SCHEDULE, **self.settings)
        output = str(self.output)
        callbacks = [PhaseScheduler(), ResultWriter(output, overwrite), BatchCheckpoint(output, every)]
        data = TargetFolder(str(self.targets), batch_size=2, output_dir=output, overwrite=overwrite)
        taken: list[tuple[list[str], int]] = run_until_killed(module, callbacks, data, kill_at)
        return taken

    def files(self) -> dict[str, str]:
        names = (path for path in self.output.rglob("*") if path.suffix in (".png", ".safetensors"))
        return {str(p.relative_to(self.output)): hashlib.sha256(p.read_bytes()).hexdigest() for p in names}

    def state(self) -> Path:
        return ResultFolder(self.output).state_path(0)


@pytest.fixture
def run(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> Run:
    return Run(jpeg_folder, tiny_generator, tmp_path / "out")


@pytest.mark.parametrize(("moments", "optimizer"), [([1, 2, 3], "ngd"), ([4, 7, 8], "ngd"), ([4], "adam")])
def test_killed_run_ends_with_the_same_bytes(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path, moments: Sequence[int], optimizer: str
) -> None:
    whole = Run(jpeg_folder, tiny_generator, tmp_path / "whole", optimizer=optimizer)
    killed = Run(jpeg_folder, tiny_generator, tmp_path / "killed", optimizer=optimizer)
    whole()
    taken = [step for moment in moments for step in killed(moment)] + killed()
    assert [index for names, index in taken if "a.jpg" in names] == list(range(10))
    assert killed.files() == whole.files()
    assert len(whole.files()) == 12


def test_time_between_savings_and_ends_of_phases(run: Run) -> None:
    run(2, every=1e9)
    assert not run.state().exists()
    run(5, every=1e9)
    state = SavedBatch.read(run.state())
    assert state is not None
    assert (state.step, state.spaces) == (3, ("W",))


def test_batch_that_was_written_in_part_is_finished_with_its_companions(
    run: Run, jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    whole = Run(jpeg_folder, tiny_generator, tmp_path / "whole")
    whole()
    run(9)
    before = run.state().read_bytes()
    run(1)
    ResultFolder(run.output).save_row(Row("b.jpg", MISSING))
    (run.output / "b.png").unlink()
    run.state().write_bytes(before)
    kept = (run.output / "a.png").stat().st_mtime_ns
    assert run()[0] == (["a.jpg", "b.jpg"], 9)
    assert run.files() == whole.files()
    assert (run.output / "a.png").stat().st_mtime_ns == kept


def test_damaged_result_is_made_anew_with_the_same_bytes(run: Run) -> None:
    run()
    whole = run.files()
    (run.output / "b.png").write_bytes(b"cut")
    assert {tuple(names) for names, _ in run()} == {("a.jpg", "b.jpg")}
    assert run.files() == whole


def test_state_of_other_images_is_not_used(run: Run, jpeg_folder: Path) -> None:
    run(5)
    Image.new("RGB", (32, 32), "red").save(jpeg_folder / "a.jpg", quality=30)
    assert [index for _, index in run()][:10] == list(range(10))
    assert not run.state().exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 64, tensor_bytes({}, {"state": '{"targets": "", "step": 5, "seconds": 1, "spaces": []}'})],
    ids=["empty", "random", "of an older version"],
)
def test_images_begin_anew_where_their_state_cannot_be_used(
    run: Run, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    run(5)
    assert "begin anew" not in capsys.readouterr().err
    run.state().write_bytes(content)
    assert [index for _, index in run()][:10] == list(range(10))
    told = f"{run.state()} is damaged or of another version of rsi: the images that were in progress begin anew\n"
    assert told in capsys.readouterr().err


def test_other_settings_are_refused_while_a_batch_is_in_progress(run: Run) -> None:
    run(5)
    run.settings = {"loss": "paper"}
    with pytest.raises(ValueError, match=r"holds results of another loss, prior_weight: choose another --output_dir"):
        run()
    assert run.state().exists()
    assert [index for _, index in run(overwrite=True)][:10] == list(range(10))


def test_time_before_the_kill_counts(run: Run) -> None:
    run(5)
    state = SavedBatch.read(run.state())
    assert state is not None
    SavedBatch(state.targets, state.step, 1000.0, state.spaces, state.tensors).write(run.state())
    run()
    seconds = {row.file: row.seconds for row in ResultFolder(run.output).rows()}
    assert seconds["a.jpg"] == pytest.approx(500, abs=5)
    assert seconds["c.jpg"] == pytest.approx(0, abs=5)


def test_stopped_image_stays_stopped(run: Run) -> None:
    run(5)
    state = SavedBatch.read(run.state())
    assert state is not None
    tensors = {**state.tensors, "stopped_at": torch.tensor([-1, 4])}
    SavedBatch(state.targets, state.step, state.seconds, state.spaces, tensors).write(run.state())
    run()
    rows = {row.file: row for row in ResultFolder(run.output).rows()}
    assert [rows[f"{name}.jpg"].status for name in "abc"] == ["restored", "stopped", "restored"]
    assert rows["b.jpg"].notes == "stopped at step 4: its loss or gradient was not finite"
    assert run() == []
