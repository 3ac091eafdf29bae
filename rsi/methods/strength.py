"""How far a latent may be from what the generator draws of one code."""

from torch import Tensor


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
