"""All that is to be known of a GPU, in tables for ``docs/speed.md``: ``python benchmarks/gpu.py``.

On the CPU, ``--device cpu --generator avatars128 --batch_sizes 1,2 --steps 1`` does the same at a small size.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
import yaml
from floor_step import floor
from interleaved import Interleaved, Variant
from literal_step import literal
from PIL import Image
from random_networks import write_generator, write_targets, write_vgg16
from torch import Tensor

from rsi import PAPER_SCHEDULE, Phase, Restoration, TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler
from rsi.log import set_verbosity
from rsi.numerics.memory import PeakMemory, tells_memory
from rsi.options.fit import quieten
from rsi.options.recipes import find_recipe

BOUNDS = {"32-true": 2e-3, "bf16-mixed": 0.1}  # root mean square of images in [0, 1] after a few steps, CPU and device
DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16}
FULL_STEPS = 450
WANTED_GB = 80
RECIPES = ("fast", "preview")
RANKED = 4  # images that the processes share


@dataclass(frozen=True)
class Setting:
    """What is measured.

    Attributes:
        precision: As Lightning has it.
        batch_size: Images at once.
    """

    precision: str
    batch_size: int


class Bench:
    """Networks and targets in a folder, restored in a few steps on a device.

    Args:
        arguments: Of the command line.
        folder: Where files are written.
    """

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.steps, self.device, self.folder = arguments.steps, torch.device(arguments.device), folder
        self.generator, self.perceptual = "avatars128", "embedded"
        if arguments.generator == "ffhq1024":
            self.generator, self.perceptual = str(folder / "generator.safetensors"), str(folder / "vgg16.pth")
            write_generator(Path(self.generator))
            write_vgg16(Path(self.perceptual))
        self.targets = folder / "targets"
        write_targets(self.targets, "jpeg", max(arguments.batch_sizes), max(self.module().resolution))

    def module(self, recipe: Sequence[Phase] = PAPER_SCHEDULE) -> Restoration:
        """The method with the phases of a recipe, shortened; two steps more than are timed, to warm up and to draw."""
        schedule = [replace(phase, steps=self.steps + 2) for phase in recipe]
        module = Restoration(self.generator, "jpeg", self.perceptual, schedule, lr_scale=1.0)
        module.configure_model()
        return module

    def run(
        self,
        setting: Setting,
        interleaved: Interleaved | None = None,
        device: str = "",
        recipe: Sequence[Phase] = PAPER_SCHEDULE,
    ) -> Restoration:
        """Restore the first batch of the targets."""
        module = self.module(recipe)
        kind = device or self.device.type
        trainer = make_trainer(
            [PhaseScheduler(), *([interleaved] if interleaved else [])],
            devices=1,
            accelerator="cpu" if kind == "cpu" else "gpu",
            precision=setting.precision,
        )
        names = sorted(str(path) for path in self.targets.iterdir())[: setting.batch_size]
        trainer.fit(module, datamodule=TargetFolder(names, batch_size=setting.batch_size))
        return module

    def clock(self) -> float:
        """Seconds, once the device has done all it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


def main() -> None:
    """Measure and print Markdown."""
    warnings.simplefilter("ignore")
    quieten()
    set_verbosity(quiet=True, verbose=False)
    arguments = _parser().parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        settings = [Setting(p, size) for p in arguments.precisions for size in arguments.batch_sizes]
        print(f"{_name(bench.device)}, torch {torch.__version__}, {arguments.generator}, JPEG M\n")
        parts: Sequence[Callable[[], Iterator[str]]] = (
            lambda: equality(bench, arguments.precisions),
            lambda: speed(bench, settings, literal_too=arguments.literal),
            lambda: recipes(bench, settings),
            lambda: compiled(bench),
            lambda: captured(bench),
            lambda: ranks(bench, arguments.ranks),
        )
        for part in parts:
            print(*part(), sep="\n", end="\n\n", flush=True)


def equality(bench: Bench, precisions: Sequence[str]) -> Iterator[str]:
    """How far the images of the device are from those of the CPU in float32, after the same steps."""
    yield "| precision | rms difference to the CPU | bound | |"
    yield "|---|---|---|---|"
    expected = _images(bench.run(Setting("32-true", 1), device="cpu"))
    for precision in precisions:
        found = _images(bench.run(Setting(precision, 1)))
        difference = float((found - expected).square().mean().sqrt())
        verdict = "holds" if difference <= BOUNDS[precision] else "EXCEEDED"
        yield f"| {precision} | {difference:.2e} | {BOUNDS[precision]:g} | {verdict} |"


def speed(bench: Bench, settings: Sequence[Setting], *, literal_too: bool) -> Iterator[str]:
    """Seconds a step and an image, peak memory, ratios to the floor and to a literal program, by setting."""
    others = ["floor", *(["literal"] if literal_too else [])]
    ratios = "".join(f" product / {name} |" for name in others)
    yield f"| precision | batch | phase | seconds a step | seconds an image, {FULL_STEPS} steps | GB |{ratios}"
    yield f"|---|---|---|---|---|---|{'---|' * len(others)}"
    for setting in settings:
        interleaved = Interleaved(lambda module, s=setting: _variants(module, s, literal_too), bench.clock)
        memory = PeakMemory(bench.device) if tells_memory(bench.device) else None
        bench.run(setting, interleaved)
        with memory or nullcontext():
            bench.run(setting)
        gigabytes = f"{memory.bytes / 1e9:.2f}" if memory else "-"
        for space, taken in interleaved.seconds.items():
            seconds = {name: median(values[:-1]) for name, values in taken.items()}
            an_image = FULL_STEPS * seconds["product"] / setting.batch_size
            shown = "".join(f" {seconds['product'] / seconds[name]:.2f} |" for name in others)
            cells = (
                setting.precision,
                setting.batch_size,
                space,
                f"{seconds['product']:.4f}",
                f"{an_image:.1f}",
                gigabytes,
            )
            yield f"| {' | '.join(map(str, cells))} |{shown}"
        if memory:
            most = int(WANTED_GB * 1e9 // (memory.bytes / setting.batch_size))
            within = f"at most {most} images in {WANTED_GB} GB"
            yield f"| {setting.precision} | {setting.batch_size} | | | {within} | |{' |' * len(others)}"


def recipes(bench: Bench, settings: Sequence[Setting]) -> Iterator[str]:
    """Seconds of an image by recipe, from the mean step of each of its phases."""
    yield "| precision | batch | recipe | steps | seconds an image | beside the default |"
    yield "|---|---|---|---|---|---|"
    for setting in settings:
        default = 0.0
        for name, schedule in {"default": PAPER_SCHEDULE, **{name: _schedule(name) for name in RECIPES}}.items():
            interleaved = Interleaved(lambda _: {}, bench.clock)
            bench.run(setting, interleaved, recipe=schedule)
            pace = {space: mean(taken["product"][:-1]) for space, taken in interleaved.seconds.items()}
            seconds = sum(phase.steps * pace[phase.space] for phase in schedule) / setting.batch_size
            default = default or seconds
            steps = sum(phase.steps for phase in schedule)
            cells = (setting.precision, setting.batch_size, name, steps, f"{seconds:.1f}", f"{seconds / default:.2f}")
            yield f"| {' | '.join(map(str, cells))} |"


def _schedule(recipe: str) -> tuple[Phase, ...]:
    content = yaml.safe_load(Path(find_recipe(recipe)).read_text(encoding="utf-8"))
    return tuple(Phase(**phase) for phase in content["model"]["schedule"])


def _variants(module: Restoration, setting: Setting, literal_too: bool) -> dict[str, Variant]:
    variants: dict[str, Variant] = {"floor": floor(module, DTYPES[setting.precision])}
    if literal_too:
        variants["literal"] = literal(module, gradients=False)
    return variants


def compiled(bench: Bench) -> Iterator[str]:
    """The generator, forward and backward, as it is and through ``torch.compile``."""
    module = bench.module().to(bench.device)
    codes = module.generator.w_avg.expand(1, -1).clone().requires_grad_()
    plain = _seconds(bench, module.generator.synthesis, codes)
    try:
        fast = _seconds(bench, torch.compile(module.generator.synthesis, dynamic=False), codes)
        yield f"torch.compile of the generator: {fast / plain:.2f} of the time without it"
    except Exception as error:  # a compiler raises nearly anything
        yield f"torch.compile of the generator fails: {type(error).__name__}"


def captured(bench: Bench) -> Iterator[str]:
    """The generator, forward and backward, as it is and replayed from a CUDA graph."""
    if bench.device.type != "cuda":
        yield "CUDA graphs need CUDA"
        return
    module = bench.module().to(bench.device)
    codes = module.generator.w_avg.expand(1, -1).clone().requires_grad_()
    plain = _seconds(bench, module.generator.synthesis, codes)
    try:
        graphed: Any = torch.cuda.make_graphed_callables(module.generator.synthesis, (codes,))
        replayed = _seconds(bench, graphed, codes)
        yield f"CUDA graph of the generator: {replayed / plain:.2f} of the time without it"
    except Exception as error:  # a capture raises nearly anything
        yield f"CUDA graph of the generator fails: {type(error).__name__}"


def ranks(bench: Bench, counts: Sequence[int]) -> Iterator[str]:
    """Seconds of ``rsi fit`` with several processes from start to end, and by how much images differ at most."""
    yield "| processes | images | seconds from start to end | grey levels apart from one process |"
    yield "|---|---|---|---|"
    names = sorted(str(path) for path in bench.targets.iterdir())
    alone: dict[str, Any] = {}
    for count in (1, *counts):
        output = bench.folder / f"ranks-{count}"
        recipe = bench.folder / "recipe.yaml"
        recipe.write_text(f"model:\n  schedule:\n  - {{space: W, steps: {bench.steps}, lr: 0.08}}\n")
        options = ["--config", recipe, "--output_dir", output, "--generator", bench.generator, "--batch_size", 1]
        options += ["--perceptual", bench.perceptual, "--lr_scale", 1, "--trainer.devices", count, "--report", "false"]
        options += ["--trainer.accelerator", "cpu" if bench.device.type == "cpu" else "gpu", "--degradation", "jpeg"]
        started = time.perf_counter()
        command = [sys.executable, "-m", "rsi", "fit", *names[:RANKED], *map(str, options)]
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - started
        images = {path.name: np.asarray(Image.open(path), dtype=int) for path in sorted(output.glob("*.png"))}
        alone = alone or images
        difference = max(abs(image - alone[name]).max() for name, image in images.items())
        yield f"| {count} | {len(images)} | {seconds:.1f} | {difference} |"


def _seconds(bench: Bench, synthesis: Callable[[Tensor], Tensor], codes: Tensor) -> float:
    times = []
    for _ in range(bench.steps + 2):
        started = bench.clock()
        torch.autograd.grad(synthesis(codes).sum(), codes)
        times.append(bench.clock() - started)
    return median(times[2:] or times)


def _images(module: Restoration) -> Tensor:
    return module.batch.path[-1].images


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--generator", choices=["avatars128", "ffhq1024"], default="ffhq1024", help="the latter with random weights")
    add("--batch_sizes", type=_numbers, default=[1, 4, 8, 16])
    add("--precisions", type=lambda text: text.split(","), default=list(DTYPES))
    add("--steps", type=int, default=10, help="how many are timed in each phase")
    add("--ranks", type=_numbers, default=[2], help="numbers of processes, no more than there are devices")
    add("--literal", action="store_true", help="beside a literal program, too, which takes four times as long")
    return parser


if __name__ == "__main__":
    main()
