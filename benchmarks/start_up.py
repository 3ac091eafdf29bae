"""How long ``rsi`` takes to answer, beside the libraries that it builds on: ``python benchmarks/start_up.py``."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

IMPORTS = {
    "torch": "import torch",
    "pytorch_lightning": "import pytorch_lightning",
    "import rsi": "import rsi",
    "rsi.Restoration": "import rsi; rsi.Restoration",
}
COMMANDS = ("--help", "--version", "fits", "fit --sample", "generators", "recipes", "fit --help", "completion bash")
FIRST_STEP = "fit face.jpg, to the first step"


def seconds(command: list[str]) -> tuple[float, float]:
    """How long a command takes, by the clock and in seconds of the processor."""
    start, used = time.perf_counter(), _used()
    subprocess.run(command, check=False, capture_output=True, cwd=Path(__file__).parent)
    return time.perf_counter() - start, _used() - used


def _used() -> float:
    times = os.times()
    return times.children_user + times.children_system


def to_first_step(folder: Path) -> list[str]:
    """The arguments of ``rsi fit`` for a picture that it makes in a folder."""
    picture = folder / "face.jpg"
    Image.effect_noise((128, 128), 60).convert("RGB").save(picture, quality=10)
    return ["fit", str(picture), "--output_dir", str(folder / "out"), "--trainer.callbacks+=first_step.FirstStep"]


def main(rounds: int) -> None:
    """Print the median of some rounds, and its ratios to what importing the libraries takes."""
    programs = {name: ["-c", code] for name, code in IMPORTS.items()}
    programs |= {f"rsi {words}": ["-m", "rsi", *words.split()] for words in COMMANDS}
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        programs[f"rsi {FIRST_STEP}"] = ["-m", "rsi", *to_first_step(Path(folder))]
        for _ in range(rounds):
            for name, arguments in programs.items():
                found.setdefault(name, []).append(seconds([sys.executable, *arguments]))
    medians = {name: [*map(statistics.median, zip(*values, strict=True))] for name, values in found.items()}
    print("| program | seconds | CPU seconds | / torch | / pytorch_lightning |\n|---|---|---|---|---|")
    for name, (clock, used) in medians.items():
        ratios = [used / medians[library][1] for library in ("torch", "pytorch_lightning")]
        print(f"| {name} | {clock:.3f} | {used:.3f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    main(parser.parse_args().rounds)
