"""Drawing the faces of latent vectors, with Node."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from examples.avatars.attributes import RESOLUTION, to_options
from rsi.errors import InputError
from rsi.log import tell

HERE = Path(__file__).parent
CHUNK = 500  # faces drawn by one Node process
FACE_BYTES = RESOLUTION * RESOLUTION * 3


def render(z: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The faces ``[N, 128, 128, 3]``, 8 bits, of latent vectors ``[N, 64]``.

    Raises:
        InputError: Node or its packages are missing, or drawing failed.
    """
    pixels = np.frombuffer(_draw(z), np.uint8)
    return pixels.reshape(len(z), RESOLUTION, RESOLUTION, 3)


def render_to_file(z: Tensor, path: Path, workers: int | None = None) -> None:
    """Write the faces of latent vectors ``[N, 64]`` as ``.npy``; a second call goes on where the first one ended.

    Args:
        z: The latent vectors.
        path: The file, which appears when it is complete.
        workers: Faces are drawn by so many processes at once; by default one a core.

    Raises:
        InputError: Node or its packages are missing, or drawing failed.
    """
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    partial.touch()
    with partial.open("r+b") as file, ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        done = _resume(file, len(z))
        for pixels in pool.map(_draw, torch.split(z[done:], CHUNK)):
            file.write(pixels)
            done += len(pixels) // FACE_BYTES
            tell(f"drew {done} of {len(z)} faces")
    partial.replace(path)


def _resume(file: BinaryIO, count: int) -> int:
    """Go to the end of the last complete face, behind the header; how many there are."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, RESOLUTION, RESOLUTION, 3)}
    np.lib.format.write_array_header_1_0(file, header)
    start = file.tell()
    done = max(0, file.seek(0, os.SEEK_END) - start) // FACE_BYTES
    file.truncate(start + done * FACE_BYTES)
    file.seek(start + done * FACE_BYTES)
    return done


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise InputError("node is not installed: get Node.js 18 or newer from https://nodejs.org")
    if not (HERE / "node_modules").is_dir():
        raise InputError(f"{HERE / 'node_modules'} does not exist: run npm ci in {HERE}")
    return node


def _draw(z: Tensor) -> bytes:
    lines = "".join(json.dumps(options) + "\n" for options in to_options(z))
    command = [_node(), str(HERE / "render.mjs")]
    drawing = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
    if drawing.returncode or len(drawing.stdout) != len(z) * FACE_BYTES:
        reason = (drawing.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{HERE / 'render.mjs'} did not draw the faces ({reason}): see the README beside it")
    return drawing.stdout
