import threading
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import literal
import pytest
import recording
import torch
import yaml
from PIL import Image
from pytorch_lightning import Callback, Trainer
from recording import Record
from torch import Tensor

import rsi.configs
from rsi import InputError, Phase, Restoration, TargetFolder
from rsi.benchmark.methods import select_methods
from rsi.benchmark.tasks import select_tasks
from rsi.callbacks import PhaseScheduler
from rsi.data.pictures import to_picture
from rsi.degradations import parse_degradation
from rsi.degradations.kept_pixels import with_kept_pixels
from rsi.generators import Generator, StyleGAN2Architecture, save_generator
from rsi.generators.latent_statistics import random_codes
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import EmbeddedDistance
from rsi.training.trainer import make_trainer

SHORT = [Phase("W", 4, 0.08), Phase("W+", 3, 0.02), Phase("W++", 3, 0.005)]


def run(
    folder: Path, generator: Path | str, batch_size: int = 8, precision: str = "32-true", **settings: Any
) -> tuple[Record, Restoration]:
    settings = {"degradation": "jpeg", "schedule": SHORT, "perceptual": "embedded", **settings}
    module = Restoration(str(generator), **settings)
    return recording.run(module, folder, batch_size, precision=precision), module


@pytest.mark.parametrize("degradation", ["jpeg", "noise:M", "upsample:factor=1+noise:L+jpeg"])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_result_does_not_depend_on_the_batch(
    jpeg_folder: Path, tiny_generator: Path, degradation: str, batch_size: int
) -> None:
    together, _ = run(jpeg_folder, tiny_generator, degradation=degradation)
    apart, _ = run(jpeg_folder, tiny_generator, batch_size, degradation=degradation)
    assert together.terms == apart.terms
    differ = [n for n, path in together.path.items() if not torch.equal(torch.stack(path), torch.stack(apart.path[n]))]
    assert differ == []


class Watched(Restoration):
    """Tells which threads draw images that ask for a gradient."""

    threads: ClassVar[set[threading.Thread]] = set()

    def draw(self, latent: Mapping[str, Tensor]) -> Tensor:
        if torch.is_grad_enabled():
            self.threads.add(threading.current_thread())
        return super().draw(latent)


@pytest.mark.parametrize("side", [32, 256])
def test_large_images_take_turns_in_the_main_thread(tmp_path: Path, side: int) -> None:
    save_generator(
        Generator(StyleGAN2Architecture(8, 0, 8, side, 2, channel_base=512, channel_max=16)), tmp_path / "generator"
    )
    folder = tmp_path / "targets"
    folder.mkdir()
    for name in "ab":
        Image.new("RGB", (side, side)).save(folder / f"{name}.png")
    Watched.threads.clear()
    module = Watched(str(tmp_path / "generator"), "noise:M", "embedded", [Phase("W", 1, 0.1)], lr_scale=1.0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        make_trainer([PhaseScheduler()]).fit(module, datamodule=TargetFolder(str(folder), batch_size=2))
    finally:
        torch.set_num_threads(before)
    assert (Watched.threads == {threading.main_thread()}) == (side == 256)


def of_recipe(name: str) -> dict[str, Any]:
    """The settings of the module that a recipe gives."""
    model: dict[str, Any] = yaml.safe_load((Path(rsi.configs.__file__).parent / f"{name}.yaml").read_text())["model"]
    model.pop("schedule", None)
    return model


@pytest.mark.parametrize(
    ("recipe", "loss", "noise"),
    [
        (None, literal.pooled, "noise:M"),
        ("pixel_colours", literal.program, "noise:M"),
        ("paper", literal.equation_9, "noise:k_p=24,k_b=0.16,offset=0.5"),
    ],
)
@pytest.mark.parametrize("degradation", ["jpeg", "noise:M", "jpeg:quality=20"])
def test_path_is_that_of_the_method_written_down(
    jpeg_folder: Path, tiny_generator: Path, degradation: str, recipe: str | None, loss: literal.Loss, noise: str
) -> None:
    settings = of_recipe(recipe) if recipe else {}
    record, module = run(jpeg_folder, tiny_generator, batch_size=1, degradation=degradation, **settings)
    target = module.batch.targets[0]
    operator = parse_degradation(noise) if degradation == "noise:M" else module.batch.observation.operator
    if settings.get("keep_mask") != "random":
        operator = with_kept_pixels(operator, target.image[None])

    def degrade(x: Tensor, step: str) -> Tensor:
        degraded: Tensor = operator(x, ImageRandom([target.seed], step))
        return degraded

    (samples,) = random_codes(module.generator, 10_000)
    losses, image = literal.restore(
        module.generator.synthesis,
        module.generator.w_avg,
        module.generator.filters,
        degrade,
        EmbeddedDistance(),
        target.image[None],
        (4, 3, 3),
        module.step_scale,
        loss,
        *([] if recipe else [lambda codes: 2e-4 * literal.mahalanobis(codes, samples)]),
    )
    assert record.losses(target.name) == pytest.approx(losses, rel=1e-4)
    torch.testing.assert_close(record.path[target.name][-1], image[0], rtol=0, atol=1e-3)


def test_recipe_of_the_paper_has_the_papers_schedule() -> None:
    module = select_methods("paper")[0].build(select_tasks("UNAP")[0], generator="avatars128", perceptual="embedded")
    assert module.settings["schedule"] == "W 150 x 0.08; W+ 150 x 0.02; W++ 150 x 0.005"


def test_every_batch_starts_anew_and_every_step_counts(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, module = run(jpeg_folder, tiny_generator, batch_size=1)
    assert module.trainer.global_step == 3 * module.steps_per_batch == 30
    assert [len(steps) for steps in record.terms.values()] == [10, 10, 10]
    assert [result.space for result in record.phases] == ["W", "W+", "W++"]


def test_latent_has_the_shape_of_each_phase(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, module = run(jpeg_folder, tiny_generator, batch_size=2)
    shapes = [tuple(result.codes.shape) for result in record.phases]
    assert shapes == [(1, 8), (1, 8, 8), (1, sum(module.generator.filters), 8)]


def test_phases_in_one_space_keep_their_own_codes(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, module = run(jpeg_folder, tiny_generator, schedule=[Phase("W+", 2, 0.02), Phase("W+", 2, 0.02)])
    first, second = record.phases
    assert not torch.equal(first.codes, second.codes)
    with torch.no_grad():
        assert torch.equal(module.generator.synthesis(first.codes).clamp(0, 1), first.images)


def test_loss_goes_down(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, _ = run(jpeg_folder, tiny_generator)
    assert all(steps[-1]["total"] < steps[0]["total"] for steps in record.terms.values())


def test_inpainting_ignores_what_is_in_the_hole(tmp_path: Path, tiny_generator: Path) -> None:
    folders = []
    for name, colour in (("red", (255, 0, 0, 0)), ("blue", (0, 0, 255, 0))):
        folder = tmp_path / name
        folder.mkdir()
        picture = Image.new("RGBA", (32, 32), (90, 120, 60, 255))
        picture.paste(Image.new("RGBA", (12, 12), colour), (8, 8))
        picture.save(folder / "hole.png")
        folders.append(folder)
    red, blue = (run(folder, tiny_generator, degradation="inpaint")[0] for folder in folders)
    assert red.terms == blue.terms


@pytest.mark.parametrize("keep_mask", ["random", "target"])
def test_dropped_pixels_are_read_from_the_target_if_wanted(
    tmp_path: Path, tiny_generator: Path, keep_mask: str
) -> None:
    (tmp_path / "targets").mkdir()
    noisy = parse_degradation("noise:M").degrade(torch.full((1, 3, 32, 32), 0.8), ImageRandom([1]))
    to_picture(noisy[0]).save(tmp_path / "targets/a.png")
    _, module = run(tmp_path / "targets", tiny_generator, degradation="noise:M", keep_mask=keep_mask)
    seen, _ = module.batch.prepared[0]
    drawn = seen.operator(torch.full((1, 3, 32, 32), 0.8), seen.random("again"))
    assert torch.equal(drawn.amax(1) == 0, noisy.amax(1) == 0) == (keep_mask == "target")


def test_step_scale_of_an_unknown_generator_follows_its_w(tiny_generator: Path) -> None:
    module = Restoration(str(tiny_generator), perceptual="embedded")
    module.configure_model()
    z = torch.randn(20_000, 8)
    codes = module.generator.mapping(z)
    spread = (codes - module.generator.w_avg).square().sum(1).mean().sqrt()
    assert module.step_scale == pytest.approx(float(spread) / 9.95, rel=0.03)


def test_embedded_generator_has_its_own_step_scale_and_distance() -> None:
    module = Restoration()
    module.configure_model()
    assert module.step_scale == 0.377
    assert module.perceptual_name == "embedded"


def test_shrinking_schedule_is_refused() -> None:
    with pytest.raises(InputError, match="a space can only grow"):
        Restoration(schedule=[Phase("W+", 1, 0.1), Phase("W", 1, 0.1)])


def test_step_sizes_fall_by_the_same_factor(jpeg_folder: Path, tiny_generator: Path) -> None:
    codes: list[Tensor] = []

    class Follow(Callback):
        def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
            codes.append(pl_module.codes.detach().clone())

    module = Restoration(str(tiny_generator), "jpeg", "embedded", [Phase("W", 5, 0.8, final_lr=0.05)], lr_scale=1.0)
    make_trainer([PhaseScheduler(), Follow()]).fit(module, datamodule=TargetFolder(str(jpeg_folder)))
    of_first_batch = [module.generator.w_avg.expand_as(codes[0]), *codes[:5]]
    moved = [(b - a).norm(dim=1)[0].item() for a, b in pairwise(of_first_batch)]
    assert moved == pytest.approx([0.8, 0.4, 0.2, 0.1, 0.05], rel=1e-3)


def test_with_16_bits_the_path_stays_close(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(3)
    picture = to_picture(torch.rand(3, 8, 8, generator=random)).resize((128, 128), Image.Resampling.BICUBIC)
    picture.save(tmp_path / "a.jpg", quality=12)
    schedule = [Phase("W", 6, 0.3), Phase("W+", 3, 0.05), Phase("W++", 3, 0.01)]
    full, _ = run(tmp_path, "avatars128", schedule=schedule)
    mixed, module = run(tmp_path, "avatars128", precision="bf16-mixed", schedule=schedule)
    assert module.codes.dtype == module.batch.path[-1].images.dtype == torch.float32
    assert mixed.losses("a.jpg") != full.losses("a.jpg")
    assert mixed.losses("a.jpg") == pytest.approx(full.losses("a.jpg"), rel=0.01)
    assert (mixed.path["a.jpg"][-1] - full.path["a.jpg"][-1]).abs().mean() < 0.02


def test_module_without_a_batch_cannot_be_stepped(tiny_generator: Path) -> None:
    module = Restoration(str(tiny_generator), perceptual="embedded")
    module.configure_model()
    assert module.configure_optimizers() == []
    with pytest.raises(RuntimeError, match="no batch is in progress"):
        module.losses(0)


def test_restoring_without_a_trainer_gives_the_same_images(jpeg_folder: Path, tiny_generator: Path) -> None:
    record, module = run(jpeg_folder, tiny_generator)
    images = module.restore(module.batch.targets)
    assert torch.equal(images, torch.stack([record.path[f"{name}.jpg"][-1] for name in "abc"]))


@pytest.mark.parametrize("optimizer", ["ngd", "adam"])
def test_first_step_of_adam_is_as_long_as_one_of_ngd(jpeg_folder: Path, tiny_generator: Path, optimizer: str) -> None:
    schedule = [Phase("W", 1, 0.5)]
    _, module = run(jpeg_folder, tiny_generator, schedule=schedule, optimizer=optimizer, lr_scale=1.0)
    moved = (module.codes - module.generator.w_avg).norm(dim=1)
    torch.testing.assert_close(moved.detach(), torch.full((3,), 0.5), rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"optimizer": "sgd"}, 'rsi: optimizer is "sgd", use ngd or adam'),
        ({"loss": "papers"}, 'rsi: loss is "papers", use pooled, program, paper or single'),
        ({"keep_mask": "none"}, 'rsi: keep_mask is "none", use target or random'),
        ({"schedule": ["W"]}, "the schedule has 'W' in it: give phases, such as rsi.Phase"),
    ],
)
def test_unknown_words_are_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Restoration(**words)


@pytest.mark.parametrize("spread", [-0.1, 1.5, float("nan")])
def test_samples_start_between_the_mean_and_a_random_code(spread: float) -> None:
    with pytest.raises(InputError, match=f"start_spread is {spread}, use a number from 0 to 1"):
        Restoration(degradation="jpeg", start_spread=spread)


@pytest.mark.parametrize("offset", [float("inf"), float("-inf"), float("nan")])
def test_photons_that_are_taken_off_are_a_number(offset: float) -> None:
    with pytest.raises(InputError, match=f"rsi: noise_offset is {offset}, use a finite number"):
        Restoration(degradation="noise:M", noise_offset=offset)
