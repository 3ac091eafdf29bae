"""The method written down step by step, without batches, caches or classes, to compare the product with."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.perceptual import PerceptualDistance

Degrade = Callable[[Tensor, str], Tensor]
Loss = Callable[[Callable[[str], Tensor], Tensor, PerceptualDistance], Tensor]


def restore(
    synthesis: Callable[[Tensor], Tensor],
    w_avg: Tensor,
    filters: tuple[int, ...],
    degrade: Degrade,
    perceptual: PerceptualDistance,
    target: Tensor,
    steps: tuple[int, int, int],
    lr_scale: float,
    loss: Loss,
    prior: Callable[[Tensor], Tensor] = lambda _: torch.zeros(()),
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
            image, step = synthesis(codes), len(losses)
            value = loss(partial(_degrade_at, degrade, image, step), target, perceptual) + prior(codes[0])
            (gradient,) = torch.autograd.grad(value, codes)
            codes = codes - lr * lr_scale * gradient / (gradient**2).sum(-1, keepdim=True).sqrt()
            losses.append(float(value.detach()))
    return losses, synthesis(codes).detach().clamp(0, 1)


def _degrade_at(degrade: Degrade, image: Tensor, step: int, draw: str) -> Tensor:
    return degrade(image, f"{draw} {step}")


def equation_9(degraded: Callable[[str], Tensor], y: Tensor, perceptual: PerceptualDistance) -> Tensor:
    """The paper's loss: from half the target's size down to 16 px, at most 6 levels, L1 at the last."""
    x = degraded("degrade")
    total = torch.zeros(())
    for _ in range(6):
        if x.shape[-1] < 32:
            break
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        total = total + perceptual(x, y).sum()
    return total + 0.1 * (x - y).abs().mean()


def program(degraded: Callable[[str], Tensor], y: Tensor, perceptual: PerceptualDistance) -> Tensor:
    """The released program's loss: from the target's own size, above 16 px, L1 at half the last."""
    x = degraded("degrade")
    total = torch.zeros(())
    levels = 0
    while x.shape[-1] > 16 and levels < 6:
        total = total + perceptual(x, y).sum()
        x, y, levels = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2), levels + 1
    return total + 0.1 * (x - y).abs().mean()


def pooled(degraded: Callable[[str], Tensor], y: Tensor, perceptual: PerceptualDistance) -> Tensor:
    """The released program's loss, but for colours: the product of the errors of two draws after pooling 4 x 4."""
    x, other = degraded("degrade"), degraded("degrade again")
    total = torch.zeros(())
    levels = 0
    while x.shape[-1] > 16 and levels < 6:
        pixels = perceptual.rgb_weight * ((x - y) ** 2).sum() / x[0, 0].numel()
        errors = (F.avg_pool2d(x, 4) - F.avg_pool2d(y, 4)) * (F.avg_pool2d(other, 4) - F.avg_pool2d(y, 4))
        total = total + perceptual(x, y).sum() - pixels + 30 * errors.sum() / errors[0, 0].numel()
        x, other, y = F.avg_pool2d(x, 2), F.avg_pool2d(other, 2), F.avg_pool2d(y, 2)
        levels += 1
    return total + 0.1 * (x - y).abs().mean()


def mahalanobis(codes: Tensor, samples: Tensor) -> Tensor:
    """The mean over codes ``[n, w_dim]`` of the squared distance to samples ``[m, w_dim]``, a dimension's share."""
    difference = (codes - samples.mean(0)).view(-1, samples.shape[1])
    covariance = samples.T.double().cov()
    largest = torch.linalg.eigvalsh(covariance).max()
    inverse = torch.linalg.inv(covariance + 1e-4 * largest * torch.eye(len(covariance)))
    distance: Tensor = (difference.double() @ inverse * difference).mean().float()
    return distance
