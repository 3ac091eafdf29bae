import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from recording import run_until_killed

import rsi
from rsi import TargetFolder
from rsi.benchmark.tasks import all_tasks, select_tasks
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.commands.main import main
from rsi.data.reading import read_picture
from rsi.data.target import Target
from rsi.degradations import LEVELS, parse_degradation
from rsi.errors import InputError
from rsi.methods.ddrm import DDRM
from rsi.numerics.randomness import ImageRandom

SPECS = ["average_pooling:factor=4", "nearest:factor=4", "inpaint", "gaussian:sigma=0.2,headroom=3"]


class Run:
    """Runs the tiny prior into one folder."""

    def __init__(self, prior: Path, targets: Path, output: Path, degradation: str, **settings: Any) -> None:
        self.prior, self.targets, self.output = prior, targets, str(output)
        self.module = DDRM(str(prior), degradation, perceptual="embedded", **settings)

    def __call__(self, kill_at: int = 0, batch_size: int = 3) -> int:
        """Restore, until it is killed after some steps; how many were taken."""
        callbacks = [PhaseScheduler(), ResultWriter(self.output), BatchCheckpoint(self.output, 0.0)]
        data = TargetFolder(str(self.targets), batch_size, output_dir=self.output)
        return len(run_until_killed(self.module, callbacks, data, kill_at))

    def images(self) -> dict[str, Any]:
        return {path.name: np.asarray(Image.open(path)) for path in sorted(Path(self.output).glob("*.png"))}


def _target(image: torch.Tensor, *, hole: bool = False) -> Target:
    known = torch.ones_like(image[:1])
    known[:, 4:20, 4:8] = 0 if hole else 1
    return Target("a.png", image * known, known, seed=5, frame=(0, 0, image.shape[-1], image.shape[-2]))


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """Three targets of 8 px."""
    folder = tmp_path / "small"
    folder.mkdir()
    for index, name in enumerate("abc"):
        pixels = torch.randint(256, (8, 8, 3), generator=torch.Generator().manual_seed(index))
        Image.fromarray(pixels.to(torch.uint8).numpy()).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def folder_for(small_folder: Path, png_folder: Path) -> Any:
    return lambda spec: small_folder if "factor" in spec else png_folder


@pytest.mark.parametrize("spec", SPECS)
def test_command_restores_a_folder(spec: str, folder_for: Any, tiny_prior: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    flags = {
        "--method": "ddrm",
        "--prior": tiny_prior,
        "--target_dir": folder_for(spec),
        "--degradation": spec,
        "--perceptual": "embedded",
        "--output_dir": output,
    }
    assert main(["fit", *(str(text) for pair in flags.items() for text in pair)]) == 0
    with (output / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["status"]) for row in rows] == [(f"{n}.png", "restored") for n in "abc"]
    assert [Image.open(output / row["output"]).size for row in rows] == [(32, 32)] * 3
    assert min(float(row["fidelity"]) for row in rows) >= 0
    assert any((output / "logs").rglob("events*"))


@pytest.mark.parametrize("spec", SPECS[:3])
def test_targets_without_noise_are_met(spec: str, folder_for: Any, tiny_prior: Path, tmp_path: Path) -> None:
    run = Run(tiny_prior, folder_for(spec), tmp_path / "out", spec)
    assert run() == 20
    batch = run.module.batch
    degraded = batch.prepared.operator.observe(run.module.predict())
    assert (degraded - batch.observation.observed).abs().max() < 1e-5


def test_noise_is_that_of_the_degradation_unless_given() -> None:
    assert DDRM(degradation="gaussian:sigma=0.2").sigma_0 == 0.2
    assert DDRM(degradation="average_pooling").sigma_0 == 0
    assert DDRM(degradation="average_pooling+gaussian:sigma=0.2", sigma_0=0.1).sigma_0 == 0.1


def test_the_noise_of_each_call_counts(tiny_prior: Path) -> None:
    """The method is kept from one call to the next."""
    settings: dict[str, Any] = {"method": "ddrm", "prior": str(tiny_prior), "perceptual": "embedded", "steps": 2}
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    rsi.restore(image, "gaussian:sigma=0.05", **settings)
    second = rsi.restore(image, "gaussian:sigma=0.2", **settings)
    first = rsi.restore(image, "gaussian:sigma=0.2", sigma_0=0.2, **settings)  # kept apart, by its settings
    assert np.array_equal(np.asarray(second.image), np.asarray(first.image))


def test_noise_level_is_doubled_for_the_prior(tiny_prior: Path, png_folder: Path, tmp_path: Path) -> None:
    run = Run(tiny_prior, png_folder, tmp_path / "out", "gaussian:sigma=0.2")
    run(kill_at=1)
    assert run.module.batch.prepared.sigma_0 == 0.4


def test_batch_gives_what_each_image_gives_alone(small_folder: Path, tiny_prior: Path, tmp_path: Path) -> None:
    together = Run(tiny_prior, small_folder, tmp_path / "together", SPECS[0])
    alone = Run(tiny_prior, small_folder, tmp_path / "alone", SPECS[0])
    together(batch_size=3)
    alone(batch_size=1)
    for name, image in together.images().items():
        assert np.abs(image.astype(int) - alone.images()[name]).max() <= 1


def test_resumed_run_gives_what_an_uninterrupted_one_gives(png_folder: Path, tiny_prior: Path, tmp_path: Path) -> None:
    whole = Run(tiny_prior, png_folder, tmp_path / "whole", "inpaint")
    whole()
    Run(tiny_prior, png_folder, tmp_path / "resumed", "inpaint")(kill_at=7)
    resumed = Run(tiny_prior, png_folder, tmp_path / "resumed", "inpaint")
    assert resumed() == 13
    assert resumed.images().keys() == whole.images().keys()
    for name, image in whole.images().items():
        assert np.array_equal(image, resumed.images()[name])


def test_another_seed_draws_another_image(png_folder: Path, tiny_prior: Path, tmp_path: Path) -> None:
    run = Run(tiny_prior, png_folder, tmp_path / "out", "inpaint")
    run.module.configure_model()
    target = _target(torch.ones(3, 32, 32), hole=True)
    run.module.begin_batch([target])
    first = run.module.batch.variables["sample"].detach().clone()
    hole = (1 - run.module.batch.observation.known).bool().expand_as(first)
    run.module.begin_batch([replace(target, seed=target.seed + 1)])
    assert (first - run.module.batch.variables["sample"])[hole].abs().min() > 0
    expected = run.module.levels[0] * ImageRandom([target.seed], "start").normal((3, 32, 32))
    torch.testing.assert_close(first[hole], expected[hole])


def test_before_the_first_step_there_is_what_the_target_shows(small_folder: Path, tiny_prior: Path) -> None:
    module = DDRM(str(tiny_prior), "average_pooling", perceptual="embedded")
    module.configure_model()
    image = read_picture(small_folder / "a.png").rgb
    module.begin_batch([_target(image)])
    torch.testing.assert_close(module.render()[0], image.repeat_interleave(4, 1).repeat_interleave(4, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0, use 1 or more"),
        ({"steps": 1001}, "steps is 1001, use 1000 or less"),
        ({"eta": 1.5}, "eta is 1.5, use 1 or less"),
        ({"eta_b": -1.0}, "eta_b is -1.0, use a number of 0 or more"),
        ({"sigma_0": float("nan")}, "sigma_0 is nan, use a number of 0 or more"),
        ({"degradation": "jpeg"}, "ddrm undoes linear degradations alone, which JPEG is not"),
    ],
)
def test_settings_out_of_range_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DDRM(**settings)


def test_command_says_that_a_degradation_is_not_linear(
    tmp_path: Path, png_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--target_dir", str(png_folder), "--output_dir", str(tmp_path / "out"), "--degradation", "jpeg"]
    assert main(["fit", "--method", "ddrm", *flags]) == 2
    assert "use average_pooling, nearest, inpaint, gaussian" in capsys.readouterr().err


def test_benchmark_compares_on_the_linear_tasks_alone(tiny_generator: Path, tiny_prior: Path, tmp_path: Path) -> None:
    recipe, short = tmp_path / "diffusion.yaml", Path(__file__).parents[1] / "conf" / "short.yaml"
    recipe.write_text(f"method: ddrm\nprior: {tiny_prior}\nmodel: {{steps: 3}}\n")
    clean = tmp_path / "clean"
    clean.mkdir()
    for name in "ab":
        Image.effect_noise((32, 32), 50).convert("RGB").save(clean / f"{name}.png")
    flags = {
        "--clean_dir": clean,
        "--output_dir": tmp_path / "bench",
        "--tasks": "average_pooling,strokes,deartifacting:M",
        "--methods": f"{short},{recipe}",
        "--generator": tiny_generator,
        "--perceptual": "embedded",
    }
    assert main(["benchmark", *(str(text) for pair in flags.items() for text in pair)]) == 0
    done = {path.name for path in (tmp_path / "bench" / "diffusion").iterdir()}
    assert done == {"average_pooling-M", "strokes-M"}


def test_method_is_for_all_linear_tasks_of_the_benchmark() -> None:
    undone = {task.id for task in all_tasks() if DDRM.undoes(parse_degradation(task.degradation))}
    assert {task.id for task in select_tasks("ddrm")} <= undone
    assert undone - {task.id for task in select_tasks("ddrm")} == {f"inpainting-{level}" for level in LEVELS}
