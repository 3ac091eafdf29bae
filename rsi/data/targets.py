"""The degraded images of a folder."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from rsi.data.fitting import Fit, fit_to_square
from rsi.data.images import SUFFIXES, read_picture
from rsi.data.masks import find_mask, known_pixels
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.randomness import image_seed


def list_images(folder: Path, leave_out: Collection[Path] = ()) -> list[str]:
    """The pictures in a folder and its subfolders, by suffix: sorted relative paths with forward slashes.

    Hidden files and folders, linked folders and the output folders of runs are passed over.

    Args:
        folder: Where to look.
        leave_out: Folders inside it that hold something else, such as masks.

    Raises:
        InputError: There is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        problem = "is a file, give the folder that holds it" if folder.exists() else "does not exist"
        raise InputError(f"the target folder {str(folder)!r} {problem}")
    others = {path.resolve() for path in leave_out}
    names = sorted(path.relative_to(folder).as_posix() for path in _walk(folder, others))
    if not names:
        raise InputError(f"no picture in {str(folder)!r}: files are read that end in {' '.join(SUFFIXES)}")
    return names


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


def output_name(name: str, names: Collection[str]) -> str:
    """What the results of an image are named, without a suffix, unique among those of a run.

    It is the name without its suffix, ``a`` for ``a.png``; if that belongs to another input too, as for
    ``a.png`` and ``a.jpg``, or is another input's whole name, the suffix stays. Case is ignored, as some file
    systems do.

    Args:
        name: One of the names, with its suffix.
        names: All inputs of the run.
    """
    stem = name.rpartition(".")[0]
    folded = stem.casefold()
    rivals = (other.casefold() for other in names if other != name)
    shared = any(folded in (other, other.rpartition(".")[0]) for other in rivals)
    return name if shared else stem


def _walk(folder: Path, leave_out: Collection[Path]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        inside = Path(parent)
        if inside != folder and _holds_results(folders, files):
            folders.clear()
            continue
        folders[:] = [f for f in folders if not f.startswith(".") and (inside / f).resolve() not in leave_out]
        yield from (inside / f for f in files if not f.startswith(".") and Path(f).suffix.lower() in SUFFIXES)


def _holds_results(folders: Collection[str], files: Collection[str]) -> bool:
    """Whether a folder has the layout of :class:`rsi.results.ResultFolder`."""
    return "settings.json" in files and not {"latents", "records"}.isdisjoint(folders)


def _check_unicode(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"the file name {name!r} is not valid Unicode: rename the file") from None
