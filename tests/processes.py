"""Runs of ``rsi`` in processes of their own, for tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image

from rsi.data.pictures import to_picture

SHORT = Path(__file__).parent / "conf" / "short.yaml"
ROOT = Path(__file__).parents[1]
SINGLE = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def make_images(folder: Path, count: int) -> Path:
    """JPEG targets of 32 px, ``0.jpg`` and so on."""
    folder.mkdir(parents=True)
    for number, image in enumerate(torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))):
        picture = to_picture(image).resize((32, 32), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number}.jpg", quality=30)
    return folder


def flags(targets: Path, output: Path, generator: Path, **more: object) -> list[str]:
    """The flags of a short ``rsi fit`` of single images."""
    given = {"config": SHORT, "generator": generator, "target_dir": targets, "output_dir": output, "batch_size": 1}
    every = {**given, "trainer.accelerator": "cpu", "report": "false", **more}
    return ["fit", *(text for name, value in every.items() for text in (f"--{name}", str(value)))]


def start(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a Python module; its output is kept."""
    command = [sys.executable, "-m", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**SINGLE, **(environment or {})}, stdout=pipe, stderr=pipe, text=True)


def child_of_rank(parent: int, rank: int, seconds: float = 240) -> int:
    """The process id of a rank that another process has started."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _is_rank(process, parent, rank):
                return int(process.name)
        time.sleep(0.01)
    raise TimeoutError(f"there is no process of rank {rank}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _is_rank(process: Path, parent: int, rank: int) -> bool:
    try:
        status = (process / "status").read_text()
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"\nPPid:\t{parent}\n" in status and f"RSI_LOCAL_RANK={rank}".encode() in environment
