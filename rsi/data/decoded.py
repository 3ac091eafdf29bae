"""A picture as its file gives it."""

from dataclasses import dataclass

from torch import Tensor

from rsi.data.orientation import upright
from rsi.data.target import JpegHeader

GRAY_TOLERANCE = 3 / 255
"""How far the channels of a grey picture lie apart: conversion to YCbCr and back rounds each of them by up to 1.5."""

SAID = "rsi:degradation"
"""The text of a PNG that says what happened to the picture, as ``--degradation`` takes it."""

LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue (ITU-R BT.601, as JPEG and Pillow have it)."""


@dataclass(frozen=True)
class Picture:
    """A decoded file.

    Attributes:
        rgb: ``[3, H, W]`` float32 in [0, 1], in the file's orientation.
        alpha: ``[1, H, W]`` float32 in [0, 1], if the file has transparency.
        jpeg: The JPEG header, if the file is a JPEG that can be modelled.
        orientation: EXIF orientation, 1 to 8; 1 where the file says none or nonsense.
        notes: What the file holds beyond what is read here and how its samples were understood, in words.
        profile: The ICC profile of its RGB colours, if the file has one; it is not applied.
        said: What happened to it, as its file says in a text named :data:`SAID`; empty if it does not.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    jpeg: JpegHeader | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()
    profile: bytes | None = None
    said: str = ""

    @property
    def size(self) -> str:
        """Width and height of the upright picture, as ``WxH``."""
        height, width = upright(self.rgb, self.orientation).shape[-2:]
        return f"{width}x{height}"

    @property
    def is_gray(self) -> bool:
        """Whether it is without colour wherever it is not wholly transparent, see :func:`is_gray`."""
        return is_gray(self.rgb, None if self.alpha is None else self.alpha > 0)


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
