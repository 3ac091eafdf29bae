"""PULSE against the method written down step by step, without batches, optimiser classes or callbacks."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from recording import batches_agree, run
from torch import Tensor
from torch.nn import functional as F

from rsi.data.target import Target
from rsi.degradations import Degradation
from rsi.errors import InputError
from rsi.generators import Generator
from rsi.generators.latent_statistics import random_codes
from rsi.methods.measurements import targets_of
from rsi.methods.pulse import Pulse
from rsi.numerics.randomness import ImageRandom

SAMPLES = 500


def pulse(generator: Path, degradation: str, steps: int = 12, **settings: Any) -> Pulse:
    settings = {"perceptual": "embedded", "samples": SAMPLES, **settings}
    return Pulse(str(generator), degradation, steps=steps, **settings)


def literal(
    generator: Generator, target: Target, operator: Any, keep: Tensor | None, steps: int, lr: float
) -> tuple[list[float], Tensor]:
    """Loss before each step and final image of one target."""
    codes = F.leaky_relu(torch.cat(list(random_codes(generator, SAMPLES))), 5.0)
    mean, std = codes.mean(0), codes.std(0, correction=0)
    sides = [4, 8, 8, 16, 16, 32, 32]
    start = {"v": ImageRandom([target.seed], "start v").normal((8, 8))}
    for index in range(5):
        shape = (1, sides[index], sides[index])
        start[f"noise_{index}"] = ImageRandom([target.seed], f"start noise_{index}").normal(shape)
    values = dict(start)
    first = {name: torch.zeros_like(value) for name, value in values.items()}
    second = dict(first)
    losses: list[float] = []

    def image(variables: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        w = F.leaky_relu(variables["v"] * std + mean, 0.2)
        maps = {index: variables[f"noise_{index}"] for index in range(5)}
        return w, generator.synthesis(w, {**maps, 6: torch.zeros(1, 1, 32, 32)})

    for step in range(steps):
        variables = {name: value.clone().requires_grad_() for name, value in values.items()}
        w, x = image(variables)
        degraded = operator(x, ImageRandom([target.seed], f"degrade {step}"))
        if keep is not None:
            torch.testing.assert_close(degraded * (1 - keep), torch.zeros_like(degraded))
        mse = ((degraded - target.image) ** 2).mean()
        angles = [
            2 * torch.atan2((w[0, i] - w[0, j]).norm(), (w[0, i] + w[0, j]).norm())
            for i in range(8)
            for j in range(8)
            if i != j
        ]
        cross = torch.stack(angles).square().sum() / 64 * 8 / 8
        loss = 100 * torch.maximum(mse, torch.tensor(2e-3)) + 0.05 * cross
        losses.append(float(loss))
        gradients = torch.autograd.grad(loss, list(variables.values()))
        x_ = step / (0.9 * steps)
        factor = 0.1 + 0.9 * (2 * x_ if x_ < 0.5 else 2 - 2 * x_) if x_ < 1 else 0.1 - 0.099 * (x_ - 1) * 9
        for name, gradient in zip(values, gradients, strict=True):
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.999 * second[name] + 0.001 * gradient**2
            m, v = first[name] / (1 - 0.9 ** (step + 1)), second[name] / (1 - 0.999 ** (step + 1))
            moved = values[name] - lr * factor * m / (v.sqrt() + 1e-8)
            axes = tuple(range(2, moved.ndim))
            length = start[name].square().sum(axes, keepdim=True).sqrt()
            values[name] = moved * length / moved.square().sum(axes, keepdim=True).sqrt()
    return losses, image(values)[1].clamp(0, 1)[0]


@pytest.mark.parametrize(
    ("degradation", "lr"), [("gaussian:sigma=0.1", 0.8), ("noise:M", 0.4)]
)  # JPEG amplifies last bits
def test_is_the_method_written_down(jpeg_folder: Path, noisy_generator: Path, degradation: str, lr: float) -> None:
    module = pulse(noisy_generator, degradation, lr=lr)
    record = run(module, jpeg_folder, batch_size=1)
    target = module.batch.targets[0]
    keep = (target.image.amax(0) > 0).float() if degradation.startswith("noise") else None
    losses, image = literal(module.generator, target, module.batch.observation.operator, keep, 12, lr)
    assert record.losses(target.name) == pytest.approx(losses, rel=1e-3)
    assert max(losses) - min(losses) > 0.01 * max(losses)
    torch.testing.assert_close(record.path[target.name][-1], image, rtol=0, atol=1e-2)


def test_original_setting() -> None:
    module = Pulse(steps=100, lr=0.4)
    assert module.steps_per_batch == 100
    assert Pulse().steps_per_batch == 250
    assert Pulse().lr == 0.8


def test_batch_of_three_is_three_single_images(jpeg_folder: Path, noisy_generator: Path) -> None:
    batches_agree(lambda: pulse(noisy_generator, "noise:M"), jpeg_folder)


def test_codes_and_noise_maps_stay_on_their_spheres(jpeg_folder: Path, noisy_generator: Path) -> None:
    module = pulse(noisy_generator, "jpeg")
    run(module, jpeg_folder)
    start = module.initial_variables(module.batch.observation, None)
    for name, value in module.batch.variables.items():
        torch.testing.assert_close(value.detach().flatten(2).norm(dim=2), start[name].flatten(2).norm(dim=2))
        assert not torch.equal(value, start[name])


def test_error_below_the_floor_has_no_gradient(jpeg_folder: Path, noisy_generator: Path) -> None:
    module = pulse(noisy_generator, "jpeg", steps=1, mse_floor=10.0, geocross_weight=0.0)
    record = run(module, jpeg_folder, batch_size=3)
    assert record.losses("a.jpg") == [pytest.approx(1000)]
    start = module.initial_variables(module.batch.observation, None)
    torch.testing.assert_close(module.batch.variables["v"].detach(), start["v"])


def test_random_masks_on_request(jpeg_folder: Path, noisy_generator: Path) -> None:
    module = pulse(noisy_generator, "noise:k_p=24,k_b=0.5", steps=1, keep_mask="random")
    run(module, jpeg_folder)
    lost = [(module.predict_degraded(step).amax(1) == 0).float() for step in (1, 2)]
    assert not torch.equal(*lost)
    assert float(lost[0].mean()) == pytest.approx(0.5, abs=0.1)


def test_small_generator_keeps_its_last_map_at_zero(noisy_generator: Path) -> None:
    module = pulse(noisy_generator, "gaussian:sigma=0.1", noise_maps=99)
    module.configure_model()
    module.begin_batch(targets_of(torch.zeros(1, 3, 32, 32)))
    assert set(module.batch.variables) == {"v", *(f"noise_{index}" for index in range(6))}
    assert module.latent()["noise_6"].shape == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "pulse: steps is 0, use 1 or more"),
        ({"lr": 0.0}, "pulse: lr is 0.0, use a number above 0"),
        ({"lr": math.nan}, "pulse: lr is nan, use a number above 0"),
        ({"mse_weight": -1.0}, "pulse: mse_weight is -1.0, use a number of 0 or more"),
        ({"noise_maps": -1}, "pulse: noise_maps is -1, use a number of 0 or more"),
        ({"keep_mask": "black"}, 'pulse: keep_mask is "black", use target or random'),
        ({"degradation": "smear"}, 'unknown degradation "smear"'),
    ],
)
def test_unusable_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pulse(**settings)


class Breaks(Degradation):
    """Fails for one image of three from a step on."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step, self.calls = step, 0

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        self.calls += 1
        broken = torch.tensor([0.0, torch.nan if self.calls > self.step else 0.0, 0.0])
        return x + broken.view(-1, 1, 1, 1)


def test_image_that_is_not_finite_stops_and_the_others_go_on(jpeg_folder: Path, noisy_generator: Path) -> None:
    broken, intact = (
        Pulse(str(noisy_generator), Breaks(step), "embedded", steps=5, samples=SAMPLES) for step in (2, 99)
    )
    records = run(broken, jpeg_folder), run(intact, jpeg_folder)
    assert broken.batch.guard.stopped_at.tolist() == [-1, 2, -1]
    assert broken.batch.path[-1].images.isfinite().all()
    for name in ("a.jpg", "c.jpg"):
        assert records[0].losses(name) == records[1].losses(name)
