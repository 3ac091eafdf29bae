from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule

from examples.avatars.export import export_perceptual
from examples.avatars.faces import Faces
from examples.avatars.judge import judge_network
from examples.avatars.mapping import LatentMapping
from examples.avatars.perceptual import AttributeNaming, AttributeNetwork, embedded_network
from examples.avatars.synthesis import Drawing, Embedding
from examples.avatars.training import train
from rsi.generators import StyleGAN2Architecture

ARCHITECTURE = StyleGAN2Architecture(
    z_dim=64, c_dim=0, w_dim=8, img_resolution=32, mapping_layers=2, channel_base=128, channel_max=8
)


def drawing(folder: Path, steps: int = 12) -> Drawing:
    torch.manual_seed(0)
    export_perceptual(embedded_network(), folder / "perceptual.safetensors")
    return Drawing(folder / "perceptual.safetensors", steps, ARCHITECTURE)


def judge_naming() -> AttributeNaming:
    torch.manual_seed(1)
    return AttributeNaming(judge_network(), 9, all_spoiled_from=5)


def assert_same_weights(module: LightningModule, other: LightningModule) -> None:
    torch.testing.assert_close(module.state_dict(), other.state_dict(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_stopped_training_goes_on_to_the_same_weights(small_faces: Path, ema_decay: float | None) -> None:
    at_once, stopped, resumed = (drawing(small_faces) for _ in range(3))
    data = Faces(small_faces, batch_size=8)
    train(at_once, data, small_faces / "at_once", 3, ema_decay=ema_decay)
    train(stopped, data, small_faces / "stopped", 1, ema_decay=ema_decay)
    train(resumed, data, small_faces / "stopped", 3, ema_decay=ema_decay)
    assert_same_weights(resumed, at_once)


def test_finished_training_is_not_repeated(small_faces: Path) -> None:
    trained, loaded = drawing(small_faces), drawing(small_faces)
    train(trained, Faces(small_faces, 8), small_faces / "run", 1)
    checkpoint = (small_faces / "run" / "last.ckpt").stat()
    train(loaded, Faces(small_faces, 8), small_faces / "run", 1)
    assert (small_faces / "run" / "last.ckpt").stat() == checkpoint
    assert_same_weights(loaded, trained)


def test_averaged_weights_stay_nearer_to_the_start(small_faces: Path) -> None:
    start, plain, averaged = (drawing(small_faces) for _ in range(3))
    train(plain, Faces(small_faces, 8), small_faces / "plain", 2)
    train(averaged, Faces(small_faces, 8), small_faces / "averaged", 2, ema_decay=0.9)
    way, averaged_way = (
        (module.synthesis.get_parameter("b4.const") - start.synthesis.get_parameter("b4.const")).norm()
        for module in (plain, averaged)
    )
    assert 0 < averaged_way < 0.9 * way


def test_drawing_gets_better_and_says_so(small_faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = drawing(small_faces, steps=60)
    train(module, Faces(small_faces, 8), small_faces / "synthesis", 20)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("synthesis ")]
    losses = [float(line.split("loss ")[1].split(";")[0]) for line in lines]
    assert losses[-1] < 0.8 * losses[0]
    assert "20/20" in lines[-1]
    assert "held_out_psnr" in lines[-1]


@pytest.mark.parametrize("make", [embedded_network, judge_network])
def test_attributes_are_learnt_in_bfloat16(
    make: Callable[[], AttributeNetwork], small_faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = AttributeNaming(make(), 30)
    train(module, Faces(small_faces, 8), small_faces / "naming", 10, precision="bf16-mixed")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("naming ")]
    losses = [float(line.split(", loss ")[1].split(";")[0].split(",")[0]) for line in lines]
    assert losses[-1] < losses[0]
    assert "hair_accuracy" in lines[-1]
    assert "naming 10/10" in lines[-1]


def test_the_judge_goes_on_to_the_same_weights(small_faces: Path) -> None:
    at_once, stopped, resumed = (judge_naming() for _ in range(3))
    data = Faces(small_faces, batch_size=8)
    train(at_once, data, small_faces / "at_once", 3)
    train(stopped, data, small_faces / "stopped", 1)
    train(resumed, data, small_faces / "stopped", 3)
    assert_same_weights(resumed, at_once)


def test_mapping_comes_nearer_to_the_embedding_and_leaves_it_alone(
    small_faces: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("examples.avatars.mapping.STEPS_AN_EPOCH", 10)
    embedding = Embedding(ARCHITECTURE.w_dim)
    before = embedding.get_parameter("0.weight").clone()
    module = LatentMapping(embedding, 40, ARCHITECTURE)
    train(module, None, small_faces / "mapping", 4)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("mapping ")]
    errors = [float(line.split("held_out_error ")[1].split(",")[0].split(";")[0]) for line in lines]
    assert errors[-1] < errors[0]
    assert torch.equal(embedding.get_parameter("0.weight"), before)
