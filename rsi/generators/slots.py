"""Style codes by style slot."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rsi.errors import InputError


def codes_of_slots(ws: Tensor, filters: Sequence[int]) -> Sequence[Tensor]:
    """The codes of each style slot, ``[B, w_dim]`` or, in W++, ``[B, filters, w_dim]``.

    Args:
        ws: Codes that :func:`check_codes` has accepted.
        filters: The number of codes that each style slot has in W++.
    """
    if ws.ndim == 2:
        return [ws] * len(filters)
    return ws.unbind(1) if ws.shape[1] == len(filters) else torch.split(ws, [*filters], dim=1)


def check_codes(ws: Tensor, w_dim: int, filters: Sequence[int]) -> None:
    """Make sure that codes are in one of the three latent spaces.

    Args:
        ws: ``[B, w_dim]``, ``[B, slots, w_dim]`` or ``[B, filters, w_dim]``.
        w_dim: The length of a code.
        filters: The number of codes that each style slot has in W++.

    Raises:
        InputError: They have another shape.
    """
    slots, codes = len(filters), sum(filters)
    if ws.shape[1:] not in [(w_dim,), (slots, w_dim), (codes, w_dim)]:
        raise InputError(
            f"codes have the shape {list(ws.shape)}: give [B, {w_dim}] (W), "
            f"[B, {slots}, {w_dim}] (W+) or [B, {codes}, {w_dim}] (W++)"
        )
