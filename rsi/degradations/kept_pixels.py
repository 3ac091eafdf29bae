"""The pixels that noise has dropped, read from the targets."""

from typing import Literal

from torch import Tensor

from rsi.degradations.base import Composition, Degradation
from rsi.degradations.denoising import Denoising
from rsi.degradations.inpainting import Inpainting

KeepMask = Literal["target", "random"]


def with_kept_pixels(operator: Degradation, observed: Tensor) -> Degradation:
    """The operator, whose approximation of Poisson-Bernoulli noise drops the very pixels that the targets lack.

    The baselines are given the true Bernoulli mask (RSI, evaluation), the method itself by default is not. A file does
    not hold the mask, but dropped pixels are black in all channels where nothing but holes came after the noise: these
    are the mask. A dark pixel that caught no photon counts as dropped, too. Where the targets were resized or saved as
    JPEG after the noise, the mask cannot be seen any more, and fresh ones are drawn as in the method.

    Args:
        operator: The degradation, bound to the targets.
        observed: The targets, ``[B, 3, h, w]``.
    """
    stages = operator.stages if isinstance(operator, Composition) else [operator]
    last = max((index for index, stage in enumerate(stages) if not isinstance(stage, Inpainting)), default=0)
    noise = stages[last]
    if not isinstance(noise, Denoising):
        return operator
    noise = noise.keeping((observed.amax(1, keepdim=True) > 0).to(observed))
    return Composition([*stages[:last], noise, *stages[last + 1 :]])
