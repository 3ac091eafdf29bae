"""Perceptual distances: how far two images are apart for a person."""

from pathlib import Path

from rsi.perceptual.base import PerceptualDistance
from rsi.perceptual.embedded import EmbeddedDistance
from rsi.perceptual.judge import JudgeDistance
from rsi.perceptual.lpips_vgg import LpipsVgg

__all__ = ["EmbeddedDistance", "JudgeDistance", "LpipsVgg", "PerceptualDistance", "load_perceptual"]


def load_perceptual(name: str) -> PerceptualDistance:
    """A perceptual distance for methods by name; the judge has none, so that no method minimises it.

    Args:
        name: ``embedded`` (drawings of faces), ``lpips-vgg``, or the path of other weights: a ``.safetensors`` file
            for the former, a VGG16 file for the latter.

    Raises:
        InputError: The weights cannot be had.
    """
    if name == "embedded":
        return EmbeddedDistance()
    if name.endswith(".safetensors"):
        return EmbeddedDistance(Path(name))
    return LpipsVgg(None if name == "lpips-vgg" else name)
