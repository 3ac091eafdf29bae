"""Degradations as short text."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rsi.degradations.base import Composition, Degradation
from rsi.degradations.blur import Blur
from rsi.degradations.cast import Cast
from rsi.degradations.denoising import Denoising
from rsi.degradations.downsampling import AveragePooling, Downsampling, NearestNeighbour
from rsi.degradations.fade import Fade
from rsi.degradations.gaussian_noise import GaussianNoise
from rsi.degradations.gray import Gray
from rsi.degradations.inpainting import Inpainting
from rsi.degradations.jpeg import JPEG
from rsi.degradations.levels import LEVEL_SETTINGS
from rsi.degradations.own_class import is_class_path, make_own
from rsi.degradations.resized import Resized
from rsi.degradations.sepia import Sepia
from rsi.errors import InputError

OPERATORS: Mapping[str, type[Degradation]] = {
    "upsample": Downsampling,
    "noise": Denoising,
    "jpeg": JPEG,
    "inpaint": Inpainting,
    "average_pooling": AveragePooling,
    "nearest": NearestNeighbour,
    "gaussian": GaussianNoise,
    "blur": Blur,
    "resized": Resized,
    "gray": Gray,
    "sepia": Sepia,
    "cast": Cast,
    "fade": Fade,
}
HARMLESS = re.compile(r"\w+(:[\w=./,-]*)?")


@dataclass(frozen=True)
class Kind:
    """What a setting can be.

    Attributes:
        in_words: What it has to be, after "is not".
        read: Makes it of a text; raises ``ValueError`` of another.
    """

    in_words: str
    read: Callable[[str], object]


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split("/")))


PLAIN = {
    int: Kind("a whole number", int),
    float: Kind("a number", float),
    str: Kind("a text", str),
    tuple[float, ...]: Kind("a row of numbers with / between them", _numbers),
}


def parse_degradation(spec: str) -> Degradation:
    """The degradation that a text names, such as ``upsample:factor=8+noise:M+jpeg``.

    Args:
        spec: Names joined with ``+`` in the order the degradations happened. After a name may come a colon
            and, separated by commas, a level from XS to XL and settings such as ``quality=12``. Upper and
            lower case are the same. A class of one's own that needs no arguments is named by its path,
            ``my_module.MyBlur``.

    Raises:
        InputError: A name, level or setting is unknown, a value is not of its kind, a needed one is missing, the order
            makes no sense, or a class of one's own cannot be had.
    """
    stages = [_parse_stage(stage) for stage in spec.split("+")]
    return stages[0] if len(stages) == 1 else Composition(stages)


def parse_harmless(spec: str) -> Degradation:
    """The degradation that a text of somebody else names: neither programs nor files of this machine.

    Raises:
        InputError: It names such, or see :func:`parse_degradation`.
    """
    for stage in spec.split("+"):
        name, _, settings = stage.strip().partition(":")
        if name.lower() not in OPERATORS or not HARMLESS.fullmatch(stage.strip()) or "kernel" in settings.lower():
            raise InputError(f"{stage.strip()!r} is not known here: write {', '.join(OPERATORS)}, joined with +")
    return parse_degradation(spec)


def _parse_stage(text: str) -> Degradation:
    given_name, _, arguments = text.strip().partition(":")
    name = given_name.lower()
    if is_class_path(given_name):
        if arguments:
            raise InputError(f"{given_name} takes no settings here: give them as --degradation.NAME VALUE")
        return make_own(given_name)
    if name not in OPERATORS:
        raise InputError(
            f'unknown degradation "{given_name}": one of {", ".join(OPERATORS)}, joined with +, '
            "or a class path such as my_module.MyBlur"
        )
    settings: dict[str, Any] = {}
    for argument in filter(None, arguments.split(",")):
        settings |= _parse_argument(name, argument.strip())
    _check_complete(name, settings)
    return OPERATORS[name](**settings)


def _parse_argument(name: str, argument: str) -> Mapping[str, object]:
    if "=" not in argument:
        return _settings_of_level(name, argument)
    key, value = (side.strip() for side in argument.split("=", maxsplit=1))
    kind = _kinds(name).get(key.lower())
    if kind is None:
        raise InputError(f'{name} has no setting "{key}": {_possible(name)}')
    try:
        return {key.lower(): kind.read(value)}
    except ValueError:
        raise InputError(f'{name}:{key}="{value}" is not {kind.in_words}: {_possible(name)}') from None


def _settings_of_level(name: str, level: str) -> Mapping[str, object]:
    levels = LEVEL_SETTINGS.get(name, {})
    if level.upper() not in levels:
        raise InputError(f'{name} has no level "{level}": {_possible(name)}')
    return levels[level.upper()]


def _kinds(name: str) -> dict[str, Kind]:
    """The settings that a text can give, from the operator's constructor."""
    hints = get_type_hints(OPERATORS[name].__init__).items()
    return {key: kind for key, hint in hints if key != "return" and (kind := _kind(hint)) is not None}


def _kind(hint: Any) -> Kind | None:  # noqa: ANN401 - any type
    for part in (hint, *get_args(hint)):
        if part in PLAIN:
            return PLAIN[part]
        if get_origin(part) is Literal:
            return _choice(get_args(part))
    return None


def _choice(words: Sequence[str]) -> Kind:
    return Kind(f"one of {', '.join(words)}", lambda text: words[words.index(text.lower())])


def _check_complete(name: str, settings: Mapping[str, object]) -> None:
    parameters = inspect.signature(OPERATORS[name]).parameters.values()
    missing = [p.name for p in parameters if p.default is p.empty and p.name not in settings]
    if missing:
        raise InputError(f"{name} needs {' and '.join(missing)}: {_possible(name)}")


def _possible(name: str) -> str:
    levels = LEVEL_SETTINGS.get(name)
    if not levels:
        settings = " and ".join(_kinds(name))
        return f"it takes {settings}" if settings else f"write {name} alone, the targets say the rest"
    example = ",".join(f"{key}={value}" for key, value in levels["M"].items())
    return f"give a level ({', '.join(levels)}), as in {name}:M, or settings, as in {name}:{example}"
