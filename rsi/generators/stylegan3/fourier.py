"""The Fourier features that a StyleGAN3 picture starts from (Karras et al. 2021, section 3.1)."""

import math

import torch
from torch import Tensor, nn

from rsi.generators.mapping import FullyConnected


class FourierInput(nn.Module):
    """Sines over the plane, turned and shifted by a code.

    The picture spans -0.5 to 0.5, x to the right and y down; the margin of the maps lies outside.

    Args:
        channels: How many sines.
        size: Side of the maps in samples.
        rate: Samples a side of the picture.
        cutoff: The highest frequency, in periods a side of the picture.
        w_dim: Length of a style code.

    Attributes:
        transform: From positions in the picture to those in the plane, ``[3, 3]``, before the code's motion.
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, channels: int, size: int, rate: float, cutoff: float, w_dim: int) -> None:
        super().__init__()
        self.size, self.rate, self.cutoff = size, rate, cutoff
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = FullyConnected(w_dim, 4)
        self.affine.weight.data.zero_()
        self.affine.bias.data[0] = 1
        radius, angle = cutoff * torch.rand(channels).sqrt(), 2 * math.pi * torch.rand(channels)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1))
        self.register_buffer("phases", torch.rand(channels) - 0.5)

    def forward(self, w: Tensor, motion: Tensor | None = None) -> Tensor:
        """The maps ``[B, channels, size, size]`` of codes ``[B, w_dim]``.

        Args:
            w: The codes; each gives the cosine and sine of a turn and a shift, up to a factor.
            motion: From positions in the picture to those in the picture that the code alone stands for,
                ``[B, 3, 3]``.
        """
        plane = self._from_picture(w) if motion is None else self._from_picture(w) @ motion
        turned = self.freqs @ plane[:, :2, :2]
        offset = (self.freqs @ plane[:, :2, 2:]).squeeze(2) + self.phases
        steps = (torch.arange(self.size, device=w.device, dtype=w.dtype) + 0.5 - self.size / 2) / self.rate
        across = steps[:, None] * turned[:, None, :, 0]
        down = steps[:, None] * turned[:, None, :, 1] + offset[:, None]
        waves = torch.sin(2 * math.pi * (down[:, :, None] + across[:, None]))
        # fades what would lie beyond the rate's reach where the motion shrinks the picture
        faded = 1 - (turned.norm(dim=2) - self.cutoff) / (self.rate / 2 - self.cutoff)
        weight = self.weight / math.sqrt(len(self.weight)) * faded.clamp(0, 1)[:, None]
        return torch.einsum("bhwc,boc->bhwo", waves, weight).permute(0, 3, 1, 2)

    def _from_picture(self, w: Tensor) -> Tensor:
        """From positions in the picture to those in the plane, ``[B, 3, 3]``."""
        numbers = self.affine(w)
        cos, sin, x, y = (numbers / numbers[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        turn = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], dim=1).view(-1, 3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], dim=1).view(-1, 3, 3)
        return turn @ shift @ self.transform
