"""Perceptual distances: how far two images are apart for a person."""

from rsi.perceptual.base import PerceptualDistance
from rsi.perceptual.embedded import EmbeddedDistance
from rsi.perceptual.lpips_vgg import LpipsVgg

__all__ = ["EmbeddedDistance", "LpipsVgg", "PerceptualDistance", "load_perceptual"]


def load_perceptual(name: str) -> PerceptualDistance:
    """A perceptual distance by name.

    Args:
        name: ``embedded`` (drawings of faces), ``lpips-vgg``, or the path of a VGG16 file for the latter.

    Raises:
        InputError: The weights cannot be had.
    """
    if name == "embedded":
        return EmbeddedDistance()
    return LpipsVgg(None if name == "lpips-vgg" else name)
