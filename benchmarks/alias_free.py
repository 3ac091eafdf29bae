"""What StyleGAN3 costs beside StyleGAN2 of the same channel base, as a Markdown table.

``python benchmarks/alias_free.py`` takes the gradient of one image in W and in W++ on one thread. It prints seconds of
the CPU; billions of multiplications of the convolutions and filters in the forward pass, beside those of the same
layers by the letter, as NVIDIA's class has them on CPUs (zeros inserted and multiplied, all samples filtered before
some are left out); and gigabytes. The gradient needs the maps that the layers read and a byte for every activated
sample; kept is by how much the process has grown between forward and backward pass, peak by how much at most. Weights
are random.
"""

import argparse
import ctypes
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

import torch
from alias_free_networks import schedule
from own_memory import own_memory
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from rsi.generators import Generator, StyleGAN2Architecture
from rsi.generators.stylegan3.architecture import StyleGAN3Architecture
from rsi.methods.restoration import expand
from rsi.methods.schedule import Space
from rsi.numerics.memory import keep_freed_memory

SPACES: tuple[Space, ...] = ("W", "W++")
BILLION = 10**9


def network(kind: str, side: int, channel_base: int) -> Generator:
    """StyleGAN2, or StyleGAN3 of configuration T or R."""
    if kind == "StyleGAN2":
        generator = Generator(StyleGAN2Architecture(512, 0, 512, side, 8, channel_base, 512))
        generator.load_state_dict(generator.state_dict())
        return generator
    settings = schedule(kind, side, channel_base)
    generator = Generator(settings.architecture)
    generator.load_state_dict(generator.state_dict() | settings.filters())
    return generator


def codes(generator: Generator, space: Space) -> Tensor:
    """Codes of one image that ask for a gradient."""
    return expand(torch.randn(1, generator.w_dim), space, generator.filters).requires_grad_()


def seconds(generator: Generator, space: Space) -> float:
    """CPU seconds of forward and backward pass."""
    start = time.process_time()
    torch.autograd.backward(generator.synthesis(codes(generator, space)).sum())
    return time.process_time() - start


@torch.no_grad()
def multiplications(generator: Generator) -> float:
    """Billions of them in the convolutions and matrix products of the forward pass, filters among them."""
    counter = FlopCounterMode(display=False)
    with counter:
        generator.synthesis(codes(generator, "W").detach())
    return counter.get_total_flops() / 2 / BILLION


def by_the_letter(architecture: StyleGAN3Architecture) -> float:
    """Billions of them if zeros are inserted and multiplied, and all samples filtered before some are left out."""
    total = 0
    for layer in architecture.layers:
        total += layer.in_channels * layer.out_channels * layer.kernel**2 * (layer.in_size + layer.kernel - 1) ** 2
        activated = layer.activated_size
        padded, filtered = activated + layer.up_taps - 1, activated - layer.down_taps + 1
        total += layer.out_channels * layer.up_taps * (padded + activated) * activated
        if layer.radial:
            total += layer.out_channels * layer.down_taps**2 * filtered**2
        else:
            total += layer.out_channels * layer.down_taps * (activated + filtered) * filtered
    return total / BILLION


def growth(generator: Generator) -> tuple[float, float]:
    """Gigabytes by which the process has grown between forward and backward pass, and at most."""
    ctypes.CDLL(None).malloc_trim(0)
    before = own_memory("VmRSS")
    image = generator.synthesis(codes(generator, "W"))
    between = own_memory("VmRSS")
    torch.autograd.backward(image.sum())
    return (between - before) / BILLION, (own_memory("VmHWM") - before) / BILLION


def growth_of_its_own(kind: str, options: argparse.Namespace) -> tuple[float, ...]:
    """The same in a process of its own."""
    sizes = ["--side", str(options.side), "--channel_base", str(options.channel_base)]
    command = [sys.executable, __file__, *sizes, "--memory", kind]
    return tuple(map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()))


def needed(architecture: StyleGAN3Architecture) -> float:
    """Gigabytes that a gradient needs: what the layers read, in float32, and the signs of what they activate."""
    read = sum(4 * layer.in_channels * layer.in_size**2 for layer in architecture.layers)
    signs = sum(layer.out_channels * layer.activated_size**2 for layer in architecture.layers[:-1])
    return (read + signs) / BILLION


def rows(kinds: list[str], options: argparse.Namespace) -> Iterator[str]:
    """The table."""
    names = [
        "multiplications",
        "by the letter",
        "needed, GB",
        "kept",
        "peak",
        "W, s",
        "W++, s",
        "W / StyleGAN2",
        "W++ / StyleGAN2",
    ]
    yield f"| network | {' | '.join(names)} |"
    yield "|---" * (len(names) + 1) + "|"
    memory = {kind: growth_of_its_own(kind, options) for kind in kinds}
    networks = {kind: network(kind, options.side, options.channel_base) for kind in kinds}
    keep_freed_memory()
    taken: dict[tuple[str, Space], list[float]] = {(kind, space): [] for kind in kinds for space in SPACES}
    for _ in range(options.rounds + 1):  # they take turns, so that ratios hold on a busy machine; the first warms up
        for kind, space in taken:
            taken[kind, space].append(seconds(networks[kind], space))
    medians = {key: median(values[1:]) for key, values in taken.items()}
    for kind, generator in networks.items():
        sizes = generator.architecture
        least = ["", ""]
        if isinstance(sizes, StyleGAN3Architecture):
            least = [f"{by_the_letter(sizes):.1f} G", f"{needed(sizes):.2f}"]
        times = [medians[kind, space] for space in SPACES]
        ratios = [medians[kind, space] / medians[kinds[0], space] for space in SPACES]
        cells = [f"{multiplications(generator):.1f} G", *least, *(f"{size:.2f}" for size in memory[kind])]
        yield f"| {' | '.join([kind, *cells, *(f'{s:.2f}' for s in times), *(f'{r:.1f}' for r in ratios)])} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--channel_base", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", metavar="NETWORK", help="print by how much a process with one of them grows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print(*growth(network(options.memory, options.side, options.channel_base)))
        return
    for row in rows(["StyleGAN2", "T", "R"], options):
        print(row, flush=True)


if __name__ == "__main__":
    main()
