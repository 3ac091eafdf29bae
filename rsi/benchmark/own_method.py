"""Methods of the user's own, by class path, for the benchmark."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from rsi.degradations.own_class import explain, find_subclass
from rsi.errors import InputError
from rsi.methods.base import RestorationMethod
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.registry import METHODS

OwnMethod = type[RestorationMethod[Any]]


def find_own_method(class_path: str) -> OwnMethod:
    """The class that a path such as ``my_module.MyMethod`` names, once it is seen to have what the benchmark needs.

    It has to be a :class:`rsi.RestorationMethod` with nothing abstract left and a ``method`` of its own, the name that
    tables give it. Its ``__init__`` takes ``degradation``, and ``generator`` if it is a
    :class:`rsi.methods.generator_based.GeneratorMethod`; it may take ``perceptual``, and has defaults for the rest.

    Raises:
        InputError: There is no such class, or it lacks something, which is named.
    """
    kind: OwnMethod = find_subclass(class_path, RestorationMethod, "method")
    for lack in _lacks(kind):
        raise InputError(f'method "{class_path}" {lack}')
    return kind


def build_own(kind: OwnMethod, degradation: str, generator: str, perceptual: str) -> RestorationMethod[Any]:
    """The module, given those of the arguments that it takes.

    Args:
        kind: What :func:`find_own_method` has found.
        degradation: As :func:`rsi.parse_degradation` takes it.
        generator: As :func:`rsi.load_generator` takes it.
        perceptual: As :func:`rsi.perceptual.load_perceptual` takes it.

    Raises:
        InputError: It fails; the line of the user's own is named.
    """
    offered = {"degradation": degradation, "generator": generator, "perceptual": perceptual}
    taken = signature(kind).parameters
    make: Callable[..., RestorationMethod[Any]] = kind
    try:
        return make(**{name: value for name, value in offered.items() if name in taken})
    except Exception as error:
        raise explain(f"{kind.__module__}.{kind.__qualname__}", error, what="method") from error


def _lacks(kind: OwnMethod) -> list[str]:
    abstract = sorted(kind.__abstractmethods__)
    name = getattr(kind, "method", "")
    arguments = signature(kind).parameters
    required = ["degradation", *(["generator"] if issubclass(kind, GeneratorMethod) else [])]
    missing = [argument for argument in required if argument not in arguments]
    empty = [a.name for a in arguments.values() if _has_to_be_given(a) and a.name not in (*required, "perceptual")]
    lacks = {
        f"lacks {', '.join(abstract)}: give the class these": abstract,
        'lacks a name: write method = "my_method" into the class': not name,
        f'has the name "{name}" of another method: write method = "my_method" into the class': name in METHODS,
        f"takes no {' and no '.join(missing)}: add them to the arguments of __init__": missing,
        f"has to be given {', '.join(empty)}: give defaults to these arguments of __init__": empty,
    }
    return [text for text, holds in lacks.items() if holds]


def _has_to_be_given(argument: Parameter) -> bool:
    return argument.default is Parameter.empty and argument.kind not in (
        Parameter.VAR_KEYWORD,
        Parameter.VAR_POSITIONAL,
    )
