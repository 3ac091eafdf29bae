"""What StyleGAN3 costs beside StyleGAN2 of the same channel base, as a Markdown table.

``python benchmarks/alias_free.py`` takes the gradient of one image in W and in W++ on one thread: CPU seconds, billions
of multiplications of the convolutions, and gigabytes that are kept between the forward and the backward pass, beside
what has to be kept: the maps that the layers read, and a byte for every sample that is activated. Weights are random.
"""

import argparse
import gc
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import torch
from alias_free_networks import schedule
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from rsi.generators import Architecture, Generator
from rsi.generators.alias_free import AliasFreeArchitecture
from rsi.methods.restoration import expand
from rsi.methods.schedule import Space
from rsi.numerics.memory import keep_freed_memory

SPACES: tuple[Space, ...] = ("W", "W++")
BILLION = 10**9


def network(kind: str, side: int, channel_base: int) -> Generator:
    """StyleGAN2, or StyleGAN3 of configuration T or R."""
    if kind == "StyleGAN2":
        generator = Generator(Architecture(512, 0, 512, side, 8, channel_base, 512))
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


def kept(generator: Generator) -> float:
    """Gigabytes that the process has grown by while a gradient can be asked for."""
    gc.collect()
    before = _resident()
    image = generator.synthesis(codes(generator, "W"))
    grown = _resident() - before
    del image
    return grown / BILLION


def needed(architecture: AliasFreeArchitecture) -> float:
    """Gigabytes that a gradient needs: what the layers read, in float32, and the signs of what they activate."""
    read = sum(4 * layer.in_channels * layer.in_size**2 for layer in architecture.layers)
    signs = sum(layer.out_channels * layer.activated_size**2 for layer in architecture.layers[:-1])
    return (read + signs) / BILLION


def rows(kinds: list[str], side: int, channel_base: int, rounds: int) -> Iterator[str]:
    """The table."""
    yield "| network | multiplications | kept, GB | needed, GB | W, s | W++, s | W / StyleGAN2 | W++ / StyleGAN2 |"
    yield "|---|---|---|---|---|---|---|---|"
    networks = {kind: network(kind, side, channel_base) for kind in kinds}
    memory = {kind: kept(generator) for kind, generator in networks.items()}  # before freed memory is kept
    keep_freed_memory()
    taken: dict[tuple[str, Space], list[float]] = {(kind, space): [] for kind in kinds for space in SPACES}
    for _ in range(rounds + 1):  # they take turns, so that ratios hold on a busy machine; the first warms up
        for kind, space in taken:
            taken[kind, space].append(seconds(networks[kind], space))
    medians = {key: median(values[1:]) for key, values in taken.items()}
    for kind, generator in networks.items():
        sizes = generator.architecture
        least = f"{needed(sizes):.2f}" if isinstance(sizes, AliasFreeArchitecture) else ""
        times = [medians[kind, space] for space in SPACES]
        ratios = [medians[kind, space] / medians[kinds[0], space] for space in SPACES]
        cells = [f"{multiplications(generator):.1f} G", f"{memory[kind]:.2f}", least]
        yield f"| {' | '.join([kind, *cells, *(f'{s:.2f}' for s in times), *(f'{r:.1f}' for r in ratios)])} |"


def _resident() -> int:
    """Memory of the process in bytes."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--channel_base", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(*rows(["StyleGAN2", "T", "R"], options.side, options.channel_base, options.rounds), sep="\n")


if __name__ == "__main__":
    main()
