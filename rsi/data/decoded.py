"""A picture as its file gives it."""

from dataclasses import dataclass

from torch import Tensor

from rsi.data.colour import is_gray
from rsi.data.orientation import upright
from rsi.data.target import JpegHeader

STATED_DEGRADATION = "rsi:degradation"
"""The key of the text in a PNG that says what happened to the picture, as ``--degradation`` takes it."""


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
        stated_degradation: What happened to it, as its file says; empty if it does not.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    jpeg: JpegHeader | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()
    profile: bytes | None = None
    stated_degradation: str = ""

    @property
    def size(self) -> str:
        """Width and height of the upright picture, as ``WxH``."""
        height, width = upright(self.rgb, self.orientation).shape[-2:]
        return f"{width}x{height}"

    @property
    def is_gray(self) -> bool:
        """Whether it is without colour wherever it is not wholly transparent, see :func:`rsi.data.colour.is_gray`."""
        return is_gray(self.rgb, None if self.alpha is None else self.alpha > 0)
