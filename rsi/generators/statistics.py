"""Mean and spread of the W space of a generator, measured on always the same random codes."""

from collections.abc import Iterator

import torch
from torch import Tensor

from rsi.generators.generator import Generator
from rsi.numerics.randomness import ImageRandom

CHUNK = 1000
SAMPLES = 10_000


@torch.no_grad()
def w_rms(generator: Generator, samples: int = SAMPLES) -> float:
    """Root-mean-square distance of mapped codes from ``w_avg``.

    FFHQ's is 9.95; the step sizes of the method suit W spaces of that scale. Classes of a conditional
    generator are drawn uniformly.

    Args:
        generator: The generator.
        samples: How many codes to map.
    """
    squares = ((codes - generator.w_avg).square() for codes in _codes(generator, samples))
    total = sum(square.cpu().sum(dtype=torch.float64) for square in squares)  # MPS has no float64
    return float((total / samples) ** 0.5)


@torch.no_grad()
def mean_code(generator: Generator, samples: int = SAMPLES) -> Tensor:
    """The mean of mapped codes, ``[w_dim]``; see :func:`w_rms`."""
    total = sum(codes.cpu().sum(0, dtype=torch.float64) for codes in _codes(generator, samples))
    return torch.as_tensor(total / samples).to(generator.w_avg.dtype).to(generator.w_avg)


def _codes(generator: Generator, samples: int) -> Iterator[Tensor]:
    """Mapped codes in chunks, ``[n, w_dim]``."""
    w_avg, mapping = generator.w_avg, generator.mapping
    for start in range(0, samples, CHUNK):
        random, count = ImageRandom([0], f"w_rms {start}"), min(CHUNK, samples - start)
        z = random.normal((count, mapping.z_dim))[0].to(w_avg)
        labels = (random.uniform((count, 1))[0] * mapping.c_dim).floor().to(w_avg.device)
        c = (labels == torch.arange(mapping.c_dim, device=w_avg.device)).to(w_avg.dtype)
        yield mapping(z, c)
