"""
# A perceptual distance of your own

What counts as similar decides what is restored where the target says little.
"""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from torch.nn import functional as F

import rsi
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import PerceptualDistance

# %%
# A distance gives feature maps and how differences of them count; they are compared as unit vectors. These are no
# network: colours and edges at three sizes.


class Edges(PerceptualDistance):
    """Colours and their slopes in both directions, at three sizes."""

    epsilon = 1e-4

    def features(self, images: Tensor) -> list[Tensor]:
        sizes = [images, F.avg_pool2d(images, 2), F.avg_pool2d(images, 4)]
        return [self.edges(image) for image in sizes]

    def edges(self, image: Tensor) -> Tensor:
        right = F.pad(image.diff(dim=3), (0, 1))
        down = F.pad(image.diff(dim=2), (0, 0, 0, 1))
        return torch.cat([image, right, down, torch.full_like(image[:, :1], 0.2)], 1)

    def weights(self) -> None:
        """All channels count the same."""

    def distance(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        return self.stage_distances(features, reference).mean(0)


# %%
# A method reads its distance in `use_perceptual`.


class ByEdges(rsi.Restoration):
    def use_perceptual(self, name: str) -> None:
        self.perceptual = Edges()


# %%
# Beside the embedded network, on a face with noise. The edges find the face and miss its colours.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([21], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes).detach().clamp(0, 1)
target = rsi.parse_degradation("noise:M").degrade(clean, ImageRandom([0]))
schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02)]
modules = {
    "embedded": rsi.Restoration(degradation="noise:M", schedule=schedule),
    "edges": ByEdges(degradation="noise:M", schedule=schedule),
}
images = {"target": target, **{name: module(target) for name, module in modules.items()}, "truth": clean}

figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
for axis, (title, image) in zip(axes, images.items()):
    psnr = -10 * torch.log10((image - clean).square().mean() + 1e-12)
    axis.imshow(image[0].permute(1, 2, 0).numpy())
    axis.set(title=title if title == "truth" else f"{title}: {psnr:.1f} dB", xticks=[], yticks=[])
