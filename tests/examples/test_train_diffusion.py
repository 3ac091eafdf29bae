import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rsi.methods.ddrm_prior import WEIGHTS, load_prior

SCRIPT = Path(__file__).parents[2] / "examples" / "avatars" / "train_diffusion.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("train_diffusion", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SAMPLES, module.SAMPLING_STEPS, module.HELD_OUT = 2, 2, 4
    module.CHECKPOINT_EVERY = 2
    return module


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Eight faces of one colour each."""
    colours = np.random.default_rng(0).integers(256, size=(8, 1, 1, 3), dtype=np.uint8)
    np.save(tmp_path / "faces.npy", np.broadcast_to(colours, (8, 128, 128, 3)))
    return tmp_path / "faces.npy"


def test_training_leaves_a_prior_and_goes_on_where_it_was(script: Any, faces: Path, tmp_path: Path) -> None:
    output = tmp_path / "diffusion"
    script.main(faces, output, steps=2, batch_size=2)
    first = load_prior(output / "prior")
    assert first.resolution == (128, 128)
    assert Image.open(output / "samples.png").width > 2 * 128
    assert torch.load(output / "last.ckpt", weights_only=True)["global_step"] == 2
    script.main(faces, output, steps=4, batch_size=2)
    assert torch.load(output / "last.ckpt", weights_only=True)["global_step"] == 4
    assert load_prior(output / "prior").sha256 != first.sha256


def test_prior_is_small_enough_to_ship(script: Any, tmp_path: Path) -> None:
    script.make_unet().half().save_pretrained(tmp_path)
    assert (tmp_path / WEIGHTS).stat().st_size < 4_000_000


def test_training_lowers_the_error(script: Any, faces: Path) -> None:
    torch.manual_seed(0)
    module = script.NoisePrediction(steps=100, lr=1e-3)
    images = torch.stack([script.to_tensor(face)[:, :32, :32] for face in np.load(faces)])
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    timesteps, noise = torch.arange(100, 900, 100), torch.randn_like(images)
    losses = []
    for _ in range(10):
        loss = module._error(images, timesteps, noise)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]
