"""Low resolution: the degradation that upsampling undoes."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from rsi.data.target import Target
from rsi.degradations.base import Degradation, quantise
from rsi.degradations.jpeg import check_not_saved
from rsi.degradations.pillow import BY_NAME, through_pillow
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

FILTERS = tuple(BY_NAME.values())


class Downsampling(Degradation):
    """Images made smaller (RSI, Poirier-Ginter & Lalonde 2023).

    The approximation is average pooling. The true operator is Pillow's resizing with a filter drawn uniformly
    from bilinear, bicubic and Lanczos.

    Args:
        factor: How many times smaller; left out, the ratio of the generator's size to the target's.

    Raises:
        InputError: ``factor`` is less than 1.
    """

    spec_name = "upsample"

    def __init__(self, factor: int | None = None) -> None:
        super().__init__()
        if factor is not None and factor < 1:
            raise InputError(f"{self.spec_name}:factor={factor}: give a whole number of at least 1")
        self.factor = factor

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Average pooling, ``[B, 3, H, W]`` to ``[B, 3, H / factor, W / factor]``.

        Raises:
            InputError: The factor is not known or does not divide the sides.
        """
        self._small_size(x)
        return F.avg_pool2d(x, self._known_factor)

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Pillow's resizing with a random filter, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1].

        Raises:
            InputError: The factor is not known or does not divide the sides.
        """
        size = self._small_size(x)
        filters = [FILTERS[choice] for choice in random.choice(len(FILTERS))]
        return through_pillow(x, lambda index, picture: picture.resize(size, filters[index]))

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Downsampling":
        """The operator whose factor leads from ``resolution`` to the size of the targets.

        Raises:
            InputError: No whole factor does, or another one was given.
        """
        for target in targets:
            self._check_fit(target, resolution)
        return type(self)(resolution.width // targets[0].image.shape[-1])

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that the file was not saved before as its header says.

        Raises:
            InputError: It was.
        """
        check_not_saved(self.spec_name, earlier)

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """The factor."""
        return {"factor": self._known_factor}

    @property
    def _known_factor(self) -> int:
        if self.factor is None:
            raise InputError(
                f"{self.spec_name} has no factor yet: give one, {self.spec_name}:factor=8, or bind it to targets"
            )
        return self.factor

    def _small_size(self, x: Tensor) -> tuple[int, int]:
        """Width and height of the images once they are smaller.

        Raises:
            InputError: The factor is not known or does not divide the sides.
        """
        factor, (height, width) = self._known_factor, x.shape[-2:]
        if height % factor or width % factor:
            raise InputError(
                f"an image of {width}x{height} cannot become {factor} times smaller: its sides are no multiples of that"
            )
        return width // factor, height // factor

    def _check_fit(self, target: Target, resolution: Size) -> None:
        own = Size.of(target.image)
        factor = self.factor or max(1, resolution.width // own.width)
        if Size(own.height * factor, own.width * factor) == resolution:
            return
        if self.factor is None:
            raise InputError(
                f"{target.name!r} is {own}, which does not divide {resolution}: "
                f"resize it to one of {', '.join(str(resolution // factor) for factor in resolution.factors)}"
            )
        raise InputError(
            f"{target.name!r} is {own}, which times {self.spec_name}:factor={self.factor} is not "
            f"{resolution}: leave the factor out or resize the file"
        )


class AveragePooling(Downsampling):
    """Images made smaller by average pooling; the approximation is exact but for the 8 bits (RSI, table 3).

    Args:
        factor: As of :class:`Downsampling`.
    """

    spec_name = "average_pooling"

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Average pooling, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1]."""
        return quantise(self(x, random))


class NearestNeighbour(Downsampling):
    """Images made smaller by leaving out pixels; the approximation is average pooling, inexact (RSI, table 3).

    Args:
        factor: As of :class:`Downsampling`.
    """

    spec_name = "nearest"

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Pillow's nearest neighbour, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1]."""
        size = self._small_size(x)
        return through_pillow(x, lambda _, picture: picture.resize(size, Image.Resampling.NEAREST))
