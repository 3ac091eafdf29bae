"""Which of the state dicts in a file is the generator's, told by the names of its tensors."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import DICTIONARIES, Call, UnknownGlobalError, dictionary
from rsi.generators.files.naming import NAMINGS, NVIDIA_MARKS, Naming, some
from rsi.generators.files.other_networks import name_other_network

AVERAGED = ("g_ema", "params_ema", "G_ema", "state_dict")
CURRENT = ("g", "params")
MODELS = ("", "generator_ema.", "decoder.", "generator.")
PARALLEL = ("", "module.")
PREFIXES = tuple(dict.fromkeys(f"{a}{model}{b}" for model in MODELS for b in PARALLEL for a in PARALLEL))


@dataclass(frozen=True)
class FoundStateDict:
    """The state dict of a generator.

    Attributes:
        naming: Whose names its tensors have; ``None`` for NVIDIA's.
        place: Where it is, for a person; empty if it is the file itself.
        records: Its tensors, not read, without the prefix.
    """

    naming: Naming | None
    place: str
    records: Mapping[str, object]


def find_generator(root: object) -> FoundStateDict:
    """The generator of a file, the averaged one if there are two.

    Args:
        root: What the file holds, as :func:`rsi.generators.files.inert_pickle.read_pickle` gives it.

    Raises:
        UnknownGlobalError: It is an object of some class.
        InputError: There is no StyleGAN2 in it; the message says what there is, if that is known.
    """
    if isinstance(root, Call) and root.name not in DICTIONARIES:
        raise UnknownGlobalError(root.name)
    states = [*_states(root)]
    for place, state in states:
        for prefix in PREFIXES:
            for naming in (None, *NAMINGS):
                if {prefix + mark for mark in _marks(naming)} <= state.keys():
                    return FoundStateDict(naming, _describe(place, prefix), _under(prefix, state))
    raise InputError(name_other_network(root, [state for _, state in states]) or _unknown(root))


def _states(root: object) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """What may be the state dict of a generator, and its name, the better before the others."""
    named = dictionary(root)
    for name in AVERAGED:
        yield name, dictionary(named.get(name))
    yield "", named
    for number, part in enumerate(root if isinstance(root, list | tuple) else ()):
        yield f"element {number}", dictionary(part)
    for name in CURRENT:
        yield name, dictionary(named.get(name))


def _marks(naming: Naming | None) -> Collection[str]:
    return NVIDIA_MARKS if naming is None else naming.marks


def _describe(place: str, prefix: str) -> str:
    return ", ".join(part for part in (place, f"{prefix}*" if prefix else "") if part)


def _under(prefix: str, state: Mapping[Any, Any]) -> dict[str, object]:
    """What is under a prefix."""
    names = {name: str(name) for name in state}
    return {text.removeprefix(prefix): state[name] for name, text in names.items() if text.startswith(prefix)}


def _unknown(root: object) -> str:
    held = f"it holds {some(dictionary(root)) or 'no tensors'}"
    return f"no StyleGAN2 whose names are known (NVIDIA's, rosinality's, BasicSR's, MMGeneration's): {held}"
