"""
# How sure is it

Several restorations of one image agree where the target decides and differ where the generator invents.
"""

import matplotlib.pyplot as plt
import torch

import rsi
from rsi.numerics.randomness import ImageRandom

# %%
# The right half of a face is unknown.

generator = rsi.load_generator("avatars128")
codes = generator.mapping(ImageRandom([89], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes)[0].detach().clamp(0, 1)
known = torch.ones(128, 128, dtype=torch.bool)
known[:, 64:] = False

# %%
# Three restorations: the first as always, the others from other starts and with other random numbers.

schedule = [rsi.Phase("W", 25, 0.8, 0.1), rsi.Phase("W+", 15, 0.1, 0.02)]
restored = rsi.restore(clean * known, "inpaint", mask=known.numpy(), samples=3, schedule=schedule)
samples = [restored.image, *(sample.image for sample in restored.samples)]
spread = torch.stack(samples).std(0).mean(0)

figure, axes = plt.subplots(1, 5, figsize=(13, 3), layout="constrained")
for axis, image, title in zip(axes, [clean * known, *samples], ["target", "1", "2", "3"]):
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set(title=title, xticks=[], yticks=[])
axes[4].imshow(spread.numpy(), cmap="magma", vmin=0)
axes[4].set(title="standard deviation", xticks=[], yticks=[])

# %%
# The two halves in numbers. Agreement is no proof: all samples come from one generator with its own idea of what is
# likely.

print(f"standard deviation: known {spread[:, :64].mean():.3f}, unknown {spread[:, 64:].mean():.3f}")
