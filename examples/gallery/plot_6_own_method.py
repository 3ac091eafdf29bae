"""
# A method of your own beside ours

`rsi benchmark` gives both the same targets and writes tables that mark the better one.
"""

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.optim import Adam, Optimizer

import rsi
from rsi.callbacks import Stage
from rsi.commands.main import main
from rsi.data.pictures import to_picture
from rsi.methods.batch import Observation
from rsi.methods.generator_based import GeneratorMethod
from rsi.numerics.randomness import ImageRandom

# %%
# The method: Adam on the squared error in W. `method` is its name in tables; `generator` and `degradation` are what
# the benchmark gives it.


class PlainInversion(GeneratorMethod[None]):
    method = "plain"

    def __init__(self, generator: str, degradation: str, perceptual: str | None = None, steps: int = 40) -> None:
        super().__init__(generator, degradation, perceptual, [Stage("W", steps)], {"steps": steps})

    def prepare(self, observation: Observation) -> None:
        """Nothing."""

    def initial_variables(self, observation: Observation, prepared: None) -> dict[str, Tensor]:
        return {"w": self.generator.w_avg.expand(len(observation.targets), -1).clone()}

    def make_optimizer(self) -> Optimizer:
        return Adam([self.batch.variables["w"]], lr=0.03)

    def latent(self) -> dict[str, Tensor]:
        return {"codes": self.batch.variables["w"]}

    def losses(self, step: int) -> dict[str, Tensor]:
        error = self.predict_degraded(step) - self.batch.observation.observed
        return {"total": error.square().mean((1, 2, 3))}


# %%
# Two clean faces, and the method of this package with as many steps.

folder = Path(mkdtemp())
(folder / "clean").mkdir()
generator = rsi.load_generator("avatars128")
for seed in (34, 55):
    codes = generator.mapping(ImageRandom([seed], "face").normal((generator.mapping.z_dim,)), torch.zeros(1, 0))
    to_picture(generator.synthesis(codes)[0].detach().clamp(0, 1)).save(folder / f"clean/{seed}.png")
phases = "{space: W, steps: 30, lr: 0.8, final_lr: 0.2}, {space: W+, steps: 10, lr: 0.2, final_lr: 0.05}"
(folder / "short.yaml").write_text(f"model: {{schedule: [{phases}]}}\n")

# %%
# On the command line it is `rsi benchmark --methods short.yaml,my_module.PlainInversion`, with the class in
# `my_module.py`. What a class lacks is named in a line.

methods = f"{folder / 'short.yaml'},{PlainInversion.__module__}.PlainInversion"
places = ["--clean_dir", str(folder / "clean"), "--output_dir", str(folder / "bench")]
main(["benchmark", *places, "--methods", methods, "--tasks", "deartifacting:M", "--quiet"])
table = pd.read_csv(folder / "bench/table.csv")
print(table[["method", "task", "accuracy", "psnr", "best"]].to_string(index=False))

# %%
# The same as Markdown: accuracy, fidelity, pFID, PSNR and SSIM, with the best in bold and the second best underlined.
# `table.tex` has it for a paper.

print((folder / "bench/table.md").read_text().partition("## ")[2])

# %%
# Target, methods and truth. Two easy faces and forty steps show how to compare, not who is better.

sheet = Image.open(folder / "bench/plots/deartifacting-M.png")
plt.figure(figsize=(8, 8 * sheet.height / sheet.width), layout="constrained")
plt.imshow(sheet)
plt.axis("off")
plt.show()
