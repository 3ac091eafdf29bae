"""Training of the network that estimates damages, on images of a generator."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW

from rsi.degradations import JPEG, Blur, Composition, Degradation, Denoising, Downsampling, draw_strokes
from rsi.degradations.base import quantise
from rsi.estimation.evidence import Array, evidence_of
from rsi.estimation.learned import FAMILIAR, LEARNED, PRESENT, DamageNetwork, logarithm
from rsi.estimation.statistics import statistics
from rsi.generators import Generator
from rsi.log import tell
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

IMAGES = 8000  # of generators up to 128 px
LARGE, LARGE_IMAGES, DAMAGES = 256, 500, 4  # of larger ones fewer are drawn, each damaged several times
AT_ONCE = 8
EPOCHS, BATCH, LR, DECAY = 60, 128, 2e-3, 1e-2
LEAST_DEVIATION = -4.0  # its logarithm


@dataclass(frozen=True)
class Damage:
    """What is done to one image, and what is to be learned of it.

    Attributes:
        operator: The damage.
        strokes: Of the holes.
        values: Of each of ``LEARNED`` what the operator has; absent where it has no such stage.
        told_quality: Of the JPEG, as the network is told it; ``None`` without one, or where it is kept from it.
    """

    operator: Degradation
    strokes: int
    values: dict[str, float]
    told_quality: int | None


def train(generator: Generator, images: int | None = None) -> DamageNetwork:
    """A network for one generator, trained on always the same images and damages.

    Args:
        generator: Draws the images; of one class if it has several.
        images: How many are drawn; left out, ``IMAGES``, or ``LARGE_IMAGES`` from ``LARGE`` pixels a side on.
    """
    is_large = max(generator.resolution) >= LARGE
    images = images or (LARGE_IMAGES if is_large else IMAGES)
    tell(f"learning what damages of {generator.info.name}'s images look like, once: {images} images")
    numbers, targets, present = (
        torch.from_numpy(np.stack(part))
        for part in zip(*_examples(generator, images, DAMAGES if is_large else 1), strict=True)
    )
    network = DamageNetwork(numbers.shape[1])
    network.mean, network.scale = numbers.mean(0), numbers.std(0).clamp(min=1e-3)
    network.strangest = network.strangeness(numbers).quantile(FAMILIAR)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
        _fit(network, numbers, targets, present)
    return network.eval()


def _fit(network: DamageNetwork, numbers: Tensor, targets: Tensor, present: Tensor) -> None:
    optimizer = AdamW(network.parameters(), lr=LR, weight_decay=DECAY)
    steps = EPOCHS * (len(numbers) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        chosen = torch.randint(len(numbers), (BATCH,))
        loss = _loss(network(numbers[chosen]), targets[chosen], present[chosen])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()


def _loss(answers: Tensor, targets: Tensor, present: Tensor) -> Tensor:
    """Gaussian likelihood of what is there, and of being there."""
    means, deviations, chances = torch.split(answers, [len(LEARNED), len(LEARNED), len(PRESENT)], dim=-1)
    deviations = deviations.clamp(min=LEAST_DEVIATION)
    is_there = targets.isfinite()
    error = torch.where(is_there, targets.nan_to_num(0, 0, 0) - means, 0)
    likelihood = ((error * (-deviations).exp()).square() / 2 + deviations) * is_there
    truth = present.expand_as(chances)
    presence: Tensor = F.binary_cross_entropy_with_logits(chances, truth)
    return likelihood.mean() + presence


@torch.no_grad()
def _examples(generator: Generator, images: int, damages: int) -> Iterator[tuple[Array, Array, Array]]:
    for first in range(0, images, AT_ONCE):
        random = ImageRandom(range(first, first + AT_ONCE), "damage estimation")
        pictures = quantise(generator(random.normal((generator.mapping.z_dim,)).to(generator.w_avg))).cpu()
        for turn in range(damages):
            choices = random.uniform((12,)).numpy()
            purpose = "damage" if turn == 0 else f"damage {turn}"
            for picture, choice, seed in zip(pictures, choices, range(first, first + AT_ONCE), strict=True):
                damage = _draw_damage(choice, generator.resolution)
                yield _example(picture[None], damage, ImageRandom([seed], purpose))


def _example(picture: Tensor, damage: Damage, random: ImageRandom) -> tuple[Array, Array, Array]:
    degraded = damage.operator.degrade(picture, random)
    known = draw_strokes(random, Size.of(degraded), damage.strokes)[0, 0].numpy() > 0
    evidence = evidence_of(degraded[0], known if known.any() else ~known)
    values = [damage.values.get(name, np.nan) for name in LEARNED]
    targets = [logarithm(name, np.array(value)) for name, value in zip(LEARNED, values, strict=True)]
    present = ["k_p" in damage.values, damage.values["sigma"] > 0, "quality" in damage.values]
    return statistics(evidence, damage.told_quality), np.array(targets, np.float32), np.array(present, np.float32)


def _draw_damage(choice: Array, resolution: Size) -> Damage:
    """A damage: any of the stages, as strong as at one of the paper's levels or around them.

    Args:
        choice: What decides whether there is a stage and how strong it is, ``[12]``, uniform in [0, 1].
        resolution: The size of the images.
    """
    small, how_small, noisy, photons, lost, jpeg, fineness, holes, how_many, blurred, how_blurred, hidden = choice
    stages: list[Degradation] = []
    values: dict[str, float] = {"sigma": 0.0}
    if blurred < 0.4:
        values["sigma"] = _between(how_blurred, 0.6, 6)
        stages.append(Blur(sigma=values["sigma"]))
    if small < 0.4:
        factor = 2 ** int(1 + how_small * 5)
        if factor < min(resolution) // 2:
            stages.append(Downsampling(factor))
            values["sigma"] /= factor
    if noisy < 0.6:
        values |= {"k_p": _between(photons, 3.5, 200), "k_b": _between(lost, 0.02, 0.75)}
        stages.append(Denoising(values["k_p"], values["k_b"]))
    quality = None
    if jpeg < 0.7:
        quality = round(_between(fineness, 4, 60))
        values["quality"] = quality
        stages.append(JPEG(quality))
    strokes = int(how_many * 18) if holes < 0.4 else 0
    return Damage(Composition(stages or [Downsampling(1)]), strokes, values, None if hidden < 0.3 else quality)


def _between(share: float, low: float, high: float) -> float:
    return float(low * (high / low) ** share)
