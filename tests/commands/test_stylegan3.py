"""The commands with a StyleGAN3 generator."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from literal_stylegan3 import random_generator
from photographs import photograph
from PIL import Image
from processes import flags, make_images
from recording import run_until_killed
from safetensors.torch import load_file, save_file

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.commands.main import main
from rsi.data.pictures import to_picture
from rsi.generators import load_generator, save_generator
from rsi.generators.stylegan3.settings import StyleGAN3Settings
from rsi.methods.measurements import targets_of
from rsi.methods.restoration import pose_rows

T = StyleGAN3Settings(8, 0, 8, 32, channel_base=128, channel_max=6, num_layers=5, margin_size=6, output_scale=4.0)
CONF = Path(__file__).parents[1] / "conf"


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stylegan3") / "t.safetensors"
    save_generator(random_generator(T), path)
    return path


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


@pytest.mark.parametrize("method", ["rsi", "pulse", "lbrgm"])
def test_every_method_restores_and_its_latent_renders_the_same_image(
    method: str, generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONF / ("short.yaml" if method == "rsi" else f"short_{method}.yaml")
    targets, output = make_images(tmp_path / "in", 2), tmp_path / "out"
    assert main(flags(targets, output, generator, method=method, config=config)) == 0
    assert ("has no noise maps: PULSE searches its codes alone" in capsys.readouterr().err) == (method == "pulse")
    for name in "01":
        latent = output / "latents" / f"{name}.safetensors"
        assert load_file(latent).keys() == {"codes"}
        assert main(["render", str(latent), str(tmp_path / f"{name}.png")]) == 0
        assert np.abs(pixels(tmp_path / f"{name}.png") - pixels(output / f"{name}.png")).max() <= 1


def test_a_killed_run_and_two_processes_end_with_the_bytes_of_one(generator: Path, tmp_path: Path) -> None:
    targets = make_images(tmp_path / "in", 2)
    schedule = [Phase("W", 3, 0.08), Phase("W+", 2, 0.02), Phase("W++", 2, 0.005)]

    def restore(output: Path, kill_at: int = 0) -> None:
        module = Restoration(str(generator), "jpeg", "embedded", schedule)
        callbacks = [PhaseScheduler(), ResultWriter(str(output)), BatchCheckpoint(str(output), 0.0)]
        data = TargetFolder(str(targets), batch_size=2, output_dir=str(output))
        run_until_killed(module, callbacks, data, kill_at)

    restore(tmp_path / "killed", 4)
    restore(tmp_path / "killed")
    restore(tmp_path / "whole")
    assert main(flags(targets, tmp_path / "two", generator, **{"trainer.devices": 2})) == 0
    for name in ("0.png", "1.png"):
        killed, whole, two = ((tmp_path / run / name).read_bytes() for run in ("killed", "whole", "two"))
        assert killed == whole == two


def test_it_takes_part_in_the_benchmark(generator: Path, tmp_path: Path) -> None:
    clean, output = make_images(tmp_path / "clean", 1), tmp_path / "out"
    places = ["--clean_dir", str(clean), "--output_dir", str(output), "--generator", str(generator)]
    tasks = ["--tasks", "deartifacting:M", "--methods", str(CONF / "short.yaml")]
    assert main(["benchmark", *places, *tasks, "--perceptual", "embedded", "--quiet"]) == 0
    assert "deartifacting" in (output / "table.md").read_text()


def test_a_moved_picture_renders_moved(generator: Path, tmp_path: Path) -> None:
    codes = torch.randn(8, generator=torch.Generator().manual_seed(0))
    shift = torch.tensor([[1.0, 0, 0.25], [0, 1, 0], [0, 0, 1]])
    facts = {"generator": str(generator), "generator_sha256": ""}
    for name, motion in {"still": torch.eye(3), "moved": shift}.items():
        save_file({"codes": codes, "motion": motion}, tmp_path / f"{name}.safetensors", facts)
        assert main(["render", str(tmp_path / f"{name}.safetensors"), str(tmp_path / f"{name}.png")]) == 0
    still, moved = pixels(tmp_path / "still.png"), pixels(tmp_path / "moved.png")
    inside = np.abs(moved[4:-4, 4:-12] - still[4:-4, 12:-4])  # a quarter of the side to the left
    assert inside.mean() < 0.1 * np.abs(moved - still).mean()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"motion": torch.eye(2)}, r"the generator has no motion of \[2, 2\]"),
        ({"noise_0": torch.ones(1, 4, 4)}, r"the generator has no noise_0 of \[1, 4, 4\]"),
    ],
)
def test_latents_of_other_generators_are_refused(
    generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], tensors: dict[str, torch.Tensor], message: str
) -> None:
    latent = tmp_path / "x.safetensors"
    save_file({"codes": torch.ones(8), **tensors}, latent, {"generator": str(generator), "generator_sha256": ""})
    assert main(["render", str(latent), str(tmp_path / "x.png")]) == 2
    assert message.replace("\\", "") in capsys.readouterr().err


def test_a_motion_is_refused_where_nothing_moves(
    tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latent = tmp_path / "x.safetensors"
    facts = {"generator": str(tiny_generator), "generator_sha256": ""}
    save_file({"codes": torch.ones(8), "motion": torch.eye(3)}, latent, facts)
    assert main(["render", str(latent), str(tmp_path / "x.png")]) == 2
    assert "the generator has no motion of [3, 3]" in capsys.readouterr().err


def test_inspect_and_convert_say_what_it_is(
    generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(generator), str(tmp_path / "again.safetensors")]) == 0
    assert main(["inspect", str(tmp_path / "again.safetensors")]) == 0
    printed = capsys.readouterr().out
    assert "StyleGAN3-T, 32 px, z 8, c 0, w 8" in printed
    assert "architecture  StyleGAN3-T, RGB" in printed
    assert "pose          that of slot 0\n" in printed
    assert "num_ws        7 style slots, 30 codes in W++" in printed
    again, first = load_generator(tmp_path / "again.safetensors"), load_generator(generator)
    assert torch.equal(again(torch.ones(1, 8)), first(torch.ones(1, 8)))


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """A turned photograph of a person."""
    path = tmp_path / "portrait.png"
    photograph("astronaut").rotate(15, Image.Resampling.BICUBIC).crop((80, 0, 400, 320)).save(path)
    return path


def test_a_photograph_is_fitted_by_moving_the_picture(generator: Path, portrait: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    more = {"align": "transform", "degradation": "noise:M"}
    assert main(flags(portrait, output, generator, **more)) == 0
    latent = load_file(output / "latents" / "portrait.safetensors")
    turn = np.degrees(np.arctan2(-latent["motion"][1, 0], latent["motion"][0, 0]))
    assert -25 < turn < -5
    assert main(["render", str(output / "latents" / "portrait.safetensors"), str(tmp_path / "again.png")]) == 0
    assert np.abs(pixels(tmp_path / "again.png") - pixels(output / "portrait.png")).max() <= 1
    assert json.loads((output / "settings.json").read_text())["align"] == "transform"
    upright = {**load_file(output / "latents" / "portrait.safetensors"), "motion": torch.eye(3)}
    with torch.no_grad():
        still = load_generator(generator).synthesis(upright["codes"][None])[0]
    assert np.abs(pixels(output / "portrait.png") - np.asarray(to_picture(still)).astype(int)).mean() > 1


def test_a_stylegan2_is_aligned_by_cutting_alone(
    tiny_generator: Path, portrait: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = {"degradation": "noise:M"}
    assert main(flags(portrait, tmp_path / "cut", tiny_generator, align="crop", **common)) == 0
    assert main(flags(portrait, tmp_path / "moved", tiny_generator, align="transform", **common)) == 1
    assert "moves the generator's picture, which StyleGAN2's cannot: use --align crop" in capsys.readouterr().err


def restoration(generator: Path, pose_step: float) -> Restoration:
    from rsi import Phase

    schedule = [Phase("W", 2, 0.08), Phase("W+", 2, 0.05), Phase("W++", 2, 0.05)]
    module = Restoration(str(generator), "gaussian:sigma=0.1", "embedded", schedule, lr_scale=1.0, pose_step=pose_step)
    module.configure_model()
    return module


@pytest.mark.parametrize("pose_step", [0.0, 0.25, 1.0])
def test_the_pose_takes_steps_of_its_own_length(generator: Path, pose_step: float) -> None:
    module = restoration(generator, pose_step)
    module.begin_batch(targets_of(torch.rand(2, 3, 32, 32)))
    for stage in module.schedule:
        module.begin_phase(stage)
        before, rows = module.codes.detach().clone(), pose_rows(module.generator, stage.space)
        module.take_step(module.batch.step, module.configure_optimizers(), torch.autograd.backward)
        moves = (module.codes - before).detach().norm(dim=-1)
        others = [row for row in range(moves.shape[-1]) if row not in rows]
        assert rows == ([] if stage.space == "W" else [0])
        if rows:
            torch.testing.assert_close(moves[:, 0], torch.full((2,), pose_step * stage.lr), atol=1e-6, rtol=1e-4)
            assert moves[:, others].max() == pytest.approx(stage.lr, rel=1e-4)


@pytest.mark.parametrize("pose_step", [0.0, 0.25, 2.0])
def test_a_stopped_image_keeps_the_pose_at_which_it_was_last_finite(
    generator: Path, pose_step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = restoration(generator, pose_step)
    module.begin_batch(targets_of(torch.rand(2, 3, 32, 32)))
    module.begin_phase(module.schedule[1])
    optimizer = module.configure_optimizers()
    module.take_step(2, optimizer, torch.autograd.backward)
    before, losses = module.batch.guard.kept["codes"].clone(), module.losses(3)
    broken = {"total": losses["total"] * torch.tensor([1.0, torch.nan])}
    monkeypatch.setattr(module, "losses", lambda _: broken)
    module.take_step(3, optimizer, torch.autograd.backward)
    assert torch.equal(module.codes[1], before[1])
    assert not torch.equal(module.codes[0], before[0])


def test_a_batch_is_its_images_alone(generator: Path) -> None:
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    together = restoration(generator, 0.0).restore(targets_of(images))
    alone = restoration(generator, 0.0)
    for target, image in zip(targets_of(images), together, strict=True):
        assert torch.equal(alone.restore([target])[0], image)


def test_settings_name_the_pose_step_only_where_it_counts(generator: Path, tiny_generator: Path) -> None:
    assert restoration(generator, 0.5).settings["pose_step"] == "0.5"
    assert "pose_step" not in restoration(tiny_generator, 0.5).settings
