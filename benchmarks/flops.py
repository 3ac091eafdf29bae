"""Floating-point operations of a restoration at the FFHQ-1024 architecture with LPIPS-VGG, as a Markdown table.

``python benchmarks/flops.py`` counts one step of each phase, forward and backward, with torch's ``FlopCounterMode``:
multiplications and additions of convolutions and matrix products. Weights are random, which costs as much. Wants 10 GB
of memory and a minute or two.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from random_networks import write_generator, write_vgg16
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from rsi import Restoration
from rsi.data.target import JpegHeader, Target

LUMA_12 = 4.0  # any table does: the operator costs the same
TERA = 10**12


class NoModules(ModuleTracker):
    """Counts the whole alone: hooks on modules cannot bear a gradient that is taken inside a forward pass."""

    def __enter__(self) -> "NoModules":
        """Hook nothing."""
        return self

    def __exit__(self, *error: object) -> None:
        """Unhook nothing."""


def build(folder: Path, side: int) -> Restoration:
    """The method on random networks."""
    generator, vgg16 = folder / "generator.safetensors", folder / "vgg16.pth"
    write_generator(generator, side)
    write_vgg16(vgg16)
    module = Restoration(str(generator), "jpeg", str(vgg16), lr_scale=1.0)
    module.configure_model()
    return module


def jpeg_target(side: int) -> Target:
    """A JPEG with 4:2:0 chroma."""
    image = torch.rand(3, side, side)
    header = JpegHeader(torch.full((3, 8, 8), LUMA_12), (2, 2))
    return Target("a.jpg", image, torch.ones(1, side, side), 0, (0, 0, side, side), jpeg=header)


def count(run: Callable[[], object]) -> int:
    """Operations of a function."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = NoModules()
    with counter:
        run()
    return int(counter.get_total_flops())


def count_step(module: Restoration, index: int) -> int:
    """Operations of the forward and backward pass of a step."""
    return count(lambda: torch.autograd.backward(module.losses(index)["total"].sum()))


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=1024, help="side of the images in pixels")
    side = parser.parse_args().side
    with tempfile.TemporaryDirectory() as folder:
        module = build(Path(folder), side)
    module.begin_batch([jpeg_target(side)])
    image = index = 0
    print("| phase | steps | TFLOP a step |\n|---|---|---|")
    for phase in module.schedule:
        module.begin_phase(phase)
        step = count_step(module, index)
        image += step * phase.steps
        index += phase.steps
        print(f"| {phase.space} | {phase.steps} | {step / TERA:.3f} |")
    print(f"\n{image / TERA:.0f} TFLOP an image")


if __name__ == "__main__":
    main()
