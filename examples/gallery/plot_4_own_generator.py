"""
# A generator of your own

A file that another program wrote, told by its content; nothing in it is run.
"""

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import torch

import rsi
from rsi.commands.main import main
from rsi.generators import save_generator
from rsi.numerics.randomness import ImageRandom

# %%
# Here the file is made of the embedded generator: a state dict with NVIDIA's names, as trainings keep it with
# `torch.save`.

folder = Path(mkdtemp())
generator = rsi.load_generator("avatars128")
torch.save({"G_ema": generator.state_dict()}, folder / "mine.pt")

# %%
# `rsi inspect` says what is in it, what was assumed, and whether it can be used.

main(["inspect", str(folder / "mine.pt")])

# %%
# It is given by its path. The perceptual distance for photographs is LPIPS, so for drawings the embedded one has to
# be named, and step sizes are scaled to the generator's own W, which is measured once.

codes = generator.mapping(ImageRandom([13], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
clean = generator.synthesis(codes).detach().clamp(0, 1)
target = rsi.parse_degradation("noise:M").degrade(clean, ImageRandom([0]))[0]
schedule = [rsi.Phase("W", 30, 0.8, 0.1), rsi.Phase("W+", 20, 0.1, 0.02)]
restored = rsi.restore(target, "noise:M", generator=str(folder / "mine.pt"), perceptual="embedded", schedule=schedule)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for axis, (title, image) in zip(axes, {"target": target, "restored": restored.image, "truth": clean[0]}.items()):
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set(title=title, xticks=[], yticks=[])

# %%
# Converted once, it is read faster and holds weights and architecture alone; `rsi convert mine.pt mine.safetensors`
# does the same.

save_generator(rsi.load_generator(str(folder / "mine.pt")), folder / "mine.safetensors")
print(sorted(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB" for path in folder.iterdir()))
