"""How a file becomes a target: decoded, told what is known of it, and given the generator's shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from rsi.data.colour import luminance
from rsi.data.decoded import Picture
from rsi.data.fitting import Fit, Fitted, allowed_sides, fit_to_shape
from rsi.data.listing import Listed
from rsi.data.masks import find_mask, known_pixels, parse_color
from rsi.data.reading import read_picture
from rsi.data.target import WITHOUT_COLOUR, Target
from rsi.errors import InputError
from rsi.numerics.randomness import image_seed
from rsi.numerics.size import Size
from rsi.results.layout import check_name
from rsi.storage.location import absolute, locate


class Framing(Protocol):
    """Makes pictures square in the place of :func:`rsi.data.fitting.fit_to_shape`."""

    @property
    def align(self) -> str:
        """What it is called."""

    def __call__(self, picture: Picture, known: Tensor, path: Path, sides: Sequence[int]) -> tuple[Picture, Fitted]:
        """The picture that was cut from, and the square of one of the sides.

        Raises:
            InputError: The picture cannot be used.
        """


@dataclass
class TargetReader:
    """Reads images of a folder as targets.

    Attributes:
        folder: The folder of images, see :func:`rsi.storage.location.locate`.
        mask_dir: The folder of masks, named as the images.
        mask_color: The colour of holes painted into the images.
        fit: What happens to images of another size, see :func:`rsi.data.fitting.fit_to_shape`.
        seed: Of all random numbers.
        color: Restore images without colour in colour.
        framing: What makes images square in place of ``fit``, such as :class:`rsi.photos.framing.FaceFraming`.

    Raises:
        InputError: ``mask_color`` is no colour.
    """

    folder: Path
    mask_dir: Path | None = None
    mask_color: str | None = None
    fit: Fit = "crop"
    seed: int = 0
    color: bool = False
    framing: Framing | None = None

    def __post_init__(self) -> None:
        if self.mask_color is not None:
            parse_color(self.mask_color)

    @property
    def settings(self) -> dict[str, str]:
        """What targets depend on besides the files themselves."""
        return {
            "target_dir": absolute(self.folder),
            "mask_dir": str(self.mask_dir and absolute(self.mask_dir)),
            "mask_color": str(self.mask_color),
            "fit": self.fit,
            "seed": str(self.seed),
            **({"color": "True"} if self.color else {}),
            **({"align": self.framing.align} if self.framing else {}),
        }

    @property
    def folders(self) -> list[Path]:
        """The folders that are read from."""
        return [self.folder, *([self.mask_dir] if self.mask_dir else [])]

    def check_masks(self) -> None:
        """Make sure that masks have a folder of their own.

        Raises:
            InputError: It does not exist, or is that of the images.
        """
        if self.mask_dir is None:
            return
        if not self.mask_dir.is_dir():
            raise InputError(f"mask_dir {str(self.mask_dir)!r} is not a folder")
        if absolute(self.mask_dir) == absolute(self.folder):
            raise InputError(
                f"mask_dir and target_dir are both {str(self.mask_dir)!r}: put the masks in another folder"
            )

    def sources(self, file: str) -> dict[str, Path]:
        """The files that an image is made from today: ``target`` and ``mask``.

        Raises:
            InputError: It has no mask, or several.
        """
        target = self.folder / file
        if self.mask_dir is None or not target.exists():
            return {"target": target}
        return {"target": target, "mask": find_mask(self.mask_dir, file)}

    def read(self, image: Listed, *, resolution: Size, factor: int | None, finds_damage: bool = False) -> Target:
        """Reads one image and makes it fit.

        Args:
            image: The image, for one of its restorations.
            resolution: The size of the generator's images.
            factor: How many times smaller targets are; ``None`` where each target decides.
            finds_damage: What happened is looked for in the pictures.

        Raises:
            InputError: The file or its mask cannot be used.
        """
        _check_unicode(image.file)
        check_name(image.file, image.output, hides_folder=image.hides_folder)
        sources = self.sources(image.file)
        path = sources["target"]
        picture = read_picture(path)
        known = known_pixels(picture, path, mask=sources.get("mask"), mask_color=self.mask_color)
        if self.framing is None:
            fitted = fit_to_shape(
                picture, known, path, resolution=resolution, factor=factor, fit=self.fit, finds_damage=finds_damage
            )
        else:
            picture, fitted = self.framing(picture, known, path, allowed_sides(resolution, factor))
        return make_target(picture, fitted, image, seed=self.seed, color=self.color)


def make_target(picture: Picture, fitted: Fitted, image: Listed, *, seed: int, color: bool) -> Target:
    """A picture that was given the generator's shape, as a target.

    Args:
        picture: The decoded file.
        fitted: What was made of it.
        image: The image, for one of its restorations.
        seed: Of all random numbers of a run.
        color: Restore pictures without colour in colour.
    """
    gray = picture.is_gray and not color
    return Target(
        name=image.name,
        image=luminance(fitted.image).contiguous() if gray else fitted.image,
        known=fitted.known,
        seed=image_seed(image.name, seed),
        frame=fitted.frame,
        jpeg=picture.jpeg,
        motion=fitted.motion,
        surroundings=fitted.surroundings,
        notes=(*picture.notes, *fitted.notes, *([WITHOUT_COLOUR] if gray else [])),
        gray=gray,
        sample=image.sample,
        output=image.output,
        stated_degradation=picture.stated_degradation,
    )


def read_target(
    folder: str | Path,
    name: str,
    *,
    resolution: Size,
    factor: int | None,
    mask_dir: str | None = None,
    **settings: Any,  # noqa: ANN401 - the reader's
) -> Target:
    """One image of a folder, made to fit.

    Args:
        folder: The folder, a path or a URL.
        name: The image's path in it, with forward slashes.
        resolution: The size of the generator's images.
        factor: How many times smaller targets are; ``None`` where each target decides.
        mask_dir: The folder of masks, a path or a URL.
        settings: As of :class:`TargetReader`.

    Raises:
        InputError: The file or its mask cannot be used.
    """
    reader = TargetReader(locate(str(folder)), None if mask_dir is None else locate(mask_dir), **settings)
    return reader.read(Listed(name, name.rpartition(".")[0]), resolution=resolution, factor=factor)


def _check_unicode(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"the file name {name!r} is not valid Unicode: rename the file") from None
