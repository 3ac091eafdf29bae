"""The pixels that noise has dropped, read from the targets."""

from typing import Literal

from torch import Tensor

from rsi.degradations.base import Composition, Degradation
from rsi.degradations.inpainting import Inpainting

KeepMask = Literal["target", "random"]


def with_kept_pixels(operator: Degradation, observed: Tensor) -> Degradation:
    """The operator, whose approximation loses the very pixels that the targets lack.

    A file does not hold the mask of lost pixels, but they are black in all channels where nothing but holes came after
    their loss: these are the mask. A dark pixel that caught no photon counts as lost, too. Where the targets were
    resized or saved as JPEG after the noise, the mask cannot be seen any more; others are drawn, as in the paper.

    Args:
        operator: The degradation, bound to the targets.
        observed: The targets, ``[B, 3, h, w]``.
    """
    stages = operator.stages if isinstance(operator, Composition) else [operator]
    last = max((index for index, stage in enumerate(stages) if not isinstance(stage, Inpainting)), default=0)
    knowing = stages[last].keeping((observed.amax(1, keepdim=True) > 0).to(observed))
    if knowing is stages[last]:
        return operator
    return Composition([*stages[:last], knowing, *stages[last + 1 :]])
