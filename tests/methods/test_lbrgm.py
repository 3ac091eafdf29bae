"""L-BRGM against the method written down step by step, without batches, optimiser classes or callbacks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from recording import batches_agree, run
from torch import Tensor
from torch.nn import functional as F

from rsi import TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler, RestorationCallback, Run, StepTaken
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.generators import Generator
from rsi.methods.guard import GOING
from rsi.methods.lbrgm import LBRGM, at_perceptual_side
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import EmbeddedDistance


def lbrgm(generator: Path, degradation: str, **settings: Any) -> LBRGM:
    settings = {"perceptual": "embedded", "draws": 6, "steps": 10, **settings}
    return LBRGM(str(generator), degradation, **settings)


def literal(
    generator: Generator, target: Target, operator: Any, draws: int, truncation: float, steps: int, lr: float
) -> tuple[list[float], Tensor]:
    """The distance of the best draw so far, then the loss before each step, and the final image of one target."""
    perceptual, y, mean = EmbeddedDistance(), target.image[None], generator.w_avg
    losses: list[float] = []
    best: tuple[float, Tensor, Tensor] | None = None
    for draw in range(draws):
        z = ImageRandom([target.seed], f"draw {draw}").normal((8,))
        w = torch.stack([truncation * generator.mapping(z)[0] + (1 - truncation) * mean] * 8)[None]
        degraded = operator(generator.synthesis(w), ImageRandom([target.seed], "degrade start"))
        distance = float(perceptual(degraded, y))
        if best is None or distance < best[0]:
            best = (distance, z, w)
        losses.append(best[0])
    assert best is not None
    values = list(best[1:])
    first = [torch.zeros_like(value) for value in values]
    second = [torch.zeros_like(value) for value in values]
    for step in range(steps):
        z, w = (value.clone().requires_grad_() for value in values)
        degraded = operator(generator.synthesis(w), ImageRandom([target.seed], f"degrade {draws + step}"))
        loss = (
            13 * ((degraded - y) ** 2).mean()
            + 2.5 * perceptual(degraded, y).sum()
            + 30 * ((generator.mapping(z)[:, None].repeat(1, 8, 1) - w) ** 2).mean()
            + 0.4 * (z**2).mean()
        )
        losses.append(float(loss))
        for index, gradient in enumerate(torch.autograd.grad(loss, (z, w))):
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.999 * second[index] + 0.001 * gradient**2
            m, v = first[index] / (1 - 0.9 ** (step + 1)), second[index] / (1 - 0.999 ** (step + 1))
            values[index] = values[index] - lr * m / (v.sqrt() + 1e-8)
    return losses, generator.synthesis(values[1]).clamp(0, 1)[0]


@pytest.mark.parametrize(
    ("degradation", "settings"),
    [("gaussian:sigma=0.1", {}), ("noise:M", {}), ("gaussian:sigma=0.1", {"truncation": 1.0, "lr": 0.1, "draws": 3})],
    ids=["gaussian", "noise", "original"],  # JPEG amplifies last bits
)
def test_is_the_method_written_down(
    jpeg_folder: Path, noisy_generator: Path, degradation: str, settings: dict[str, Any]
) -> None:
    module = lbrgm(noisy_generator, degradation, **settings)
    record = run(module, jpeg_folder, batch_size=1)
    target = module.batch.targets[0]
    chosen = {"draws": 6, "truncation": 0.8, "steps": 10, "lr": 0.05, **settings}
    losses, image = literal(module.generator, target, module.batch.observation.operator, **chosen)
    assert record.losses(target.name) == pytest.approx(losses, rel=1e-3)
    assert losses[chosen["draws"] - 1] < losses[0]
    assert losses[-1] < losses[chosen["draws"]]
    torch.testing.assert_close(record.path[target.name][-1], image, rtol=0, atol=1e-2)


def test_batch_of_three_is_three_single_images(jpeg_folder: Path, noisy_generator: Path) -> None:
    batches_agree(lambda: lbrgm(noisy_generator, "noise:M"), jpeg_folder)


def test_path_shows_the_best_draw_and_the_result(jpeg_folder: Path, noisy_generator: Path) -> None:
    module = lbrgm(noisy_generator, "jpeg")
    record = run(module, jpeg_folder)
    assert [result.space for result in record.phases] == ["start", "L-BRGM"]
    start = record.phases[0]
    assert torch.equal(start.codes, start.codes[:, :1].expand_as(start.codes))
    assert module.steps_per_batch == 16


class Distances(RestorationCallback):
    """Keeps how far the codes are from the start of their phase at every step."""

    def __init__(self) -> None:
        self.of_phase: dict[str, list[Tensor]] = {"start": [], "L-BRGM": []}

    def step_taken(self, run: Run, step: StepTaken) -> None:
        self.of_phase[step.stage.space].append(step.measures["distance"])


def test_distances_are_finite(jpeg_folder: Path, noisy_generator: Path) -> None:
    distances = Distances()
    trainer = make_trainer([PhaseScheduler(), distances])
    trainer.fit(lbrgm(noisy_generator, "jpeg"), datamodule=TargetFolder(str(jpeg_folder)))
    for measured in distances.of_phase.values():
        assert torch.cat(measured).isfinite().all()


class BrokenFirstDraw(LBRGM):
    """The first draw of the first image has no finite picture."""

    def draw(self, latent: Mapping[str, Tensor]) -> Tensor:
        images = super().draw(latent)
        if self.batch.step == 0:
            images[0] = torch.nan
        return images


def test_draw_that_is_not_finite_is_not_taken(jpeg_folder: Path, noisy_generator: Path) -> None:
    module = BrokenFirstDraw(str(noisy_generator), "noise:M", "embedded", draws=3, steps=2)
    record = run(module, jpeg_folder, batch_size=1)
    losses = torch.tensor(record.losses("c.jpg"))
    assert losses.isfinite().tolist() == [False, True, True, True, True]
    assert module.batch.guard.stopped_at.tolist() == [GOING]


def test_settings_of_the_comparison_are_the_defaults() -> None:
    assert [(stage.space, stage.steps) for stage in LBRGM().schedule] == [("start", 200), ("L-BRGM", 500)]


@pytest.mark.parametrize(
    ("side", "seen"), [(1024, 256), (512, 256), (256, 256), (128, 128), (16, 16), (8, 16), (4, 16)]
)
def test_side_at_which_images_are_compared(side: int, seen: int) -> None:
    x = torch.rand(1, 3, side, side)
    found = at_perceptual_side(x)
    assert found.shape == (1, 3, seen, seen)
    expected = F.avg_pool2d(x, side // seen) if side > seen else x.repeat_interleave(seen // side, 2)
    expected = expected if side > seen else expected.repeat_interleave(seen // side, 3)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"draws": 0}, "lbrgm: draws is 0, use 1 or more"),
        ({"steps": -1}, "lbrgm: steps is -1, use 1 or more"),
        ({"lr": -0.1}, "lbrgm: lr is -0.1, use a number above 0"),
        ({"truncation": -0.5}, "lbrgm: truncation is -0.5, use a number of 0 or more"),
        ({"norm_weight": float("inf")}, "lbrgm: norm_weight is inf, use a number of 0 or more"),
        ({"keep_mask": "targets"}, 'lbrgm: keep_mask is "targets", use target or random'),
    ],
)
def test_unusable_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LBRGM(**settings)
