"""The largest level of the loss, left out or taken at some steps alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import recording
import torch
from PIL import Image
from recording import Record

from rsi import InputError, Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter
from rsi.generators import Generator, StyleGAN2Architecture, save_generator
from rsi.methods.loss import MultiresolutionLoss
from rsi.methods.top_level import TopLevel
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import EmbeddedDistance

TOP = "perceptual_64"
SIZES = StyleGAN2Architecture(
    z_dim=8, c_dim=0, w_dim=8, img_resolution=64, mapping_layers=2, channel_base=256, channel_max=16
)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random generator of 64 px, whose loss has two levels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Generator(SIZES)
    path = tmp_path_factory.mktemp("generator") / "64.safetensors"
    save_generator(made, path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    folder = tmp_path / "targets"
    folder.mkdir()
    for name, image in zip("abc", pixels, strict=True):
        Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{name}.jpg", quality=20)
    return folder


def schedule(top_level: str, steps: int = 5) -> list[Phase]:
    return [Phase("W", 3, 0.08, top_level=top_level), Phase("W++", steps, 0.02, top_level=top_level)]


def run(folder: Path, generator: Path, top_level: str, batch_size: int = 8, noise: str = "jpeg") -> Record:
    module = Restoration(str(generator), noise, "embedded", schedule(top_level))
    return recording.run(module, folder, batch_size)


@pytest.mark.parametrize(
    ("top_level", "computed"), [("always", [0, 1, 2, 3, 4, 5, 6, 7]), ("never", []), ("every 2", [0, 2, 3, 5, 7])]
)
def test_it_is_computed_at_the_first_step_of_a_phase_and_as_often_as_wanted(
    top_level: str, computed: list[int], folder: Path, generator: Path
) -> None:
    terms = run(folder, generator, top_level).terms["a.jpg"]
    assert [index for index, step in enumerate(terms) if TOP in step] == computed


def test_every_first_step_is_always(folder: Path, generator: Path) -> None:
    always, every = (run(folder, generator, top_level) for top_level in ("always", "every 1"))
    assert every.path["a.jpg"][-1].equal(always.path["a.jpg"][-1])


def test_the_kept_gradient_is_that_of_the_last_time(folder: Path, generator: Path) -> None:
    """Where codes hardly move, it is the gradient of now: the path is that of computing it always."""
    slow = [Phase("W", 1, 0.3), Phase("W+", 6, 1e-4)]
    kept = [slow[0], replace(slow[1], top_level="every 6")]
    codes = []
    for phases in (slow, kept, [slow[0], replace(slow[1], top_level="never")]):
        module = Restoration(str(generator), "jpeg", "embedded", phases)
        recording.run(module, folder, 8)
        codes.append(module.codes.detach().clone())
    always, every, never = codes
    assert (every - always).norm() < 0.2 * (never - always).norm()


@pytest.mark.parametrize("size", [(64, 64), (64, 128), (128, 64)], ids=["square", "wide", "high"])
def test_the_gradient_is_kept_whatever_the_shape_of_the_pictures(size: tuple[int, int]) -> None:
    random = torch.Generator().manual_seed(0)
    loss = MultiresolutionLoss(EmbeddedDistance())
    target = loss.prepare(torch.rand(1, 3, *size, generator=random), torch.ones(1, 1, *size))
    codes, images = torch.zeros(1, 8, requires_grad=True), torch.rand(1, 3, *size, generator=random)
    terms = loss(images + codes.sum(), target, ImageRandom([0]))
    kept = torch.zeros(1, 8)
    top = TopLevel(is_computed=True, kept=kept)
    applied = top.applied(terms, target.levels, codes)
    (wanted,) = torch.autograd.grad(terms["total"].sum(), codes, retain_graph=True)
    (gradient,) = torch.autograd.grad(applied["total"].sum(), codes)
    assert kept.norm() > 0
    torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_batches_do_not_matter(batch_size: int, folder: Path, generator: Path) -> None:
    together = run(folder, generator, "every 2", noise="noise:M")
    apart = run(folder, generator, "every 2", batch_size, noise="noise:M")
    assert together.terms == apart.terms


@pytest.mark.parametrize("moment", [2, 5, 6])
def test_a_killed_run_ends_with_the_same_bytes(moment: int, folder: Path, generator: Path, tmp_path: Path) -> None:
    def restore(output: Path, kill_at: int = 0) -> bytes:
        module = Restoration(str(generator), "noise:M", "embedded", schedule("every 3"))
        callbacks = [PhaseScheduler(), ResultWriter(str(output)), BatchCheckpoint(str(output), 0.0)]
        data = TargetFolder(str(folder), batch_size=2, output_dir=str(output))
        recording.run_until_killed(module, callbacks, data, kill_at)
        return b"" if kill_at else (output / "a.png").read_bytes() + (output / "latents" / "a.safetensors").read_bytes()

    restore(tmp_path / "killed", moment)
    assert restore(tmp_path / "killed") == restore(tmp_path / "whole")


@pytest.mark.parametrize("top_level", ["sometimes", "every", "every 0", "every 1.5"])
def test_other_words_are_refused(top_level: str) -> None:
    with pytest.raises(InputError, match=f'phase W has top_level "{top_level}": use always, never or every 4'):
        Phase("W", 1, 0.1, top_level=top_level)
