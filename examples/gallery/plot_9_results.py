"""
# Read results.csv with pandas

A folder is restored as `rsi fit` does it, and its table says what became of every image.
"""

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import pandas as pd
import torch

import rsi
from rsi.data.pictures import to_picture
from rsi.numerics.randomness import ImageRandom

# %%
# Four JPEG files of different qualities, and one that is none.

folder = Path(mkdtemp())
(folder / "imgs").mkdir()
generator = rsi.load_generator("avatars128")
for seed, quality in enumerate((5, 10, 20, 40)):
    codes = generator.mapping(ImageRandom([seed], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
    face = to_picture(generator.synthesis(codes)[0].detach().clamp(0, 1))
    face.save(folder / f"imgs/{seed}.jpg", quality=quality)
(folder / "imgs/broken.jpg").write_bytes(b"no picture")

# %%
# The file that cannot be read is reported; the others are restored. The same call again does what is missing.

(folder / "short.yaml").write_text("model: {schedule: [{space: W, steps: 40, lr: 0.8, final_lr: 0.05}]}\n")
rsi.restore(folder / "imgs", "jpeg", output_dir=folder / "restored", config=str(folder / "short.yaml"))
table = pd.read_csv(folder / "restored/results.csv")
print(table[["file", "status", "fidelity", "seconds"]].to_string(index=False))

# %%
# What was read from each file is in `parameters`.

done = table[table.status == "restored"]
quality = done.parameters.str.extract(r"quality[=: \"]+(\d+)")[0]
print(quality.to_string())

# %%
# Fidelity by image: how well the result, saved as such a file again, agrees with it.

done.plot.bar(x="file", y="fidelity", legend=False, figsize=(5, 3), rot=0)
plt.ylabel("fidelity, 0 is a match")
plt.tight_layout()
plt.show()
