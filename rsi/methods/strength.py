"""How far a latent may be from what the generator draws of one code."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rsi.callbacks.base import RestoredTarget
from rsi.data.colour import luminance
from rsi.errors import InputError
from rsi.methods.base import RestorationMethod


def at_strength(codes: Tensor, strength: float) -> Tensor:
    """The codes of an image between their mean and what they are.

    One code for all filters, as in W, gives the generator's own kind of picture; every filter's own code, as in W++,
    comes nearest to the target.

    Args:
        codes: ``[B, w_dim]``, ``[B, num_ws, w_dim]`` or ``[B, filters, w_dim]``.
        strength: 0 for the mean, 1 for the codes as they are.
    """
    if codes.ndim == 2:
        return codes
    mean = codes.mean(1, keepdim=True)
    return mean + strength * (codes - mean)


def result_at_strength(module: RestorationMethod[Any], result: RestoredTarget, strength: float) -> RestoredTarget:
    """What a method has restored, drawn between the generator's own kind of picture and what is closest to the target.

    Args:
        module: The method.
        result: At full strength.
        strength: As in :func:`at_strength`.

    Raises:
        InputError: The method has no codes, or the strength is not from 0 to 1.
    """
    if strength == 1:
        return result
    if not 0 <= strength <= 1:
        raise InputError(f"strength is {strength}: give 0 to 1")
    if "codes" not in result.latent:
        raise InputError(f"{module.method} has no codes to hold back: leave strength out")
    latent = {name: tensor.unsqueeze(0) for name, tensor in result.latent.items()}
    latent["codes"] = at_strength(latent["codes"], strength)
    with torch.no_grad():
        drawn = module.draw({name: tensor.to(module.device) for name, tensor in latent.items()})
    image = drawn[0].clamp(0, 1).cpu()
    own = {name: tensor[0] for name, tensor in latent.items()}
    return replace(result, image=luminance(image) if result.target.gray else image, latent=own)
