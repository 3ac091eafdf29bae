"""Throughput of ``rsi fit`` with several CPU processes of one thread each, as a Markdown table.

``python benchmarks/scaling.py --processes 1,2,4`` restores as many images per process with each number of processes.
Times are from the first step of the first image to the last file of the last one, without the start of the processes.
Numbers of processes above the number of idle cores say nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from rsi.data.pictures import to_picture
from rsi.generators import load_generator
from rsi.numerics.randomness import ImageRandom
from rsi.results.folder import ResultFolder
from rsi.results.layout import record_of

RECIPE = """
model:
  schedule:
    - {{space: W, steps: {steps}, lr: 0.08}}
    - {{space: W+, steps: {steps}, lr: 0.02}}
    - {{space: W++, steps: {steps}, lr: 0.005}}
"""
QUIET = ["--report", "false", "--tensorboard_images.every", "1000000"]


@dataclass(frozen=True)
class Throughput:
    """What a number of processes achieves.

    Attributes:
        processes: The processes.
        images: The images that they restored.
        seconds: The time from the first step to the last file.
    """

    processes: int
    images: int
    seconds: float

    @property
    def rate(self) -> float:
        """Images a minute."""
        return 60 * self.images / self.seconds


@torch.no_grad()
def make_targets(folder: Path, images: int) -> None:
    """JPEGs of faces that the embedded generator draws."""
    generator = load_generator("avatars128")
    folder.mkdir()
    for number in range(images):
        z = ImageRandom([number], "face").normal((generator.mapping.z_dim,))
        codes = generator.mapping(z, torch.zeros(1, generator.mapping.c_dim))
        to_picture(generator.synthesis(codes)[0]).save(folder / f"{number:03}.jpg", quality=12)


def measure(processes: int, images: int, steps: int, folder: Path) -> Throughput:
    """Restore images with a number of processes.

    Raises:
        RuntimeError: They could not be restored.
    """
    targets, output, recipe = folder / f"targets-{processes}", folder / f"out-{processes}", folder / "recipe.yaml"
    make_targets(targets, images)
    recipe.write_text(RECIPE.format(steps=steps))
    places = ["--config", recipe, "--target_dir", targets, "--output_dir", output]
    sizes = ["--batch_size", 1, "--trainer.accelerator", "cpu", "--trainer.devices", processes]
    command = [sys.executable, "-m", "rsi", "fit", *map(str, [*places, *sizes]), *QUIET]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = [row for row in ResultFolder(output).rows() if row.is_done]
    rows = [((output / record_of(row.file)).stat().st_mtime, row.seconds or 0.0) for row in done]
    if len(rows) < images:
        raise RuntimeError(f"{images - len(rows)} of {images} images could not be restored")
    started = min(written - seconds for written, seconds in rows)
    return Throughput(processes, images, max(written for written, _ in rows) - started)


def table(measured: list[Throughput]) -> str:
    """The measurements as Markdown; efficiency is the rate over that of the first, by process."""
    first = measured[0].rate / measured[0].processes
    lines = ["| processes | images | seconds | images a minute | efficiency |", "|---|---|---|---|---|"]
    for m in measured:
        efficiency = m.rate / m.processes / first
        lines.append(f"| {m.processes} | {m.images} | {m.seconds:.1f} | {m.rate:.1f} | {efficiency:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", default="1,2", help="numbers of processes, joined with commas")
    parser.add_argument("--images", type=int, default=8, help="images for each process")
    parser.add_argument("--steps", type=int, default=10, help="steps of each of the three phases")
    arguments = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for processes in map(int, arguments.processes.split(",")):
            measured.append(measure(processes, processes * arguments.images, arguments.steps, Path(folder)))
            print(f"{processes} processes: {measured[-1].rate:.1f} images a minute", file=sys.stderr)
    print(f"{os.cpu_count()} cores, load before and during the measurement {os.getloadavg()[1]:.1f}\n")
    print(table(measured))


if __name__ == "__main__":
    main()
