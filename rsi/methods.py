"""The methods by name."""

from collections.abc import Mapping

from rsi.baselines.ddrm import DDRM
from rsi.baselines.lbrgm import LBRGM
from rsi.baselines.pulse import Pulse
from rsi.errors import InputError
from rsi.method import RestorationMethod
from rsi.restoration import Restoration

DEFAULT_METHOD = Restoration.method
METHODS: Mapping[str, type[RestorationMethod]] = {cls.method: cls for cls in (Restoration, Pulse, LBRGM, DDRM)}


def find_method(name: str) -> type[RestorationMethod]:
    """The class of a method.

    Raises:
        InputError: There is no such method.
    """
    if name not in METHODS:
        raise InputError(f'there is no method "{name}": use one of {", ".join(METHODS)}')
    return METHODS[name]
