"""How far a step goes in the W space of a generator."""

import math
from pathlib import Path
from typing import Literal

from rsi.errors import InputError
from rsi.generators.generator import Generator
from rsi.generators.statistics import w_rms
from rsi.log import tell_once
from rsi.storage.atomic import atomic_path
from rsi.storage.cache import weights_folder

FFHQ_W_RMS = 9.95
DIGITS = 4

LrScale = float | Literal["auto"] | None


def step_scale(generator: Generator, wanted: LrScale = None) -> float:
    """The factor of the step sizes, which were tuned to the W space of FFHQ.

    Args:
        generator: The generator.
        wanted: The factor itself; ``auto`` for the generator's own root-mean-square distance from the mean code over
            FFHQ's; ``None`` for what its file or the zoo recommend, or else ``auto``.

    Raises:
        InputError: The factor is not a positive number.
    """
    if wanted is None and generator.info.lr_scale is not None:
        return generator.info.lr_scale
    if wanted is None or wanted == "auto":
        scale = measured_scale(generator)
        tell_once(f"step scale: {scale}, measured")
        return scale
    if isinstance(wanted, str) or not 0 < wanted < math.inf:
        raise InputError(f"--lr_scale {wanted} is not a positive number: give one, or auto")
    return wanted


def measured_scale(generator: Generator) -> float:
    """:func:`rsi.generators.w_rms` over FFHQ's, to four digits; measured once for a file and then cached.

    Raises:
        InputError: All codes of the generator are the same.
    """
    path = _cache(generator)
    if path is None:
        return _measure(generator)
    try:
        scale = float(path.read_text())
    except (OSError, ValueError):
        scale = math.nan
    if not 0 < scale < math.inf:
        scale = _measure(generator)
        _keep(scale, path)
    return scale


def _measure(generator: Generator) -> float:
    scale = float(f"{w_rms(generator) / FFHQ_W_RMS:.{DIGITS}g}")
    if not 0 < scale < math.inf:
        raise InputError(f"the codes of {generator.info.name} do not spread ({scale}): give --lr_scale yourself")
    return scale


def _cache(generator: Generator) -> Path | None:
    """Where the scale of a file is kept, and of each class in it; ``None`` if it can be kept nowhere."""
    info = generator.info
    label = "" if info.class_label is None else f"-class{info.class_label}"
    try:
        return weights_folder() / "rsi" / f"{info.sha256}{label}.lr_scale" if info.sha256 else None
    except InputError:  # no home folder
        return None


def _keep(scale: float, path: Path) -> None:
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(f"{scale}\n")
    except OSError:
        tell_once(f"step scale: {path} cannot be written, so it is measured every time")
