import csv
import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

import rsi.configs
import rsi.generators
from rsi.commands.main import main
from rsi.generators import load_generator, save_generator
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.registry import DEFAULT_METHOD, METHODS
from rsi.options.chosen_method import chosen_method

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"
RECIPES = sorted(Path(rsi.configs.__file__).parent.glob("*.yaml"))


class Runner:
    """Runs ``rsi fit`` in process, on the tiny generator, for a few steps."""

    def __init__(self, generator: Path, output: Path) -> None:
        self.generator, self.output = generator, output

    def __call__(self, targets: Path, *flags: str) -> int:
        everywhere = ["--target_dir", str(targets), "--output_dir", str(self.output), *flags]
        return main(["fit", "--generator", str(self.generator), "--config", str(SHORT), *everywhere])

    def rows(self) -> list[dict[str, str]]:
        with (self.output / "results.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def fit(tiny_generator: Path, tmp_path: Path) -> Runner:
    return Runner(tiny_generator, tmp_path / "restored")


def pixels(path: Path) -> Any:
    return np.asarray(Image.open(path))


def test_every_image_gets_its_files_and_its_row(fit: Runner, jpeg_folder: Path) -> None:
    assert fit(jpeg_folder) == 0
    for name in "abc":
        assert Image.open(fit.output / f"{name}.png").size == (32, 32)
        assert Image.open(fit.output / "comparisons" / f"{name}.png").width > 4 * 32
        assert (fit.output / "latents" / f"{name}.safetensors").exists()
    rows = fit.rows()
    assert [row["file"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [row["parameters"] for row in rows] == [f"quality={q} sampling=4:2:0" for q in (30, 30, 60)]
    assert [(row["status"], row["degradation"]) for row in rows] == [("restored", "jpeg")] * 3
    assert min(float(row[measure]) for row in rows for measure in ("loss", "fidelity")) > 0


def test_latent_renders_the_same_image_again(fit: Runner, jpeg_folder: Path, tmp_path: Path) -> None:
    fit(jpeg_folder)
    again = tmp_path / "again.png"
    assert main(["render", str(fit.output / "latents" / "a.safetensors"), str(again)]) == 0
    difference = np.abs(pixels(again).astype(int) - pixels(fit.output / "a.png"))
    assert difference.max() <= 1


def test_tensorboard_shows_losses_by_phase_and_pictures(fit: Runner, jpeg_folder: Path) -> None:
    fit(jpeg_folder, "--tensorboard_scalars.every", "1")
    board = EventMultiplexer().AddRunsFromDirectory(str(fit.output)).Reload()
    assert [event.step for event in board.Scalars("logs/W", "image a.jpg/total")] == [0, 1, 2]
    assert [event.step for event in board.Scalars("logs/W++", "average/l1")] == [5, 6]
    assert board.Images("logs/W+", "image b.jpg/steps")[-1].width > 2 * 32
    settings = board.Tensors("logs", "settings/text_summary")[-1].tensor_proto
    assert "degradation: jpeg" in settings.string_val[0].decode()


def test_resolved_config_runs_again(fit: Runner, jpeg_folder: Path, tmp_path: Path) -> None:
    fit(jpeg_folder)
    config = yaml.safe_load((fit.output / "config.yaml").read_text())
    assert config["degradation"] == "jpeg"
    phase = {"space": "W++", "steps": 2, "lr": 0.005, "final_lr": None, "top_level": "always"}
    assert config["model"]["schedule"][2] == phase
    again = tmp_path / "again"
    assert main(["fit", "--config", str(fit.output / "config.yaml"), "--output_dir", str(again)]) == 0
    assert (again / "a.png").read_bytes() == (fit.output / "a.png").read_bytes()


def test_unreadable_file_is_reported_and_the_rest_restored(
    fit: Runner, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (jpeg_folder / "bad.png").write_text("no picture")
    assert fit(jpeg_folder) == 1
    rows = {row["file"]: row for row in fit.rows()}
    assert rows["bad.png"]["status"] == "failed"
    assert "not an intact picture" in rows["bad.png"]["notes"]
    assert rows["a.jpg"]["status"] == "restored"
    assert "failed bad.png: " in capsys.readouterr().err


def test_file_that_lacks_what_the_degradation_reads(fit: Runner, jpeg_folder: Path) -> None:
    Image.open(jpeg_folder / "a.jpg").save(jpeg_folder / "plain.png")
    assert fit(jpeg_folder) == 1
    assert (
        "'plain.png' has no JPEG header to use, it is not a JPEG file"
        in {row["file"]: row["notes"] for row in fit.rows()}["plain.png"]
    )


def test_jpeg_that_cannot_be_modelled_says_why(fit: Runner, jpeg_folder: Path) -> None:
    Image.open(jpeg_folder / "a.jpg").convert("CMYK").save(jpeg_folder / "print.jpg")
    assert fit(jpeg_folder) == 1
    notes = {row["file"]: row["notes"] for row in fit.rows()}["print.jpg"]
    assert "its JPEG coding cannot be modelled, its colours are CMYK: give the quality" in notes


def test_folder_of_bad_files_only(fit: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "bad.png").touch()
    assert fit(folder) == 1
    assert [row["status"] for row in fit.rows()] == ["failed"]


def test_second_run_does_only_what_is_missing(
    fit: Runner, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(jpeg_folder)
    untouched = (fit.output / "a.png").stat().st_mtime_ns
    (fit.output / "b.png").unlink()
    capsys.readouterr()
    assert fit(jpeg_folder) == 0
    assert (fit.output / "a.png").stat().st_mtime_ns == untouched
    assert (fit.output / "b.png").exists()
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("restored")] != []


def test_other_settings_are_refused_unless_overwrite(
    fit: Runner, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(jpeg_folder)
    before = (fit.output / "a.png").read_bytes()
    assert fit(jpeg_folder, "--degradation", "noise:M") == 2
    assert "holds results of another degradation: choose another --output_dir" in capsys.readouterr().err
    assert (fit.output / "a.png").read_bytes() == before
    assert fit(jpeg_folder, "--degradation", "noise:M", "--overwrite") == 0
    assert fit.rows()[0]["degradation"] == "noise:M"


def test_small_and_odd_pictures(fit: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "odd"
    (folder / "sub").mkdir(parents=True)
    Image.radial_gradient("L").resize((16, 16)).save(folder / "grey.png")
    Image.radial_gradient("L").resize((12, 8)).convert("P").save(folder / "sub" / "palette 8.png")
    assert fit(folder, "--degradation", "upsample") == 0
    rows = fit.rows()
    assert [(row["size"], row["parameters"]) for row in rows] == [("16x16", "factor=2"), ("8x8", "factor=4")]
    assert rows[1]["notes"].startswith("cropped from 12x8 to the central 8x8; it has no colour")
    assert "cropped from 12x8" in capsys.readouterr().out
    assert (fit.output / "sub" / "palette 8.png").exists()


def test_padding_is_cut_off_again(fit: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "narrow"
    folder.mkdir()
    Image.radial_gradient("L").resize((32, 20)).save(folder / "a.png")
    assert fit(folder, "--degradation", "noise:XS", "--fit", "pad") == 0
    assert Image.open(fit.output / "a.png").size == (32, 20)


def test_inpainting_with_masks_of_a_folder(fit: Runner, tmp_path: Path) -> None:
    targets, masks = tmp_path / "targets", tmp_path / "masks"
    targets.mkdir()
    masks.mkdir()
    Image.radial_gradient("L").resize((32, 32)).save(targets / "a.png")
    mask = Image.new("L", (32, 32), 255)
    mask.paste(0, (8, 8, 20, 20))
    mask.save(masks / "a.png")
    assert fit(targets, "--degradation", "inpaint", "--mask_dir", str(masks)) == 0


def test_own_degradation_by_class(
    fit: Runner, jpeg_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_module.py").write_text(
        "from rsi import Degradation\n"
        "class Darker(Degradation):\n"
        "    def __init__(self, by: float = 0.5) -> None:\n"
        "        super().__init__()\n"
        "        self.by = by\n"
        "    def forward(self, x, random):\n"
        "        return x * self.by\n"
    )
    monkeypatch.chdir(tmp_path)
    assert fit(jpeg_folder, "--degradation", "my_module.Darker", "--degradation.by", "0.8") == 0
    assert fit.rows()[0]["degradation"] == "Darker"
    assert fit(jpeg_folder, "--degradation", "my_module.Darker", "--degradation.by", "0.7") == 2


def test_change_of_an_own_degradation_restores_its_images_anew(
    fit: Runner, jpeg_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (
        "from rsi import Degradation\nclass Dark(Degradation):\n    def forward(self, x, random):\n        return x * "
    )
    monkeypatch.chdir(tmp_path)

    def restore(share: str) -> tuple[bytes, str]:
        (tmp_path / "own_dark.py").write_text(f"{source}{share}\n")
        monkeypatch.delitem(sys.modules, "own_dark", raising=False)
        importlib.invalidate_caches()
        assert fit(jpeg_folder, "--degradation", "own_dark.Dark", "--report", "false") == 0
        return (fit.output / "a.png").read_bytes(), capsys.readouterr().err

    before, _ = restore("0.50")
    assert restore("0.50")[0] == before
    after, told = restore("0.9")
    assert after != before
    assert "3 images were restored anew, since this has changed: module own_dark\n" in told


def test_change_of_the_perceptual_distance_s_file_restores_images_anew(
    fit: Runner, jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, flags = tmp_path / "mine.safetensors", ["--report", "false"]
    shipped = Path(rsi.generators.__file__).parent / "assets/perceptual.safetensors"
    with safe_open(shipped, "pt") as file:
        weights, facts = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    for factor, runs in ((1.0, 2), (1.01, 1)):
        save_file({name: factor * tensor for name, tensor in weights.items()}, path, facts)
        for _ in range(runs):
            assert fit(jpeg_folder, *flags, "--perceptual", str(path)) == 0
            told = capsys.readouterr().err
            assert ("3 images were restored anew, since this has changed: perceptual distance" in told) is (factor > 1)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["Darker", "--degradation.by", "-1"], "fails in {file}, line 6, 'self.by = by ** 0.5 // 1': TypeError: "),
        (["Darker", "--degradation.by", "x"], "cannot be made with this by: Expected a <class 'float'>. Got value: x"),
        (["Darker", "--degradation.to", "1"], "cannot be made: Option 'to' is not accepted"),
        (["Darker"], "cannot be made: the following arguments are required: by"),
        (["Brighter", "--degradation.by", "1"], 'own_darker has no class "Brighter": use own_darker.Darker'),
    ],
)
def test_what_is_wrong_with_an_own_degradation_is_one_line(
    fit: Runner,
    jpeg_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "own_darker.py"
    file.write_text(
        "from rsi import Degradation\n"
        "class Darker(Degradation):\n"
        "    def __init__(self, by: float) -> None:\n"
        "        super().__init__()\n"
        "        # a negative number has a complex root\n"
        "        self.by = by ** 0.5 // 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name, *arguments = flags
    assert fit(jpeg_folder, "--degradation", f"own_darker.{name}", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'rsi: degradation "own_darker.{name}"')
    assert message.format(file=file) in line


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_runs(recipe: Path, fit: Runner, tmp_path: Path) -> None:
    targets = tmp_path / "targets"
    targets.mkdir()
    side = 16 if "upsample" in recipe.stem else 32
    picture = Image.radial_gradient("L").resize((side, side)).convert("RGB")
    if "inpaint" in recipe.stem:
        picture.putalpha(Image.radial_gradient("L").resize((side, side)).point(lambda v: 255 if v > 60 else 0))
        picture.save(targets / "a.png")
    else:
        picture.save(targets / "a.jpg")
    method = chosen_method(["--config", str(recipe)], DEFAULT_METHOD)
    short = SHORT.with_name(f"short_{method}.yaml") if method != DEFAULT_METHOD else SHORT
    generator = ["--generator", str(fit.generator)] if issubclass(METHODS[method], GeneratorMethod) else []
    overrides = [*generator, "--config", str(short), "--output_dir", str(fit.output)]
    assert main(["fit", "--config", str(recipe), *overrides, "--target_dir", str(targets)]) == 0
    assert fit.rows()[0]["status"] == "restored"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--degradation", "smear"], 'rsi: unknown degradation "smear": one of upsample, noise, jpeg, inpaint'),
        (["--target_dir", ""], "rsi: there is nothing to restore: give images or a folder of them"),
        (["--target_dir", "nowhere"], "rsi: the target folder 'nowhere' does not exist"),
        (
            ["--generator", "ffhq.pkl"],
            "rsi: ffhq.pkl does not exist: give a .safetensors, .pkl, .pt or .pth file of a StyleGAN2 or",
        ),
        (["--batch_size", "0"], "rsi: batch_size is 0: it must be at least 1"),
        (["--perceptual", "vgg.pth"], "rsi: vgg.pth does not exist: give the path of vgg16-397923af.pth"),
    ],
)
def test_bad_settings_are_one_line(
    fit: Runner, jpeg_folder: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(jpeg_folder, *flags) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(message)
    assert not (fit.output / "results.csv").exists()


def test_empty_folder(fit: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert fit(tmp_path / "empty") == 2
    assert "no picture in" in capsys.readouterr().err


def test_results_never_replace_the_targets(fit: Runner, jpeg_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(jpeg_folder, "--output_dir", str(jpeg_folder)) == 2
    assert "results would replace the images in" in capsys.readouterr().err


def test_embedded_prior_says_what_it_is(capsys: pytest.CaptureFixture[str], jpeg_folder: Path, tmp_path: Path) -> None:
    picture = Image.open(jpeg_folder / "a.jpg").resize((128, 128))
    (tmp_path / "large").mkdir()
    picture.save(tmp_path / "large" / "a.jpg")
    flags = [
        "--config",
        str(SHORT),
        "--target_dir",
        str(tmp_path / "large"),
        "--output_dir",
        str(tmp_path / "out"),
    ]
    assert main(["fit", *flags]) == 0
    told = capsys.readouterr().err
    assert "avatars128, the embedded demonstration prior (cartoon faces, 128 px): choose another with" in told
    assert "perceptual distance: embedded" in told


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upscale"]) == 2
    assert "there is no command 'upscale': use one of restore, fit, " in capsys.readouterr().err


def test_another_generator_under_the_same_name_is_noticed(
    fit: Runner, jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit.generator = Path(shutil.copy(fit.generator, tmp_path / "generator.safetensors"))
    assert fit(jpeg_folder) == 0
    generator = load_generator(fit.generator)
    generator.mapping.w_avg.add_(1)
    save_generator(generator, fit.generator)
    assert fit(jpeg_folder) == 2
    assert "holds results of another generator" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_photograph_without_colour_comes_back_without_colour_unless_asked(
    fit: Runner, tmp_path: Path, suffix: str
) -> None:
    folder = tmp_path / "gray"
    folder.mkdir()
    shades = Image.linear_gradient("L").resize((32, 32))
    shades.convert("RGB").save(folder / f"a.{suffix}", quality=40)
    flags = () if suffix == "jpg" else ("--degradation", "upsample")
    assert fit(folder, *flags) == 0
    assert Image.open(fit.output / "a.png").mode == "L"
    (row,) = fit.rows()
    assert "it has no colour, so its restoration is grey; --color true restores colour" in row["notes"]
    assert fit(folder, *flags, "--color", "true") == 2
    assert fit(folder, *flags, "--color", "true", "--overwrite") == 0
    restored = Image.open(fit.output / "a.png")
    assert restored.mode == "RGB"
    assert len({channel.tobytes() for channel in restored.split()}) == 3


@pytest.mark.parametrize("degradation", ["gray", "sepia", "gray:film=ortho+upsample:factor=2"])
def test_lost_colour_comes_back_where_that_is_asked_for(fit: Runner, tmp_path: Path, degradation: str) -> None:
    folder = tmp_path / "gray"
    folder.mkdir()
    side = 32 if "upsample" in degradation else 64
    Image.linear_gradient("L").resize((side, side)).save(folder / "a.png")
    assert fit(folder, "--degradation", degradation) == 0
    restored = Image.open(fit.output / "a.png")
    assert restored.mode == "RGB"
    assert len({channel.tobytes() for channel in restored.split()}) == 3
    (row,) = fit.rows()
    assert "no colour" not in row["notes"]
    assert ("contrast=" in row["parameters"]) == (degradation == "sepia")
