"""Which numbers are computed with fewer bits under ``--precision bf16``.

The maps inside the two networks are. Codes, styles, images, degradations and distances keep full precision: they cost
little, and rounding them would show.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor

from rsi.errors import InputError

Precision = Literal["32-true", "bf16-mixed"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
IN_SHORT: Mapping[str, Precision] = {"None": "32-true", "32": "32-true", "bf16": "bf16-mixed"}


def full_name(precision: object) -> str:
    """``32`` and ``bf16`` as Lightning calls them, and what is none of them as it is."""
    return IN_SHORT.get(str(precision), str(precision))


def check_precision(precision: str) -> None:
    """Refuse what the methods cannot be computed with.

    Raises:
        InputError: Codes or gradients would be rounded to nothing, or types would not match.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision {precision} is not supported: use 32 or bf16")


def network_dtype(x: Tensor) -> torch.dtype:
    """The type of the maps in a network that reads ``x``: autocast's, or that of ``x`` where autocast is off."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def full_precision(device: torch.device) -> torch.autocast:
    """A context without autocast."""
    return torch.autocast(device.type, enabled=False)
