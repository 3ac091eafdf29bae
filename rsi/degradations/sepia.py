"""Toned pictures without colour: old prints and the filter of that name."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rsi.data.colour import LUMINANCE, weighted_channels
from rsi.degradations.base import Degradation
from rsi.degradations.cast import mix
from rsi.degradations.fade import describe_line
from rsi.degradations.surrogates import soft_clamp
from rsi.degradations.tone import Tone
from rsi.degradations.tone_fit import fit_curves, powers
from rsi.errors import InputError

MATRIX = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
"""The sepia matrix of W3C's Filter Effects, which browsers and editors have."""


class Sepia(Tone):
    """A colour for every brightness, in place of the picture's own colours; the results are in colour.

    Fitted, ``y = t(black + contrast L)``, clamped, with the luminance ``L``. The tones ``t``, a cubic polynomial for
    each channel, are read from the target, which shows the colour of each of its brightnesses; contrast and black are
    fitted. Given, it is the filter ``(1 - strength) I + strength S`` with the matrix ``S`` of W3C's Filter Effects,
    clamped; below 1 it leaves some colour.

    Args:
        strength: Of the filter, above 0 and at most 1; left out, the toning is fitted.

    Raises:
        InputError: The strength is out of its range.
    """

    spec_name = "sepia"
    restores_colour = True

    def __init__(self, strength: float | None = None) -> None:
        super().__init__(is_fitted=strength is None)
        if strength is not None and not 0 < strength <= 1:
            raise InputError(f"sepia:strength={strength}: give a number above 0, at most 1")
        self.strength = None if strength is None else float(strength)

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that there is no other toning before.

        Raises:
            InputError: There is one.
        """
        if any(isinstance(stage, Sepia) for stage in earlier):
            raise InputError("sepia after sepia: the last toning alone is seen, write it once")
        super().check_place(earlier)

    def values(self, x: Tensor) -> Tensor:
        """The luminance as the plane of one line, ``[B, 1, 1, H, W]``."""
        return weighted_channels(x, LUMINANCE).unsqueeze(1)

    def change(self, values: Tensor, colours: Tensor, weights: Tensor) -> Tensor:
        """The colours that the target has where it is as bright, ``[B, 3, H, W]``, clamped; see :meth:`Tone.change`."""
        curves = fit_curves(self.values(colours)[:, 0].flatten(2), colours.flatten(2), weights.flatten(2))
        return soft_clamp(torch.einsum("bkf,bfhw->bkhw", curves, powers(values[:, 0])))

    def change_as_given(self, x: Tensor) -> Tensor:
        """The filter of photo editors at the strength that was given, ``[B, 3, H, W]``, clamped."""
        matrix = torch.lerp(torch.eye(3), torch.tensor(MATRIX), self.strength or 0.0)
        return soft_clamp(mix(x, torch.cat([matrix, torch.zeros(3, 1)], dim=1)))

    def describe(self, lines: Tensor) -> dict[str, float | str]:
        """Contrast and black of the luminance's line, ``[1, 2]``."""
        return describe_line(lines[0])

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """The strength, or contrast and black of the luminance."""
        return super().read_parameters(index) if self.strength is None else {"strength": self.strength}
