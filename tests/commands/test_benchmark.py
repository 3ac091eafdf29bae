import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from rsi.benchmark.phase_images import PhaseImages
from rsi.commands.main import main
from rsi.data.pictures import to_picture
from rsi.log import set_verbosity

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"
TASKS = "denoising:XS,deartifacting:M"


class Benchmark:
    """Runs ``rsi benchmark`` in process, on the tiny generator, for a few steps."""

    def __init__(self, generator: Path, folder: Path) -> None:
        self.generator, self.folder = generator, folder
        self.clean = folder / "clean"
        self.clean.mkdir()
        images = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
        for name, image in zip("abc", images, strict=True):
            to_picture(image).resize((32, 32), Image.Resampling.BICUBIC).save(self.clean / f"{name}.png")
        self.other = folder / "adam_w.yaml"
        self.other.write_text("model: {optimizer: adam, schedule: [{space: W, steps: 3, lr: 0.1}]}\n")

    def __call__(self, output: str, *flags: str, tasks: str = TASKS, methods: str = "") -> int:
        given = {
            "--clean_dir": self.clean,
            "--output_dir": self.folder / output,
            "--tasks": tasks,
            "--methods": methods or f"{SHORT},{self.other}",
            "--generator": self.generator,
            "--perceptual": "embedded",
            "--batch_size": 2,
        }
        return main(["benchmark", *(str(text) for pair in given.items() for text in pair), *flags])

    def numbers(self, output: str) -> list[tuple[str, ...]]:
        with (self.folder / output / "per_image.csv").open(newline="") as file:
            return [tuple(value for key, value in row.items() if key != "seconds") for row in csv.DictReader(file)]


@pytest.fixture(autouse=True)
def _normal() -> Iterator[None]:
    yield
    set_verbosity()


@pytest.fixture
def benchmark(tiny_generator: Path, tmp_path: Path) -> Benchmark:
    return Benchmark(tiny_generator, tmp_path)


def stop_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the run die before it writes the batch after so many."""
    whole = PhaseImages.on_train_batch_end
    written = 0

    def on_train_batch_end(self: Any, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        nonlocal written
        if batch.index + 1 == module.steps_per_batch:
            written += 1
            if written > batches:
                raise KeyboardInterrupt
        whole(self, trainer, module, outputs, batch, batch_idx)

    monkeypatch.setattr(PhaseImages, "on_train_batch_end", on_train_batch_end)


def test_killed_and_resumed_gives_the_same_table(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark("whole") == 0
    assert "[4/4] adam_w deartifacting-M: accuracy" in capsys.readouterr().out
    with monkeypatch.context() as patch:
        stop_after(5, patch)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            raise SystemExit(benchmark("stopped"))
    first = benchmark.folder / "stopped" / "short" / "denoising-XS" / "a.png"
    untouched = first.stat().st_mtime_ns
    assert benchmark("stopped") == 0
    assert first.stat().st_mtime_ns == untouched
    assert benchmark.numbers("stopped") == benchmark.numbers("whole")
    for name in ("table.md", "table.tex", "phases.md"):
        assert (benchmark.folder / "stopped" / name).read_text() == (benchmark.folder / "whole" / name).read_text()


def test_limit_can_be_raised_and_lowered(benchmark: Benchmark) -> None:
    for limit, used in ((1, ["a"]), (3, ["a", "b", "c"]), (2, ["a", "b"])):
        benchmark("out", "--limit", str(limit), tasks="denoising:XS", methods=str(benchmark.other))
        assert [row[2] for row in benchmark.numbers("out")] == used


def test_report_is_complete(benchmark: Benchmark) -> None:
    assert benchmark("out", "--limit", "2", "--against", "paper", tasks="denoising:XS,denoising:M,uncropping") == 0
    out = benchmark.folder / "out"
    head = (out / "table.md").read_text().splitlines()[0]
    assert "accuracy by the judge of drawings, which no method minimises; fidelity by embedded; " in head
    assert "pFID on the judge's 96 features of 31 crops of 23 px per image" in head
    assert "RSI (published)" in (out / "table.md").read_text()
    assert Image.open(out / "plots" / "levels.png").width > 300
    assert Image.open(out / "plots" / "uncropping-M.png").size == (4 * 36 - 4, 16 + 2 * 36 - 4)
    phases = (out / "phases.md").read_text().splitlines()
    assert sum(line.count("| - |") for line in phases if "short" in line) == 0


def test_what_other_networks_measured_is_measured_anew(benchmark: Benchmark) -> None:
    assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
    before = benchmark.numbers("out")
    (measured,) = (benchmark.folder / "out").rglob("measured.json")
    kept = json.loads(measured.read_text())
    kept["of"]["networks"] = [
        "embedded",
        "the embedded perceptual network's 96 features of 31 crops of 23 px per image",
    ]
    kept["images"][0]["final"]["accuracy"] = 9
    measured.write_text(json.dumps(kept))
    assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
    assert benchmark.numbers("out") == before


def test_other_settings_are_refused(benchmark: Benchmark, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark("out", "--limit", "1", tasks="denoising:XS", methods=str(benchmark.other))
    benchmark.other.write_text("model: {optimizer: ngd, schedule: [{space: W, steps: 3, lr: 0.1}]}\n")
    assert benchmark("out", "--limit", "1", tasks="denoising:XS", methods=str(benchmark.other)) == 2
    assert "holds results of another optimizer: choose another --output_dir" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--tasks", "haze"], 'rsi: there is no task "haze"'),
        (["--methods", "dip"], 'rsi: there is no method "dip"'),
        (["--methods", "paper_noise", "--tasks", "ddrm"], "rsi: no method of paper_noise is for any"),
        (["--limit", "0"], "rsi: limit is 0"),
        (["--clean_dir", "~no-one/x"], "rsi: --clean_dir ~no-one/x: there is no such home folder; write ./~no-one/x"),
        (["--methods", "rsi,~no-one/a.yaml"], "rsi: --methods ~no-one/a.yaml: there is no such home folder"),
        (["--clean_dir", "nowhere"], "rsi: the target folder 'nowhere' does not exist"),
        (["--inception", "nowhere.pth"], "rsi: nowhere.pth does not exist"),
        (["--generator", "nowhere.pkl"], "rsi: nowhere.pkl does not exist"),
    ],
)
def test_bad_settings_are_one_line(
    benchmark: Benchmark, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark("out", *flags) == 2
    assert capsys.readouterr().err.startswith(message)
    assert not (benchmark.folder / "out").exists()


def test_home_folder(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(benchmark.folder))
    monkeypatch.chdir(benchmark.folder)
    methods = f"~/{benchmark.other.name}"
    assert benchmark("out", "--output_dir=~/home", "--limit", "1", tasks="denoising:XS", methods=methods) == 0
    assert (benchmark.folder / "home" / "table.md").exists()
    assert not (benchmark.folder / "~").exists()


def test_quiet_and_verbose(benchmark: Benchmark, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark("quiet", "--quiet", tasks="denoising:XS", methods=str(SHORT))
    assert capsys.readouterr().out == ""
    benchmark("verbose", "-v", tasks="denoising:XS", methods=str(SHORT))
    images = [line.split(": loss ")[0] for line in capsys.readouterr().out.splitlines() if ": loss " in line]
    assert images == ["  a.png", "  b.png", "  c.png"]


def test_output_inside_the_clean_images_is_no_clean_image(benchmark: Benchmark) -> None:
    for output in ("clean/first", "clean/first", "clean/sub/second", "clean/sub/second"):
        assert benchmark(output, tasks="denoising:XS,denoising:M", methods=str(SHORT)) == 0
        assert [row[2] for row in benchmark.numbers(output)] == ["a", "b", "c"] * 2


@pytest.mark.parametrize("output", ["clean", "clean/../clean"])
def test_output_in_place_of_the_clean_images_is_refused(
    benchmark: Benchmark, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark(output) == 2
    assert "holds the clean images: choose another --output_dir" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["table.md", "per_image.csv", "plots/levels.png", "targets/a.png", "short/a.png"])
def test_files_that_it_did_not_write_are_not_replaced(
    benchmark: Benchmark, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = benchmark.folder / "out" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    assert benchmark("out", methods=str(SHORT)) == 2
    assert f"out holds {name.partition('/')[0]}, which no benchmark wrote" in capsys.readouterr().err
    assert [path for path in theirs.parents[name.count("/")].rglob("*") if path.is_file()] == [theirs]


def test_damaged_measurements_are_taken_anew_and_said(benchmark: Benchmark, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
    before = benchmark.numbers("out")
    (measured,) = (benchmark.folder / "out").rglob("measured.json")
    record = benchmark.folder / "out" / "clean.json"
    capsys.readouterr()
    for damaged in (b"", measured.read_bytes()[:30], b"[]", b"null", b'{"of": 1}', b"\0" * 99, b"\xff\xfe"):
        measured.write_bytes(damaged)
        assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
        assert f"{measured} is damaged: the images are measured anew" in capsys.readouterr().err
        assert benchmark.numbers("out") == before
    record.write_bytes(record.read_bytes()[:30])
    assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
    assert f"{record} is damaged: whether the clean images have changed" in capsys.readouterr().err
    assert benchmark("out", tasks="denoising:XS", methods=str(SHORT)) == 0
    assert "damaged" not in capsys.readouterr().err
