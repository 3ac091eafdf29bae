"""The scale of a generator's W space."""

import torch
from torch import Tensor

from rsi.generators.stylegan2 import Generator
from rsi.randomness import ImageRandom

CHUNK = 1000


@torch.no_grad()
def w_rms(generator: Generator, samples: int = 10_000) -> float:
    """Root-mean-square distance of mapped codes from ``w_avg``, always of the same random codes.

    FFHQ's is 9.95; the step sizes of the method suit W spaces of that scale. Classes of a conditional
    generator are drawn uniformly.

    Args:
        generator: The generator.
        samples: How many codes to map.
    """
    starts = range(0, samples, CHUNK)
    total = sum(_squared_distances(generator, start, min(CHUNK, samples - start)) for start in starts)
    return float((total / samples) ** 0.5)


def _squared_distances(generator: Generator, start: int, count: int) -> Tensor:
    random = ImageRandom([0], f"w_rms {start}")
    w_avg, mapping = generator.w_avg, generator.mapping
    z = random.normal((count, mapping.z_dim))[0].to(w_avg)
    labels = (random.uniform((count, 1))[0] * mapping.c_dim).floor().to(w_avg.device)
    c = (labels == torch.arange(mapping.c_dim, device=w_avg.device)).to(w_avg.dtype)
    squares: Tensor = (mapping(z, c) - w_avg).square()
    return squares.sum(dtype=torch.float64)
