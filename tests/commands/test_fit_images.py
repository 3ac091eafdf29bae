"""The ways to name images on the command line of ``rsi fit``."""

import zipfile
from pathlib import Path

import pytest
import yaml

from rsi.commands.main import main
from rsi.results.folder import ResultFolder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture
def flags(tiny_generator: Path, jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(jpeg_folder.parent)
    with zipfile.ZipFile("targets.zip", "w") as archive:
        archive.write("targets/b.jpg", "b.jpg")
    return ["--generator", str(tiny_generator), "--config", str(SHORT), "--report", "false", "--output_dir", "out"]


@pytest.mark.parametrize(
    ("named", "images"),
    [
        (["targets/a.jpg"], ["a.jpg"]),
        (["targets/a.jpg", "targets/c.jpg"], ["a.jpg", "c.jpg"]),
        (["targets/"], ["a.jpg", "b.jpg", "c.jpg"]),
        (["targets.zip"], ["b.jpg"]),
        (["--target_dir", "targets/a.jpg"], ["a.jpg"]),
        (["--target-dir", "targets/[ab].jpg"], ["a.jpg", "b.jpg"]),
        (["--target-dir=targets.zip"], ["b.jpg"]),
    ],
)
def test_files_folders_patterns_and_archives(named: list[str], images: list[str], flags: list[str]) -> None:
    assert main(["fit", *named, *flags]) == 0
    assert [row.file for row in ResultFolder("out").rows()] == images
    assert sorted(path.stem for path in Path("out").glob("*.png")) == [Path(name).stem for name in images]


def test_saved_options_name_the_same_images(flags: list[str]) -> None:
    assert main(["fit", "targets/c.jpg", *flags[:2], "targets/a.jpg", *flags[2:]]) == 0
    assert yaml.safe_load(Path("out/config.yaml").read_text())["target_dir"] == ["targets/c.jpg", "targets/a.jpg"]
    assert main(["fit", "--config", "out/config.yaml", "--output_dir", "again"]) == 0
    assert [row.file for row in ResultFolder("again").rows()] == ["a.jpg", "c.jpg"]


def test_images_on_the_command_line_count_more_than_those_of_a_file(flags: list[str]) -> None:
    Path("c.yaml").write_text("target_dir: nowhere\n")
    assert main(["fit", "targets/a.jpg", *flags, "--config", "c.yaml"]) == 0


def test_images_of_one_folder_add_up_in_its_results(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "targets/a.jpg", *flags]) == 0
    assert main(["fit", "targets/b.jpg", *flags]) == 0
    assert capsys.readouterr().out.splitlines().count("1 restored; 0:00:00") <= 2
    assert [row.file for row in ResultFolder("out").rows()] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            ["targets/a.jpg", "--target_dir", "targets"],
            "rsi: targets/a.jpg and --target_dir: name the images in",
        ),
        (["~no-one/a.jpg"], "rsi: --target_dir ~no-one/a.jpg: there is no such home folder"),
        (["targets/a.jpg", "gone.jpg"], "rsi: gone.jpg does not exist"),
        ([], "rsi: there is nothing to restore: give images or a folder of them"),
    ],
)
def test_images_that_cannot_be_restored(
    named: list[str], message: str, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", *named, *flags]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(message)
    assert not Path("out").exists()
