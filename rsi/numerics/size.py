"""How large images are."""

from typing import NamedTuple

from torch import Tensor


class Size(NamedTuple):
    """Height and width in pixels; as text width before height, as people write it.

    Attributes:
        height: Rows of pixels.
        width: Columns of pixels.
    """

    height: int
    width: int

    @classmethod
    def square(cls, side: int) -> "Size":
        """The size of squares."""
        return cls(side, side)

    @classmethod
    def of(cls, images: Tensor) -> "Size":
        """The size of images ``[..., H, W]``."""
        return cls(images.shape[-2], images.shape[-1])

    @property
    def turned(self) -> "Size":
        """The size after a quarter turn."""
        return Size(self.width, self.height)

    @property
    def label(self) -> str:
        """The side of squares, else both sides."""
        return str(self.width) if self.width == self.height else str(self)

    @property
    def factors(self) -> tuple[int, ...]:
        """The whole numbers that divide both sides, from 1 on."""
        return tuple(factor for factor in range(1, min(self) + 1) if self.is_multiple_of(factor))

    def is_multiple_of(self, factor: int) -> bool:
        """Whether both sides are."""
        return not (self.height % factor or self.width % factor)

    def is_like(self, other: "Size") -> bool:
        """Whether both have the same shape."""
        return self.height * other.width == self.width * other.height

    def is_part_of(self, other: "Size") -> bool:
        """Whether ``other`` is a whole number of times as large, in both directions the same."""
        factor = other.width // self.width
        return other == Size(self.height * factor, self.width * factor)

    def within(self, side: int) -> "Size":
        """The size of the same shape whose longer side is ``side``."""
        return Size(*(round(own * side / max(self)) for own in self))

    def __floordiv__(self, factor: int) -> "Size":
        """So many times smaller."""
        return Size(self.height // factor, self.width // factor)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"
