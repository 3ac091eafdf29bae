"""The degraded images of a folder."""

from pathlib import Path

from rsi.data.fitting import Fit, fit_to_square
from rsi.data.images import read_picture
from rsi.data.masks import find_mask, known_pixels
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.randomness import image_seed


def read_target(
    folder: Path,
    name: str,
    *,
    resolution: int,
    factor: int | None,
    seed: int,
    fit: Fit = "crop",
    mask_dir: Path | None = None,
    mask_color: str | None = None,
) -> Target:
    """Reads one degraded image and makes it fit.

    Args:
        folder: The target folder.
        name: The image's path in it, with forward slashes.
        resolution: Side in pixels of the generator's images.
        factor: How many times smaller targets are; ``None`` where each target decides.
        seed: The seed of the run.
        fit: What happens to other sizes, see :func:`rsi.data.fitting.fit_to_square`.
        mask_dir: Folder of mask pictures, white where a pixel is known.
        mask_color: Colour of unknown pixels.

    Raises:
        InputError: The file or its mask cannot be used.
    """
    _check_unicode(name)
    path = folder / name
    picture = read_picture(path)
    mask = find_mask(mask_dir, name) if mask_dir else None
    known = known_pixels(picture, path, mask=mask, mask_color=mask_color)
    square = fit_to_square(picture, known, path, resolution=resolution, factor=factor, fit=fit)
    return Target(
        name=name,
        image=square.image,
        known=square.known,
        seed=image_seed(name, seed),
        jpeg=picture.jpeg,
        frame=square.frame,
        notes=(*picture.notes, *square.notes),
    )


def _check_unicode(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"the file name {name!r} is not valid Unicode: rename the file") from None
