"""What the steps of the code that moves a StyleGAN3 picture as a whole are worth, as a Markdown table.

``python benchmarks/pose_step.py`` restores noisy pictures with ``--config fast`` and several ``--model.pose_step``. The
pictures are drawn by the network itself, from random codes near its mean, as they come or moved. Networks are random.
"""

import argparse
import math
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import torch
from alias_free_networks import random_network, schedule
from torch import Tensor

from rsi import Phase, Restoration
from rsi.benchmark.metrics import psnr
from rsi.generators import Generator, save_generator
from rsi.methods.measurements import targets_of
from rsi.numerics.randomness import ImageRandom

FAST = [Phase("W", 30, 0.8, 0.2), Phase("W+", 50, 0.2, 0.02), Phase("W++", 62, 0.03, 0.002)]
NOISE = 0.05
CHANNEL_MAX = 64
SPREAD = 0.7  # of the codes around the mean, of 1 for those of the network's own
TURN, SHIFT = math.radians(10), 0.05


def motions(images: int, *, moved: bool) -> Tensor:
    """A turn by up to 10 degrees to either side and a shift by up to 5 % of a side of each image, or none."""
    random = ImageRandom(range(images), "motion").uniform((3,)) * 2 - 1
    angle, x, y = (moved * random * torch.tensor([TURN, SHIFT, SHIFT])).unbind(1)
    cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros_like(x), torch.ones_like(x)
    return torch.stack([cos, -sin, x, sin, cos, y, zero, zero, one], 1).view(-1, 3, 3)


@torch.no_grad()
def draw(generator: Generator, images: int, *, moved: bool) -> Tensor:
    """Pictures that the network can draw, ``[B, 3, R, R]``."""
    codes = generator.mapping(ImageRandom(range(images), "codes").normal((generator.architecture.z_dim,)))
    near = generator.w_avg + SPREAD * (codes - generator.w_avg)
    drawn: Tensor = generator.synthesis(near, None, motions(images, moved=moved))
    return drawn.clamp(0, 1)


def restore(path: Path, clean: Tensor, pose_step: float) -> Sequence[float]:
    """PSNR of the restored images after every phase, averaged, and the loss of the last step."""
    module = Restoration(str(path), f"gaussian:sigma={NOISE}", "embedded", FAST, pose_step=pose_step)
    module.configure_model()
    noisy = clean + NOISE * ImageRandom(range(len(clean)), "noise").normal(clean.shape[1:])
    module.restore(targets_of(noisy.clamp(0, 1)))
    of_phases = [fmean(psnr(phase.images, clean).tolist()) for phase in module.batch.path]
    return [*of_phases, float(module.batch.terms["total"].mean())]


def main() -> None:
    """Restore and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--channel_base", type=int, default=512)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--configurations", default="T,R")
    parser.add_argument("--pose_steps", default="0,0.1,0.3,1")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| network | pictures | pose_step | W | W+ | W++ | last loss |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for configuration in options.configurations.split(","):
            generator = random_network(schedule(configuration, options.side, options.channel_base, CHANNEL_MAX))
            save_generator(generator, path := Path(folder) / f"{configuration}.safetensors")
            for moved in (False, True):
                clean = draw(generator, options.images, moved=moved)
                for pose_step in map(float, options.pose_steps.split(",")):
                    *of_phases, loss = restore(path, clean, pose_step)
                    cells = " | ".join(f"{value:.2f}" for value in of_phases)
                    kind = "moved" if moved else "its own"
                    print(f"| {configuration} | {kind} | {pose_step:g} | {cells} | {loss:.4f} |", flush=True)


if __name__ == "__main__":
    main()
