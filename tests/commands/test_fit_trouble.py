import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image

from rsi.commands.main import main
from rsi.data.decoded import Picture
from rsi.data.reading import read_picture
from rsi.results.folder import ResultFolder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"
Fit = Callable[..., int]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "restored"


@pytest.fixture
def fit(tiny_generator: Path, jpeg_folder: Path, output: Path) -> Fit:
    def run(*flags: str) -> int:
        folders = ["--target_dir", str(jpeg_folder), "--output_dir", str(output)]
        return main(["fit", "--generator", str(tiny_generator), "--config", str(SHORT), *folders, *flags])

    return run


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("file", [1, 4, 10])
def test_full_disk_is_told_and_the_next_run_goes_on(
    fit: Fit, output: Path, file: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written, fsync = [0], os.fsync

    def fill(handle: int) -> None:
        written[0] += 1
        if written[0] >= file:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    with monkeypatch.context() as context:
        context.setattr(os, "fsync", fill)
        assert fit() == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"rsi: {output}/")
    assert last.endswith(": No space left on device: make space and give the same command again")
    assert not [name for name in files(output) if ".partial-" in name]
    assert fit() == 0
    assert len(list(output.glob("*.png"))) == 3


def test_charts_and_page_that_cannot_be_written_do_not_end_the_run(
    fit: Fit, output: Path, full_disk: Callable[[int], AbstractContextManager[None]], capfd: pytest.CaptureFixture[str]
) -> None:
    with full_disk(20_000):
        assert fit() == 0
    told = capfd.readouterr().err
    assert f"{output}/logs, for TensorBoard, cannot be written (File too large): the run goes on without\n" in told
    assert f"there is no report page, give rsi report {output} once this is mended" in told
    assert "Traceback" not in told
    assert len(list(output.glob("*.png"))) == 3


def test_disk_that_is_full_after_a_film_does_not_cost_its_frames(
    fit: Fit, output: Path, full_disk: Callable[[int], AbstractContextManager[None]], capsys: pytest.CaptureFixture[str]
) -> None:
    film = ["--timelapse", "--timelapses.side", "32", "--batch_size", "1"]
    with full_disk(6000):
        assert fit(*film) == 2
    assert f"rsi: {output}/comparisons/a.png: File too large: mend it and" in capsys.readouterr().err
    before = (output / "timelapses/a.webp").read_bytes()
    assert fit(*film) == 0
    told = capsys.readouterr().err
    assert "going on at step" in told
    assert "frames are missing" not in told
    assert (output / "timelapses/a.webp").read_bytes() == before


def test_output_folder_that_is_removed_during_the_run_ends_it_and_the_next_run_starts_anew(
    fit: Fit, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "removing.py").write_text(
        "import os, shutil\n"
        "from rsi import Degradation\n"
        "class Removing(Degradation):\n"
        "    def forward(self, x, random):\n"
        f"        if os.path.exists({str(output / 'a.png')!r}) and not os.path.exists('removed'):\n"
        f"            shutil.rmtree({str(output)!r})\n"
        "            open('removed', 'w').close()\n"
        "        return x\n"
    )
    monkeypatch.chdir(tmp_path)
    options = ["--degradation", "removing.Removing", "--batch_size", "1"]
    assert fit(*options) == 2
    assert f"rsi: {output} was moved, removed or emptied while results" in capsys.readouterr().err
    assert not output.exists()
    assert fit(*options) == 0
    assert len(list(output.glob("*.png"))) == 3


def test_output_below_a_file(fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert fit("--output_dir", str(tmp_path / "file")) == 2
    assert "is a file or below one: choose another --output_dir" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_two_runs_in_one_folder(fit: Fit, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = ResultFolder(output)
    other.claim({"method": "rsi", "degradation": "jpeg"}, overwrite=False)
    before = files(output)
    assert fit() == 2
    assert f"rsi: another run is writing to {output}: wait for it or" in capsys.readouterr().err
    assert files(output) == before
    other.release()
    assert fit() == 0


@pytest.mark.parametrize("name", ["comparisons", ".progress", "config.yaml", "logs/W"])
def test_nothing_is_written_through_a_link(
    fit: Fit, output: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (output / name).parent.mkdir(parents=True)
    (output / name).symlink_to(elsewhere)
    assert fit() == 2
    assert f"leads out of {output} by a link: remove the link or choose another" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []


def test_link_in_place_of_a_result_is_replaced_if_asked(fit: Fit, output: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_text("mine")
    output.mkdir()
    (output / "a.png").symlink_to(tmp_path / "mine.png")
    assert fit() == 2
    assert fit("--overwrite") == 0
    assert (tmp_path / "mine.png").read_text() == "mine"
    assert not (output / "a.png").is_symlink()


def test_linked_input_is_read(fit: Fit, output: Path, jpeg_folder: Path, tmp_path: Path) -> None:
    (jpeg_folder / "a.jpg").rename(tmp_path / "away.jpg")
    (jpeg_folder / "a.jpg").symlink_to(tmp_path / "away.jpg")
    assert fit() == 0
    assert Image.open(output / "a.png").size == (32, 32)


def test_file_that_vanishes_between_listing_and_reading(
    fit: Fit, output: Path, jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(path: Path) -> Picture:
        (jpeg_folder / "b.jpg").unlink(missing_ok=True)
        return read_picture(path)

    monkeypatch.setattr("rsi.data.target_reader.read_picture", lose)
    assert fit() == 1
    rows = {row.file: row for row in ResultFolder(output).rows()}
    assert [rows[f"{name}.jpg"].status for name in "abc"] == ["restored", "failed", "restored"]
    assert "No such file or directory" in rows["b.jpg"].notes


def test_refused_run_changes_nothing(fit: Fit, output: Path) -> None:
    assert fit() == 0
    before = {name: (output / name).read_bytes() for name in files(output)}
    assert fit("--seed", "1") == 2
    assert {name: (output / name).read_bytes() for name in files(output)} == before


def test_names_from_hell(fit: Fit, output: Path, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = (jpeg_folder / "a.jpg").read_bytes()
    good = ["new\nline.jpg", "\x1b[31m.jpg", "-rf.jpg", "[bold].jpg", "q.jpg", "q.jpg.json/r.jpg", "y" * 239 + ".jpg"]
    bad = ["records/a.jpg", "comparisons/a.jpg", "x" * 250 + ".jpg", os.fsdecode(b"latin\xe9.jpg")]
    for name in [*good, *bad]:
        path = jpeg_folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
    os.mkfifo(jpeg_folder / "pipe.jpg")
    assert fit() == 1
    rows = {row.file: row for row in ResultFolder(output).rows()}
    assert {rows[name].status for name in good} == {"restored"}
    assert {rows[name].status for name in bad} == {"failed"}
    assert "pipe.jpg" not in rows
    assert [name for name in good if not (output / rows[name].output).is_file()] == []
    assert (output / "results.csv").read_bytes().decode()
    assert "failed latin\\udce9.jpg: " in capsys.readouterr().err
    assert fit() == 1


def test_image_that_would_take_the_place_of_a_folder_fails_alone_every_time(
    fit: Fit, output: Path, jpeg_folder: Path
) -> None:
    for folder in ("a.png", "b.safetensors"):
        (jpeg_folder / folder).mkdir()
        (jpeg_folder / folder / "d.jpg").write_bytes((jpeg_folder / "a.jpg").read_bytes())
    for _ in range(2):
        assert fit("--report", "false") == 1
        rows = {row.file: row.status for row in ResultFolder(output).rows()}
        assert rows == {
            "a.jpg": "failed",
            "b.jpg": "failed",
            "c.jpg": "restored",
            "a.png/d.jpg": "restored",
            "b.safetensors/d.jpg": "restored",
        }


def test_image_whose_numbers_are_not_finite_stops_alone(
    fit: Fit, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "breaking.py").write_text(
        "from rsi import Degradation\n"
        "class Breaking(Degradation):\n"
        "    divisors = None\n"
        "    def bind(self, targets, resolution):\n"
        "        bound = Breaking()\n"
        "        bound.divisors = [float(target.name != 'b.jpg') for target in targets]\n"
        "        return bound\n"
        "    def forward(self, x, random):\n"
        "        return x / x.new_tensor(self.divisors)[:, None, None, None]\n"
    )
    monkeypatch.chdir(tmp_path)
    assert fit("--degradation", "breaking.Breaking") == 1
    rows = {row.file: row for row in ResultFolder(output).rows()}
    assert [rows[f"{name}.jpg"].status for name in "abc"] == ["restored", "stopped", "restored"]
    assert rows["b.jpg"].notes == "stopped at step 0: its loss or gradient was not finite"
    assert rows["b.jpg"].loss is None
    assert Image.open(output / "b.png").size == (32, 32)
    assert "stopped at step 0, not finite: b.jpg" in capsys.readouterr().out
