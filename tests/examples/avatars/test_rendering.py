from pathlib import Path

import numpy as np
import pytest
import torch

from examples.avatars import rendering
from examples.avatars.attributes import colours, draw_latents
from examples.avatars.rendering import render, render_to_file
from rsi.errors import InputError
from rsi.generators import load_generator

Z = draw_latents(60, 5000)


@pytest.mark.slow
@pytest.mark.usefixtures("_node_packages")
def test_drawings_are_those_the_embedded_generator_was_trained_on() -> None:
    """Its mapping network blurs choices that are nearly even; colours, framing and size agree."""
    drawn = torch.from_numpy(render(Z).copy()).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        generated = load_generator("avatars128")(Z).clamp(0, 1)
    psnr = -10 * (drawn - generated).square().mean((1, 2, 3)).log10()
    assert psnr.mean() > 22
    assert psnr.max() > 28


@pytest.mark.slow
@pytest.mark.usefixtures("_node_packages")
def test_the_upper_corners_show_the_background_exactly() -> None:
    background = (colours(Z)[:, 3] * 255).round().byte()
    assert (torch.from_numpy(render(Z).copy())[:, 0, 0] == background).all()


@pytest.mark.slow
@pytest.mark.usefixtures("_node_packages")
def test_drawing_goes_on_behind_the_last_complete_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "CHUNK", 20)
    render_to_file(Z, tmp_path / "at_once.npy", workers=2)
    at_once = (tmp_path / "at_once.npy").read_bytes()
    (tmp_path / "stopped.partial").write_bytes(at_once[: 128 + 25 * rendering.FACE_BYTES + 1000])
    render_to_file(Z, tmp_path / "stopped.npy", workers=2)
    assert (tmp_path / "stopped.npy").read_bytes() == at_once
    assert np.load(tmp_path / "stopped.npy", mmap_mode="r").shape == (60, 128, 128, 3)


def test_faces_that_are_there_are_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "faces.npy").write_bytes(b"there")
    render_to_file(Z, tmp_path / "faces.npy")
    assert (tmp_path / "faces.npy").read_bytes() == b"there"


def test_missing_node_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="node is not installed"):
        render(Z[:1])


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rendering, "HERE", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InputError, match="run npm ci"):
        render(Z[:1])
