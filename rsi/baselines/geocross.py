"""How far apart the codes of an image's style slots are."""

import torch
from torch import Tensor

SQUARED_LENGTH = 1e-12  # added to squared lengths: the slope of a root has no bound at 0


def geocross(ws: Tensor) -> Tensor:
    """GEOCROSS, the squared angle between the codes of all pairs of slots, ``[B]`` (Menon et al. 2020, equation 7).

    The angle of ``a`` and ``b`` is taken as ``2 atan2(|a - b|, |a + b|)``, exact for codes of equal length. The mean
    goes over all ordered pairs, those of a slot with itself included as in the authors' program, and is multiplied by
    ``w_dim / 8``, which is 64 in their 512 dimensions.

    Args:
        ws: ``[B, num_ws, w_dim]``.
    """
    first, second = torch.triu_indices(ws.shape[1], ws.shape[1], offset=1, device=ws.device)
    a, b = ws[:, first], ws[:, second]
    angles = 2 * torch.atan2(_length(a - b), _length(a + b))
    mean = 2 * angles.square().sum(1) / ws.shape[1] ** 2
    return mean * ws.shape[2] / 8


def _length(vectors: Tensor) -> Tensor:
    return (vectors.square().sum(-1) + SQUARED_LENGTH).sqrt()
