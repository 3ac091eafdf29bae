"""How long a step takes, beside the bare networks and beside a literal program.

``python benchmarks/step.py --generator ffhq1024 --batch_size 1``; ``--help`` says more.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from floor_step import floor
from interleaved import Interleaved, Variant
from literal_step import literal
from own_memory import own_memory
from random_networks import TASKS, write_generator, write_targets, write_vgg16

from rsi import PAPER_SCHEDULE, Restoration, TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler
from rsi.options.fit import quieten

DTYPES = {"32": torch.float32, "bf16-mixed": torch.bfloat16}
DESCRIPTION = """
Prints, for each phase, the seconds of a step of the product in Lightning's Trainer; of the floor, forward and backward
of the two networks alone; and of a literal loop in float32 (grouped convolutions, fresh target features, autograd); and
their ratios. The variants take turns, so that the ratios hold on a busy machine. Medians over the steps.
"""

MakeVariants = Callable[[Restoration], dict[str, Variant]]


def main() -> None:
    """Measure and print a Markdown table."""
    warnings.simplefilter("ignore")
    quieten()
    arguments = _parser().parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if arguments.memory:
        _run(arguments, lambda _: {})
        print(own_memory("VmHWM") / 1e9)
        return
    interleaved = _run(arguments, lambda module: _variants(module, arguments))
    settings = ("generator", "perceptual", "degradation", "batch_size", "precision", "threads")
    print(", ".join(f"{name} {getattr(arguments, name)}" for name in settings), end="\n\n")
    print(_table(interleaved), end="\n\n")
    print(f"peak memory of the product {_peak_memory():.2f} GB")


def _variants(module: Restoration, arguments: argparse.Namespace) -> dict[str, Variant]:
    variants: dict[str, Variant] = {"floor": floor(module, DTYPES[arguments.precision])}
    variants["literal"] = literal(module, gradients=False)
    if arguments.naive:
        variants["naive"] = literal(module, gradients=True)
    return variants


def _run(arguments: argparse.Namespace, make_variants: MakeVariants) -> Interleaved:
    """Restore random targets on the method's schedule with fewer steps: one to warm up, one that draws the images."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        module = _module(arguments, folder)
        write_targets(folder / "targets", arguments.degradation, arguments.batch_size, max(module.resolution))
        interleaved = Interleaved(make_variants, time.process_time if arguments.clock == "cpu" else time.perf_counter)
        trainer = make_trainer(
            [PhaseScheduler(), interleaved], devices=1, accelerator="cpu", precision=arguments.precision
        )
        trainer.fit(module, datamodule=TargetFolder(str(folder / "targets"), batch_size=arguments.batch_size))
    return interleaved


def _module(arguments: argparse.Namespace, folder: Path) -> Restoration:
    generator, perceptual = arguments.generator, arguments.perceptual
    if generator == "ffhq1024":
        generator = str(folder / "generator.safetensors")
        write_generator(Path(generator))
    if perceptual == "lpips-vgg":
        perceptual = str(folder / "vgg16.pth")
        write_vgg16(Path(perceptual))
    degradation = {"noise": "noise:M"}.get(arguments.degradation, arguments.degradation)
    schedule = [replace(phase, steps=arguments.steps + 2) for phase in PAPER_SCHEDULE]
    module = Restoration(generator, degradation, perceptual, schedule, lr_scale=1.0)
    module.configure_model()
    return module


def _table(interleaved: Interleaved) -> str:
    others = [name for name in next(iter(interleaved.seconds.values())) if name != "product"]
    head = ["phase", "product, s", *(f"{name}, s" for name in others), *(f"product / {name}" for name in others)]
    rows = [head, ["---"] * len(head)]
    for space, taken in interleaved.seconds.items():
        seconds = {name: median(values[:-1]) for name, values in taken.items()}
        ratios = [seconds["product"] / seconds[name] for name in others]
        rows.append([space, *(f"{value:.4f}" for value in seconds.values()), *(f"{ratio:.2f}" for ratio in ratios)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _peak_memory() -> float:
    """Peak memory in GB of the product alone, in a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--steps", "1", "--memory"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    add = parser.add_argument
    add("--generator", choices=["avatars128", "ffhq1024"], default="avatars128", help="the latter with random weights")
    add("--perceptual", choices=["embedded", "lpips-vgg"], default="embedded", help="the latter with random weights")
    add("--degradation", choices=list(TASKS), default="jpeg", help="at level M")
    add("--batch_size", type=int, default=1)
    add("--precision", choices=list(DTYPES), default="32", help="of product and floor")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--steps", type=int, default=10, help="how many are timed in each phase")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu for one thread on a busy machine")
    add("--naive", action="store_true", help="also a literal loop whose weights ask for gradients")
    add("--memory", action="store_true", help="print the peak memory of the product in GB, and nothing else")
    return parser


if __name__ == "__main__":
    main()
