"""The method written down step by step, without batches, caches or classes, to compare the product with."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.perceptual import PerceptualDistance


def restore(
    synthesis: Callable[[Tensor], Tensor],
    w_avg: Tensor,
    filters: tuple[int, ...],
    degrade: Callable[[Tensor, int], Tensor],
    perceptual: PerceptualDistance,
    target: Tensor,
    steps: tuple[int, int, int],
    lr_scale: float,
) -> tuple[list[float], Tensor]:
    """The loss before each step and the final image of one target, ``[1, 3, h, w]``."""
    losses: list[float] = []
    codes = w_avg[None]
    for space, count, lr in zip(("W", "W+", "W++"), steps, (0.08, 0.02, 0.005), strict=True):
        if space == "W+":
            codes = torch.stack([codes[0]] * len(filters))[None]
        if space == "W++":
            codes = torch.cat([codes[0, slot].repeat(n, 1) for slot, n in enumerate(filters)])[None]
        for _ in range(count):
            codes = codes.detach().requires_grad_()
            loss = _loss(degrade(synthesis(codes), len(losses)), target, perceptual)
            (gradient,) = torch.autograd.grad(loss, codes)
            codes = codes - lr * lr_scale * gradient / (gradient**2).sum(-1, keepdim=True).sqrt()
            losses.append(float(loss))
    return losses, synthesis(codes).detach().clamp(0, 1)


def _loss(x: Tensor, y: Tensor, perceptual: PerceptualDistance) -> Tensor:
    total = torch.zeros(())
    levels = 0
    while x.shape[-1] > 16 and levels < 6:
        total = total + perceptual(x, y).sum()
        x, y, levels = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2), levels + 1
    return total + 0.1 * (x - y).abs().mean()
