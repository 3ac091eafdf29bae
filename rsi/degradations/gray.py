"""Lost colour: the degradation that colourisation undoes."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from rsi.data.colour import LUMINANCE, weighted_channels
from rsi.degradations.base import Degradation
from rsi.degradations.sepia import Sepia
from rsi.degradations.tone import check_colours
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

Film = Literal["pan", "ortho", "blue"]
FILMS: dict[Film, tuple[float, float, float]] = {
    "pan": (1 / 3, 1 / 3, 1 / 3),
    "ortho": (0.0, 0.55, 0.45),
    "blue": (0.0, 0.0, 1.0),
}
"""Shares of red, green and blue: round numbers, our choice, as emulsions differ. Orthochromatic film is blind to red,
the plates before it to green as well, panchromatic film to nothing."""


class Gray(Degradation):
    """The same shares of red, green and blue in all channels; the results are in colour.

    True operator and approximation are the same but for the 8 bits.

    Args:
        film: ``pan``, ``ortho`` or ``blue``, see ``FILMS``; left out, the luminance of ITU-R BT.601, as JPEG and Pillow
            have it.

    Raises:
        InputError: There is no such film.
    """

    spec_name = "gray"
    restores_colour = True

    def __init__(self, film: Film | None = None) -> None:
        super().__init__()
        if film is not None and film not in FILMS:
            raise InputError(f"gray:film={film}: give one of {', '.join(FILMS)}")
        self.film = film

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Grey images, ``[B, 3, H, W]`` with three equal channels."""
        return weighted_channels(x, LUMINANCE if self.film is None else FILMS[self.film]).expand_as(x)

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that there is colour to lose, and that the colours to fit to are those after this stage.

        Raises:
            InputError: It is otherwise.
        """
        if lost := next((stage for stage in earlier if isinstance(stage, Gray | Sepia)), None):
            raise InputError(
                f"gray after {lost.spec_name}: the picture has no colours of its own any more, leave one of them out"
            )
        check_colours("gray", earlier)

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """The film, if there was one."""
        return {} if self.film is None else {"film": self.film}
