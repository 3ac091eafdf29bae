import weakref

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.methods.loss import LossName, MultiresolutionLoss
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import EmbeddedDistance


def terms(
    prediction: Tensor,
    target: Tensor,
    known: Tensor | None = None,
    variant: LossName = "program",
    step: int = 0,
) -> dict[str, Tensor]:
    loss = MultiresolutionLoss(EmbeddedDistance(), variant)
    known = torch.ones_like(target[:, :1]) if known is None else known
    random = ImageRandom(range(len(target)), step)
    result: dict[str, Tensor] = loss(prediction * known, loss.prepare(target, known), random)
    return result


@pytest.mark.parametrize(
    ("side", "variant", "levels"),
    [
        (1024, "program", [1024, 512, 256, 128, 64, 32]),
        (128, "program", [128, 64, 32]),
        (32, "program", [32]),
        (16, "program", []),
        (8, "program", []),
        (1024, "paper", [512, 256, 128, 64, 32, 16]),
        (128, "paper", [64, 32, 16]),
        (16, "paper", []),
        (1024, "single", [1024]),
        (16, "single", []),
    ],
)
def test_levels(side: int, variant: LossName, levels: list[int]) -> None:
    images = torch.rand(1, 3, side, side)
    names = [name for name in terms(images, images, variant=variant) if name.startswith("perceptual")]
    assert names == [f"perceptual_{level}" for level in levels]


def test_total_is_the_sum_of_distances_at_halved_sizes_and_a_tenth_of_l1() -> None:
    x, y = torch.rand(2, 2, 3, 64, 64)
    distance = EmbeddedDistance()
    half = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    l1 = (F.avg_pool2d(x, 4) - F.avg_pool2d(y, 4)).abs().mean((1, 2, 3))
    torch.testing.assert_close(terms(x, y)["total"], distance(x, y) + distance(*half) + 0.1 * l1)


def test_the_maps_of_a_large_level_are_freed_before_those_of_the_next() -> None:
    maps, alive = list[weakref.ref[Tensor]](), list[int]()

    class Watched(EmbeddedDistance):
        def features(self, images: Tensor) -> list[Tensor]:
            alive.append(sum(some() is not None for some in maps))
            features = super().features(images)
            maps.extend(weakref.ref(some) for some in features)
            return features

    target, known = torch.rand(1, 3, 1024, 1024), torch.ones(1, 1, 1024, 1024)
    loss = MultiresolutionLoss(Watched())
    prepared = loss.prepare(target, known)
    maps.clear()
    alive.clear()
    loss(torch.rand_like(target, requires_grad=True), prepared, ImageRandom([0], 0))
    assert alive[:3] == [0, 0, 0]
    assert len(maps) == 30


def test_small_targets_have_l1_alone() -> None:
    x, y = torch.rand(2, 2, 3, 16, 16)
    torch.testing.assert_close(terms(x, y)["total"], 0.1 * (x - y).abs().mean((1, 2, 3)))


@pytest.mark.parametrize("variant", ["program", "paper"])
def test_unknown_pixels_do_not_count(variant: LossName) -> None:
    x, y = torch.rand(2, 2, 3, 64, 64)
    known = torch.ones(2, 1, 64, 64)
    known[:, :, 16:40] = 0
    y_changed = torch.where(known == 1, y, torch.rand_like(y))
    torch.testing.assert_close(terms(x, y, known, variant), terms(x, y_changed, known, variant))
    assert float(terms(y, y, known, variant)["total"].abs().max()) < 1e-6


def test_fill_noise_is_fresh_at_every_step_and_reaches_only_the_perceptual_terms() -> None:
    x, y = torch.rand(2, 1, 3, 64, 64)
    known = torch.ones(1, 1, 64, 64)
    known[:, :, 16:40] = 0
    first, second = terms(x, y, known, step=0), terms(x, y, known, step=1)
    assert first["perceptual_64"] != second["perceptual_64"]
    assert first["l1"] == second["l1"]


def test_fill_noise_has_the_statistics_of_the_variant() -> None:
    seen: list[Tensor] = []

    class Spy(EmbeddedDistance):
        def features(self, images: Tensor) -> list[Tensor]:
            seen.append(images)
            return super().features(images)

    loss = MultiresolutionLoss(Spy(), "program")
    nothing = torch.zeros(1, 3, 128, 128)
    loss(nothing, loss.prepare(nothing, torch.zeros(1, 1, 128, 128)), ImageRandom([0]))
    assert abs(float(seen[0].mean()) - 0.25) < 0.01
    assert abs(float(seen[0].std()) - 0.5) < 0.01


def test_each_image_has_the_loss_it_has_alone() -> None:
    x, y = torch.rand(2, 3, 3, 64, 64)
    alone = torch.cat([terms(x[i : i + 1], y[i : i + 1])["total"] for i in range(3)])
    torch.testing.assert_close(terms(x, y)["total"], alone)
