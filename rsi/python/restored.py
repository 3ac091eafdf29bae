"""What has become of an image, for Python programs and notebooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from PIL import Image
from torch import Tensor

from rsi.callbacks.base import RestoredTarget
from rsi.python.images import Kind, png_of


@dataclass(frozen=True)
class Restored(Generic[Kind]):
    """A restored image, of the kind of the image that came in.

    In a notebook it shows the target and what the image looked like at the end of each phase.

    Attributes:
        image: The restored image: a PIL image for a path, a URL or a PIL image, else an array or tensor like the one
            that came in; the part of it that the target's picture fills.
        samples: Further restorations of the same image, if several were asked for.
        result: All that is known of it, see :class:`rsi.callbacks.RestoredTarget`.
        convert: Makes an image ``[3, H, W]`` one of the kind that came in.
    """

    image: Kind
    samples: tuple["Restored[Kind]", ...]
    result: RestoredTarget
    convert: Callable[[Tensor], Kind]

    @property
    def name(self) -> str:
        """The name of the file, or the place in the list."""
        return self.result.target.name

    @property
    def phases(self) -> dict[str, Kind]:
        """The image at the end of each phase, by the phase's name, with all that the generator has drawn."""
        return {space: self.convert(image) for space, image in self.result.path}

    @property
    def latent(self) -> Mapping[str, Tensor]:
        """What the generator draws the image of, by name, such as ``codes``, without an axis for the batch."""
        return self.result.latent

    @property
    def fidelity(self) -> float:
        """Perceptual distance of the restoration, degraded again, to the target; 0 is a perfect match."""
        return self.result.fidelity

    @property
    def fidelity_map(self) -> Tensor:
        """Where the two differ, ``[h, w]`` in [0, 1], 0 where the target is unknown."""
        return self.result.fidelity_map

    @property
    def parameters(self) -> Mapping[str, float | str]:
        """The parameters of the degradation in force, read from the file or given."""
        return self.result.parameters

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to make the image fit, in words."""
        return self.result.notes

    def comparison(self) -> Image.Image:
        """The target and the image at the end of each phase, side by side."""
        return self.result.draw_path()

    def show(self) -> None:
        """Open the comparison in a window, as PIL shows pictures."""
        self.comparison().show()

    def _repr_png_(self) -> bytes:
        return png_of(self.comparison())
