"""
# Side by side with deepinv

Every method is one of [deepinv](https://deepinv.github.io)'s reconstructors: `model(y, physics)`.
"""

import deepinv
import matplotlib.pyplot as plt
import torch
from deepinv.physics import LinearPhysics
from torch import Tensor

import rsi
from rsi.numerics.randomness import ImageRandom

# %%
# A blur with noise, as deepinv has it.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([144], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
x = generator.synthesis(codes).detach().clamp(0, 1)
kernel = deepinv.physics.functional.blur.gaussian_blur(sigma=(3.0, 3.0))
noise = deepinv.physics.GaussianNoise(0.03)
physics = deepinv.physics.BlurFFT((3, 128, 128), filter=kernel, noise_model=noise)
torch.manual_seed(0)
y = physics(x)

# %%
# Three reconstructions: the regularised inverse, total variation, and this method.


def total_variation(y: Tensor, physics: LinearPhysics, steps: int = 60, weight: float = 0.002) -> Tensor:
    """Proximal gradient descent."""
    prior, x = deepinv.optim.TVPrior(n_it_max=20), y.clone()
    for _ in range(steps):
        x = prior.prox(x - physics.A_adjoint(physics.A(x) - y), gamma=weight)
    return x


schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02)]
images = {
    "measured": y,
    "inverse": physics.prox_l2(y, y, gamma=100.0),
    "total variation": total_variation(y, physics),
    "rsi": rsi.Restoration(schedule=schedule)(y.clamp(0, 1), physics),
    "truth": x,
}

# %%
# Distances by deepinv's own measure. The first two know nothing of faces; the last can draw nothing else.

psnr = deepinv.loss.metric.PSNR()
figure, axes = plt.subplots(1, 5, figsize=(13, 3), layout="constrained")
for axis, (title, image) in zip(axes, images.items()):
    axis.imshow(image[0].clamp(0, 1).permute(1, 2, 0).numpy())
    axis.set(title=title if title == "truth" else f"{title}: {psnr(image, x).item():.1f} dB", xticks=[], yticks=[])
