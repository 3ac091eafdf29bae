"""
# Look at the phases

The search widens: one code for the image (W), one for each layer (W+), one for each filter (W++).
"""

import io

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image

import rsi
from rsi.numerics.randomness import ImageRandom

# %%
# A face is saved as a JPEG file of quality 8. Its quantisation tables are in the file, so nothing has to be said of
# them.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([5], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes)[0].detach().clamp(0, 1).permute(1, 2, 0).numpy()
file = io.BytesIO()
Image.fromarray((clean * 255 + 0.5).astype(np.uint8)).save(file, "jpeg", quality=8)
target = Image.open(file)

# %%
# `phases` has the image at the end of each.

schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02), rsi.Phase("W++", 15, 0.02, 0.004)]
restored = rsi.restore(target, "jpeg", schedule=schedule)
images = {"target": target, **restored.phases}

figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
for axis, (title, image) in zip(axes, images.items()):
    psnr = -10 * np.log10(np.square(np.asarray(image) / 255 - clean).mean())
    axis.imshow(image)
    axis.set(title=f"{title}: {psnr:.1f} dB", xticks=[], yticks=[])

# %%
# What was read from the file, and the numbers of codes by phase.

print(restored.parameters)
print({name: tuple(value.shape) for name, value in restored.latent.items()})

# %%
# Where the restoration, degraded again, differs from the target. Black is agreement, which is no proof of truth.

plt.figure(figsize=(3, 3), layout="constrained")
plt.imshow(restored.fidelity_map.numpy(), cmap="gray", vmin=0, vmax=0.3)
plt.axis("off")
plt.show()
