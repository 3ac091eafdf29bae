"""The methods by name."""

from collections.abc import Mapping
from typing import Any

from rsi.errors import InputError
from rsi.methods.base import RestorationMethod
from rsi.methods.ddrm import DDRM
from rsi.methods.lbrgm import LBRGM
from rsi.methods.pulse import Pulse
from rsi.methods.restoration import Restoration

DEFAULT_METHOD = Restoration.method
METHODS: Mapping[str, type[RestorationMethod[Any]]] = {cls.method: cls for cls in (Restoration, Pulse, LBRGM, DDRM)}


def find_method(name: str) -> type[RestorationMethod[Any]]:
    """The class of a method.

    Raises:
        InputError: There is no such method.
    """
    if name not in METHODS:
        raise InputError(f'there is no method "{name}": use one of {", ".join(METHODS)}')
    return METHODS[name]
