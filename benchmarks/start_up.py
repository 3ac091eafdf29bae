"""How long ``rsi`` takes to answer, beside the libraries that it builds on: ``python benchmarks/start_up.py``."""

import argparse
import statistics
import subprocess
import sys
import time

IMPORTS = {
    "torch": "import torch",
    "pytorch_lightning": "import pytorch_lightning",
    "import rsi": "import rsi",
    "rsi.Restoration": "import rsi; rsi.Restoration",
}
COMMANDS = ("--help", "--version", "fits", "fit --sample", "generators", "recipes", "fit --help", "completion bash")


def seconds(command: list[str]) -> float:
    """How long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=False, capture_output=True)
    return time.perf_counter() - start


def main(rounds: int) -> None:
    """Print the median of some rounds, and its ratios to what importing the libraries takes."""
    programs = {name: ["-c", code] for name, code in IMPORTS.items()}
    programs |= {f"rsi {words}": ["-m", "rsi", *words.split()] for words in COMMANDS}
    found: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, arguments in programs.items():
            found[name].append(seconds([sys.executable, *arguments]))
    medians = {name: statistics.median(values) for name, values in found.items()}
    print("| program | seconds | / torch | / pytorch_lightning |\n|---|---|---|---|")
    for name, median in medians.items():
        torch, lightning = median / medians["torch"], median / medians["pytorch_lightning"]
        print(f"| {name} | {median:.3f} | {torch:.2f} | {lightning:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    main(parser.parse_args().rounds)
