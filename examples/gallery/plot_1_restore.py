"""
# Restore an image

A face is drawn, made small, and made large again.
"""

import matplotlib.pyplot as plt
import torch

import rsi
from rsi.numerics.randomness import ImageRandom

# %%
# A face that the embedded generator draws, `[1, 3, 128, 128]` in [0, 1], stands for a photograph that nobody has
# degraded.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([3], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes).detach().clamp(0, 1)

# %%
# What happens to it is a degradation: here each pixel of the small image is made of 8 x 8. `degrade` is the true
# operator, as files have it, with 8 bits.

small = rsi.parse_degradation("upsample:factor=8").degrade(clean, ImageRandom([0]))[0]

# %%
# One line restores it. Whatever kind of image goes in comes out: here a tensor `[3, h, w]`, else a path, a PIL image
# or an array. The schedule is short; left out, it is the paper's, with 450 steps.

schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02)]
restored = rsi.restore(small, "upsample", schedule=schedule)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for axis, (title, image) in zip(axes, {"target": small, "restored": restored.image, "truth": clean[0]}.items()):
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set(title=title, xticks=[], yticks=[])

# %%
# How far it came, as distances to the target and to the truth, which only this example knows.

psnr = -10 * torch.log10((restored.image - clean[0]).square().mean())
print(f"fidelity {restored.fidelity:.3f}, PSNR {psnr:.1f} dB")
