"""Lost contrast: old prints, haze, bad scans."""

from torch import Tensor

from rsi.degradations.tone import Tone
from rsi.errors import InputError

ROUNDING = 1e-9


class Fade(Tone):
    """``y = black + contrast x`` in all channels.

    Args:
        contrast: How far white is from black in the file, above 0; left out with ``black``, both are fitted.
        black: How bright black is in the file.

    Raises:
        InputError: One is given without the other, or out of its range.
    """

    spec_name = "fade"

    def __init__(self, contrast: float | None = None, black: float | None = None) -> None:
        super().__init__(is_fitted=contrast is None)
        if (contrast is None) != (black is None):
            raise InputError("fade takes contrast and black, or neither to fit both: as in fade:contrast=.6,black=.2")
        self.contrast, self.black = (None if number is None else float(number) for number in (contrast, black))
        if self.contrast is not None and not 0 < self.contrast <= 1:
            raise InputError(f"fade:contrast={contrast}: give a number above 0, at most 1")
        if self.contrast is not None and self.black is not None and not 0 <= self.black <= 1 - self.contrast + ROUNDING:
            raise InputError(f"fade:black={black}: give a number from 0 to 1 - contrast, {1 - self.contrast:g}")

    def values(self, x: Tensor) -> Tensor:
        """All channels as planes of one line, ``[B, 1, 3, H, W]``."""
        return x.unsqueeze(1)

    def change(self, values: Tensor, colours: Tensor, weights: Tensor) -> Tensor:  # noqa: ARG002
        """The values as images ``[B, 3, H, W]``."""
        return values.squeeze(1)

    def change_as_given(self, x: Tensor) -> Tensor:
        """``black + contrast x``, ``[B, 3, H, W]``."""
        return (self.black or 0.0) + (self.contrast or 1.0) * x

    def describe(self, lines: Tensor) -> dict[str, float | str]:
        """Contrast and black of the line, ``[1, 2]``."""
        return describe_line(lines[0])

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """Contrast and black, given or fitted."""
        if self.contrast is None or self.black is None:
            return super().read_parameters(index)
        return {"contrast": self.contrast, "black": self.black}


def describe_line(line: Tensor) -> dict[str, float | str]:
    """Gain and offset ``[2]`` as contrast and black."""
    return {name: round(number, 3) for name, number in zip(("contrast", "black"), line.tolist(), strict=True)}
