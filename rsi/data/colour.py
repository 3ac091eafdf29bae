"""The luminance of pictures, and whether they have colour at all."""

from torch import Tensor

GRAY_TOLERANCE = 3 / 255
"""How far the channels of a grey picture lie apart: conversion to YCbCr and back rounds each of them by up to 1.5."""

LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue (ITU-R BT.601, as JPEG and Pillow have it)."""


def luminance(rgb: Tensor) -> Tensor:
    """The luminance of pictures ``[..., 3, H, W]`` in all three channels."""
    return weighted_channels(rgb, LUMINANCE).expand_as(rgb)


def weighted_channels(rgb: Tensor, shares: tuple[float, float, float]) -> Tensor:
    """The sum of shares of the channels, ``[..., 3, H, W]`` to ``[..., 1, H, W]``."""
    red, green, blue = rgb.unbind(-3)
    return (shares[0] * red + shares[1] * green + shares[2] * blue).unsqueeze(-3)


def is_gray(rgb: Tensor, known: Tensor | None = None) -> bool:
    """Whether the channels ``[3, H, W]`` in [0, 1] differ nowhere by more than ``GRAY_TOLERANCE``.

    Args:
        rgb: The colours.
        known: ``[1, H, W]``, where to look; everywhere if left out.
    """
    spread = rgb.amax(dim=0, keepdim=True) - rgb.amin(dim=0, keepdim=True)
    if known is not None:
        spread = spread * known
    return spread.max().item() <= GRAY_TOLERANCE + 1e-6
