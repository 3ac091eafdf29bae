"""Images of any kind, restored in one line."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, overload

import torch
from PIL import Image
from rich.progress import Progress

from rsi.callbacks.base import RestoredTarget
from rsi.commands.main import main
from rsi.data.batches import batch_key
from rsi.data.fitting import fit_to_shape
from rsi.data.listing import Listed
from rsi.data.masks import known_pixels
from rsi.data.target import Target
from rsi.data.target_reader import make_target
from rsi.degradations import Degradation
from rsi.errors import InputError
from rsi.methods.base import RestorationMethod
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.registry import DEFAULT_METHOD, find_method
from rsi.methods.strength import result_at_strength
from rsi.numerics.randomness import image_seed
from rsi.python.images import Kind, Source, as_given, picture_of
from rsi.python.restored import Restored
from rsi.results.folder import ResultFolder
from rsi.results.records import Row

AT_ONCE = 8  # images of a kind
NETWORKS_KEPT = 4  # modules with their networks
ONE_AT_A_TIME = threading.RLock()
USAGE = 2  # the status of a command that cannot be run as it was given


@overload
def restore(images: Kind, degradation: Degradation | str = ..., **settings: Any) -> Restored[Kind]: ...
@overload
def restore(images: str | Path, degradation: str = ..., *, output_dir: str | Path, **settings: Any) -> list[Row]: ...
@overload
def restore(images: str | Path, degradation: Degradation | str = ..., **settings: Any) -> Restored[Image.Image]: ...
@overload
def restore(
    images: Sequence[str | Path], degradation: Degradation | str = ..., **settings: Any
) -> list[Restored[Image.Image]]: ...
@overload
def restore(images: Sequence[Kind], degradation: Degradation | str = ..., **settings: Any) -> list[Restored[Kind]]: ...
def restore(
    images: Source | Sequence[Source],
    degradation: Degradation | str = "jpeg",
    *,
    mask: Source | None = None,
    method: str = DEFAULT_METHOD,
    generator: str = "avatars128",
    samples: int = 1,
    seed: int = 0,
    color: bool = False,
    strength: float = 1.0,
    progress: bool = False,
    output_dir: str | Path | None = None,
    **settings: Any,
) -> Any:
    """Restore an image, a list of images, or a folder.

    The networks are read once and kept for the next call.

    Args:
        images: A path or URL, a PIL image, an array ``[h, w, 3]`` of uint8 or of floats in [0, 1], a tensor
            ``[3, h, w]`` of floats in [0, 1], or a list of such; with ``output_dir``, a folder.
        degradation: What happened to them, see :func:`rsi.parse_degradation`.
        mask: What is known of the image, white or true where it is: a path, a picture, or an array ``[h, w]``.
        method: ``rsi``, ``pulse``, ``lbrgm`` or ``ddrm``.
        generator: A name or file, see :func:`rsi.load_generator`.
        samples: How many restorations of each image; the others are in ``samples`` of the first.
        seed: Of all random numbers.
        color: Restore images without colour in colour.
        strength: 1 for what is closest to the image, 0 for the generator's own kind of picture, as of ``rsi restore``.
        progress: Show how far it is.
        output_dir: Where the results of a folder go, as ``rsi fit`` writes them; what is there already is kept.
        settings: Of the method, such as ``schedule`` of :class:`rsi.Restoration`; with ``output_dir`` options of
            ``rsi fit``, such as ``batch_size``.

    Returns:
        A :class:`rsi.Restored`, a list of them for a list, or the rows of ``results.csv`` for a folder.

    Raises:
        InputError: Something cannot be used; the message says what to do.
    """
    if output_dir is not None and strength != 1:
        raise InputError(f"strength {strength} is for images, not for a folder with output_dir: rsi restore has it")
    if output_dir is not None:
        options = {"generator": generator, "method": method, "samples": samples, "seed": seed, "color": color}
        return _restore_folder(images, degradation, Path(output_dir), {**options, **settings})
    if samples < 1:
        raise InputError(f"samples is {samples}: give 1 or more")
    given: list[Any] = list(images) if isinstance(images, list | tuple) else [images]
    if mask is not None and len(given) > 1:
        raise InputError("a mask is for one image: restore images with masks one by one")
    module = _kept_module(method, generator, tuple((name, _hashable(value)) for name, value in settings.items()))
    with ONE_AT_A_TIME, module.undoing(degradation):
        targets = [
            target
            for place, image in enumerate(given)
            for target in _targets(module, image, f"image {place}", mask, samples, seed, color)
        ]
        results = [result_at_strength(module, result, strength) for result in _restore(module, targets, progress)]
    restored = [_collect(image, results[place * samples : (place + 1) * samples]) for place, image in enumerate(given)]
    return restored if isinstance(images, list | tuple) else restored[0]


@lru_cache(maxsize=NETWORKS_KEPT)
def _kept_module(method: str, generator: str, settings: tuple[tuple[str, Any], ...]) -> RestorationMethod[Any]:
    kind = find_method(method)
    make: Callable[..., RestorationMethod[Any]] = kind
    network = {"generator": generator} if issubclass(kind, GeneratorMethod) else {}
    try:
        module = make(**network, **dict(settings))
    except TypeError as error:
        raise InputError(f"{method} has no such setting: {error}") from None
    module.configure_model()
    return module.to("cuda" if torch.cuda.is_available() else "cpu")


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _targets(
    module: RestorationMethod[Any],
    image: Source,
    place: str,
    mask: Source | None,
    samples: int,
    seed: int,
    color: bool,
) -> list[Target]:
    """An image as a target for each of its restorations, named as a file of a folder would be."""
    path = Path(str(image)) if isinstance(image, str | Path) else Path(place)
    picture = picture_of(image)
    known = known_pixels(picture, path, mask=None if mask is None else picture_of(mask))
    fitted = fit_to_shape(
        picture,
        known,
        path,
        resolution=module.resolution,
        factor=module.target_factor,
        fit="crop",
        finds_damage=module.finds_damage,
    )
    restorations = Listed(path.name, path.stem).samples(samples)
    targets = [make_target(picture, fitted, one, seed=seed, color=color) for one in restorations]
    module.check_target(targets[0])
    return targets if isinstance(image, str | Path) else [_seeded_by_content(target, seed) for target in targets]


def _seeded_by_content(target: Target, seed: int) -> Target:
    """An image without a file's name draws the same random numbers wherever it stands in a list."""
    content = hashlib.sha256(target.image.numpy().tobytes()).hexdigest()
    return replace(target, seed=image_seed(f"{content}~{target.sample}", seed))


def _restore(module: RestorationMethod[Any], targets: Sequence[Target], progress: bool) -> list[RestoredTarget]:
    """Restore targets in batches of a kind; results are in the order of the targets."""
    results: dict[int, RestoredTarget] = {}
    places = sorted(range(len(targets)), key=lambda place: str(batch_key(targets[place])))
    with Progress(disable=not progress) as bar:
        task = bar.add_task("restoring", total=len(targets) * module.steps_per_batch)
        for _, alike in groupby(places, key=lambda place: batch_key(targets[place])):
            for batch in _chunks(list(alike)):
                advance = partial(bar.advance, task, len(batch))
                module.restore([targets[place] for place in batch], advance)
                results.update(zip(batch, module.restored(), strict=True))
    return [results[place] for place in range(len(targets))]


def _chunks(places: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(places), AT_ONCE):
        yield places[first : first + AT_ONCE]


def _collect(given: Source, results: Sequence[RestoredTarget]) -> Restored[Any]:
    convert = partial(as_given, given=given)
    first, *others = [Restored(convert(result.framed), (), result, convert) for result in results]
    return replace(first, samples=tuple(others))


def _restore_folder(
    folder: object, degradation: Degradation | str, output_dir: Path, options: Mapping[str, object]
) -> list[Row]:
    if not isinstance(folder, str | Path) or not isinstance(degradation, str):
        raise InputError("with output_dir, give a folder and the degradation as text, as rsi fit takes them")
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    fit = ["fit", "--target_dir", str(folder), "--degradation", degradation, "--output_dir", str(output_dir), *flags]
    if main(fit) == USAGE:
        raise InputError(f"rsi {' '.join(fit)} cannot be run: the line above says why")
    return list(ResultFolder(output_dir).rows())
