"""Colour casts."""

import math

import torch
from torch import Tensor

from rsi.degradations.surrogates import soft_clamp
from rsi.degradations.tone import Tone
from rsi.errors import InputError

Row = tuple[float, ...]
UNCHANGED: dict[str, Row] = {"red": (1, 0, 0, 0), "green": (0, 1, 0, 0), "blue": (0, 0, 1, 0)}


class Cast(Tone):
    """``y = M x + offset``, a 3x3 matrix of the colours, clamped.

    Fitted, ``M`` is diagonal: a gain and an offset for each channel. Twelve free numbers explain too much: a face with
    other hair, skin and background as well as the cast.

    Args:
        red: What red becomes: the shares of red, green and blue in it, and an offset; left out, it stays.
        green: The same of green.
        blue: The same of blue. Where none of the three is given, gains and offsets are fitted.

    Raises:
        InputError: A row does not have 4 finite numbers.
    """

    spec_name = "cast"
    matrix: Tensor

    def __init__(self, red: Row | None = None, green: Row | None = None, blue: Row | None = None) -> None:
        rows = {"red": red, "green": green, "blue": blue}
        super().__init__(is_fitted=not any(rows.values()))
        for name, row in rows.items():
            if row is not None and not (len(row) == 4 and all(map(math.isfinite, row))):
                raise InputError(
                    f"cast:{name}={as_text(row)}: give the shares of red, green and blue and an offset, as in "
                    f"cast:{name}=.9/.1/0/.05"
                )
        self.rows = {name: as_text(row) for name, row in rows.items() if row is not None}
        matrix = torch.tensor([rows[name] or row for name, row in UNCHANGED.items()])
        self.register_buffer("matrix", matrix, persistent=False)

    def values(self, x: Tensor) -> Tensor:
        """Every channel as the plane of a line of its own, ``[B, 3, 1, H, W]``."""
        return x.unsqueeze(2)

    def change(self, values: Tensor, colours: Tensor, weights: Tensor) -> Tensor:  # noqa: ARG002
        """The values as images ``[B, 3, H, W]``, clamped."""
        return soft_clamp(values.squeeze(2))

    def change_as_given(self, x: Tensor) -> Tensor:
        """``M x + offset``, clamped, ``[B, 3, H, W]``."""
        return soft_clamp(mix(x, self.matrix))

    def describe(self, lines: Tensor) -> dict[str, float | str]:
        """What each channel becomes by its gain and offset, ``[3, 2]``, as a text gives it."""
        rows: dict[str, float | str] = {}
        for place, (name, (gain, offset)) in enumerate(zip(UNCHANGED, lines.tolist(), strict=True)):
            rows[name] = as_text([*(gain if place == index else 0 for index in range(3)), offset])
        return rows

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """What each channel becomes, given or fitted."""
        return super().read_parameters(index) if self.is_fitted else {**self.rows}

    def extra_repr(self) -> str:
        """The rows that were given."""
        return ", ".join(f"{name}={row}" for name, row in self.rows.items())


def mix(x: Tensor, matrix: Tensor) -> Tensor:
    """Colours ``[B, 3, H, W]`` times a matrix with a column of offsets, ``[3, 4]``."""
    matrix = matrix.to(x)
    return torch.einsum("kc,bchw->bkhw", matrix[:, :3], x) + matrix[:, 3, None, None]


def as_text(row: Row | list[float]) -> str:
    """A row as a text gives it."""
    return "/".join(f"{number:.3g}" for number in row)
