"""Spoiling faces at random, so that a network learns features that survive degradations."""

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(images: Tensor, random: torch.Generator, share: float = 1.0) -> Tensor:
    """Crop, shift, blur, noise and mask a share of images ``[B, 3, R, R]`` in [0, 1], each in its own way."""
    spoiled = _spoil(images, random)
    return spoiled if share >= 1 else torch.where(_chosen(images, share, random), spoiled, images)


def _spoil(images: Tensor, random: torch.Generator) -> Tensor:
    images = _crop(images, random)
    for factor in (2, 4, 8):
        images = torch.where(_chosen(images, 0.12, random), _blur(images, factor), images)
    images = _mask(images, random)
    sigma = 0.4 * _uniform(images, random).square()
    return images + sigma * torch.randn(images.shape, generator=random)


def _crop(images: Tensor, random: torch.Generator) -> Tensor:
    """Enlarge or shrink by up to a quarter and shift by up to 15 % of the side."""
    zoom = torch.exp((_uniform(images, random) - 0.5) * 0.45).flatten()
    shift = (torch.rand(len(images), 2, generator=random) - 0.5) * 0.6
    grid = torch.zeros(len(images), 2, 3)
    grid[:, 0, 0] = grid[:, 1, 1] = zoom
    grid[:, :, 2] = shift
    coordinates = F.affine_grid(grid, list(images.shape), align_corners=False)
    return F.grid_sample(images, coordinates, padding_mode="border", align_corners=False)


def _blur(images: Tensor, factor: int) -> Tensor:
    small = F.avg_pool2d(images, factor)
    return F.interpolate(small, size=images.shape[-2:], mode="bilinear", align_corners=False)


def _mask(images: Tensor, random: torch.Generator) -> Tensor:
    """Cover half of the images with a rectangle of one colour, of up to half the side."""
    batch, _, height, width = images.shape
    first, size = torch.rand(2, batch, 2, generator=random) * torch.tensor([1.0, 0.5]).view(2, 1, 1)
    inside = []
    for axis, side in enumerate((height, width)):
        position = torch.linspace(0, 1, side).expand(batch, side) - first[:, axis, None]
        inside.append((position >= 0) & (position < size[:, axis, None]))
    covered = (inside[0][:, :, None] & inside[1][:, None, :]).unsqueeze(1)
    colour = torch.rand(batch, 3, 1, 1, generator=random)
    return torch.where(covered & _chosen(images, 0.5, random), colour, images)


def _chosen(images: Tensor, share: float, random: torch.Generator) -> Tensor:
    return _uniform(images, random) < share


def _uniform(images: Tensor, random: torch.Generator) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, generator=random)
