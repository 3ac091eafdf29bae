"""The latents of a batch: where they start, how a larger space takes over, and the images they stand for."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rsi.generators import Generator
from rsi.methods.schedule import Space

NOISE = "noise_"


def initial_codes(w_avg: Tensor, batch_size: int) -> Tensor:
    """Every image's start in W, the mean code of the generator: ``[B, w_dim]``."""
    return w_avg.expand(batch_size, -1).clone()


def expand(codes: Tensor, space: Space, filters: Sequence[int]) -> Tensor:
    """The same codes, repeated for a larger space; the images they give stay the same (RSI, section 4.1).

    Args:
        codes: ``[B, w_dim]`` (W), ``[B, num_ws, w_dim]`` (W+) or ``[B, sum(filters), w_dim]`` (W++).
        space: The space wanted, at least as large as that of the codes.
        filters: The number of filters that read each style slot.

    Returns:
        Codes shaped for ``space``.
    """
    if space == "W":
        return codes
    if codes.ndim == 2:
        codes = codes.unsqueeze(1).repeat(1, len(filters), 1)
    if space == "W++" and codes.shape[1] == len(filters):
        codes = codes.repeat_interleave(torch.tensor(filters, device=codes.device), dim=1)
    return codes


def draw_latent(generator: Generator, latent: Mapping[str, Tensor]) -> Tensor:
    """The images ``[B, 3, R, R]`` of a latent, nominally in [0, 1] and not clamped.

    Args:
        generator: The generator.
        latent: ``codes``, in W, W+ or W++, and maps ``noise_N`` for those of the generator's convolutions whose own
            noise they replace, ``[B, 1, side, side]``, or ``[B, 1, 1, 1]`` where it is the same everywhere.
    """
    noise = {int(name[len(NOISE) :]): value for name, value in latent.items() if name.startswith(NOISE)}
    images: Tensor = generator.synthesis(latent["codes"], noise)
    return images
