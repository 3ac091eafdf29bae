"""The convolution of a styled layer and what its gradient is made of."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor
from torch.nn.grad import conv2d_weight

from rsi.generators.modulation import grouped, joined, split
from rsi.generators.stylegan2.resample import smooth


@dataclass(frozen=True)
class Convolution:
    """A 3x3 convolution, transposed with a stride of 2 and smoothed where it doubles the side.

    Attributes:
        weight: ``[out, in, 3, 3]``, shared by all images, or ``[B, out, in, 3, 3]``, one for each.
        taps: The filter ``[4, 4]``, its own mirror image, if the side is doubled.
    """

    weight: Tensor
    taps: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        """``[B, in, H, W]`` to ``[B, out, H, W]``, or with twice the side."""
        weight, groups = grouped(self.weight)
        if self.taps is None:
            return split(F.conv2d(joined(x, groups), weight, padding=1, groups=groups), groups)
        y = F.conv_transpose2d(joined(x, groups), _swapped(weight, groups), stride=2, groups=groups)
        return smooth(split(y, groups), self.taps, padding=1)

    def transpose(self, y: Tensor) -> Tensor:
        """The transposed map: gradients of the output, ``[B, out, H, W]``, to those of the input, ``[B, in, H, W]``."""
        weight, groups = grouped(self.weight)
        if self.taps is None:
            return split(F.conv_transpose2d(joined(y, groups), weight, padding=1, groups=groups), groups)
        y = smooth(y, self.taps, padding=2)
        return split(F.conv2d(joined(y, groups), _swapped(weight, groups), stride=2, groups=groups), groups)

    def weight_gradient(self, x: Tensor, y: Tensor) -> Tensor:
        """The gradient of each image's own weight, ``[B, out, in, 3, 3]``.

        Args:
            x: The input, ``[B, in, H, W]``.
            y: The gradient of the output, ``[B, out, H, W]`` or with twice the side.
        """
        groups, outputs, inputs = self.weight.shape[:3]
        if self.taps is None:
            shape = [groups * outputs, inputs, 3, 3]
            gradient: Tensor = conv2d_weight(joined(x, groups), shape, joined(y, groups), padding=1, groups=groups)  # type: ignore[no-untyped-call]
            return gradient.view_as(self.weight)
        y = joined(smooth(y, self.taps, padding=2), groups)
        shape = [groups * inputs, outputs, 3, 3]
        gradient = conv2d_weight(y, shape, joined(x, groups), stride=2, groups=groups)  # type: ignore[no-untyped-call]
        return gradient.view(groups, inputs, outputs, 3, 3).transpose(1, 2)


def _swapped(weight: Tensor, groups: int) -> Tensor:
    """Inputs before outputs, as transposed convolutions have their weights."""
    if groups == 1:
        return weight.transpose(0, 1)
    return weight.view(groups, -1, *weight.shape[1:]).transpose(1, 2).flatten(0, 1)
