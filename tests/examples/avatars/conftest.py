import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT))  # examples are no package that is installed

from examples.avatars.attributes import draw_latents  # noqa: E402
from examples.avatars.settings import HELD_OUT  # noqa: E402

AVATARS = ROOT / "examples" / "avatars"


@pytest.fixture(autouse=True)
def _own_random_numbers() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def _node_packages() -> None:
    """The packages that draw faces, installed in the versions of the lock file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("npm is not installed: drawing faces needs Node.js 18 or newer")
    if not (AVATARS / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=AVATARS, check=True, env=os.environ)


@pytest.fixture
def small_faces(tmp_path: Path) -> Path:
    """A folder with 24 faces of 32 px to train on and 8 held out, all of random colours."""
    rng = np.random.default_rng(0)
    for name, count, first in (("faces", 24, 0), ("held_out", 8, HELD_OUT)):
        colours = rng.integers(0, 256, (count, 1, 1, 3), dtype=np.uint8)
        np.save(tmp_path / f"{name}.npy", np.broadcast_to(colours, (count, 32, 32, 3)))
        np.save(tmp_path / f"{name}-latents.npy", draw_latents(count, first).numpy())
    return tmp_path
