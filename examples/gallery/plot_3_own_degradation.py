"""
# A degradation of your own

A camera that moved while the shutter was open: a differentiable map is all that is needed.
"""

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from torch.nn import functional as F

import rsi
from rsi.numerics.randomness import ImageRandom

# %%
# `forward` maps `[B, 3, H, W]` to the same and has a gradient. Random numbers, if it needs some, come from `random`.
# `degrade` is left out, so the true operator is `forward` with 8 bits.


class Shaken(rsi.Degradation):
    """Blur along a line.

    Args:
        length: Of the line in pixels.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        line = torch.ones(3, 1, 1, self.length).to(x) / self.length
        before = (self.length - 1) // 2
        padded = F.pad(x, (before, self.length - 1 - before, 0, 0), mode="replicate")
        return F.conv2d(padded, line, groups=3)


# %%
# It composes with those that there are: shaken, then noise. A class in a file is taken by `rsi fit`, too, as
# `--degradation my_module.Shaken --degradation.length 15`.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([8], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes).detach().clamp(0, 1)
degradation = Shaken(15) + rsi.parse_degradation("gaussian:sigma=0.05")
target = degradation.degrade(clean, ImageRandom([0]))[0]

schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02)]
restored = rsi.restore(target, degradation, schedule=schedule)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for axis, (title, image) in zip(axes, {"target": target, "restored": restored.image, "truth": clean[0]}.items()):
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set(title=title, xticks=[], yticks=[])
