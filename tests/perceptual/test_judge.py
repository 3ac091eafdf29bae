from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional as F

import rsi.generators
from rsi.benchmark.metrics import psnr
from rsi.data.reading import read_picture
from rsi.errors import InputError
from rsi.perceptual import EmbeddedDistance, JudgeDistance, load_perceptual

ASSETS = Path(rsi.generators.__file__).parent / "assets"
CLEAN = Path(__file__).parents[2] / "examples" / "clean"
TINTS = (0.02, 0.05, 0.1, 0.15)


@pytest.fixture(scope="module")
def judge() -> JudgeDistance:
    return JudgeDistance()


@pytest.fixture(scope="module")
def faces() -> Tensor:
    return torch.stack([read_picture(path).rgb for path in sorted(CLEAN.glob("*.png"))])


def features(images: Tensor) -> list[Tensor]:
    weights = {name: tensor.float() for name, tensor in load_file(ASSETS / "judge.safetensors").items()}
    maps, x = [], 2 * images - 1
    for stage in range(4):

        def conv(z: Tensor, name: str, stage: int = stage, **settings: int) -> Tensor:
            name = f"stages.{stage}.{name}"
            return F.conv2d(z, weights[f"{name}.weight"], weights[f"{name}.bias"], **settings)

        inside = conv(F.silu(conv(x, "enter", stride=2, padding=1)), "leave", padding=1)
        x = F.silu(inside + conv(F.avg_pool2d(x, 2, ceil_mode=True), "shortcut"))
        maps.append(x)
    return maps


def reference(x: Tensor, y: Tensor) -> Tensor:
    stages = []
    for a, b in zip(features(x), features(y), strict=True):
        unit_a, unit_b = (z / (z.pow(2).sum(1, keepdim=True) + 1e-10).sqrt() for z in (a, b))
        stages.append((unit_a - unit_b).pow(2).sum(1).mean((1, 2)))
    return torch.stack(stages).mean(0)


@pytest.mark.parametrize("side", [64, 45])
def test_distance_is_the_published_formula(judge: JudgeDistance, side: int) -> None:
    x, y = torch.rand(2, 3, 3, side, side)
    torch.testing.assert_close(judge(x, y), reference(x, y))


def test_description_is_the_mean_of_the_last_stage(judge: JudgeDistance) -> None:
    images = torch.rand(2, 3, 45, 45)
    last = features(images)[-1]
    assert last.shape == (2, 96, 3, 3)
    torch.testing.assert_close(judge.describe(images), last.mean((2, 3)))


def test_distance_to_itself_is_zero_and_to_small_images_finite(judge: JudgeDistance) -> None:
    x, y = torch.rand(2, 1, 3, 8, 8)
    assert float(judge(x, x)) < 1e-6
    assert 0 < float(judge(x, y)) < 10


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (-1, 0, 1), (1, 1, 1)])
def test_the_stronger_a_tint_the_farther(judge: JudgeDistance, faces: Tensor, direction: tuple[int, ...]) -> None:
    plain = 0.15 + 0.7 * faces  # no tint leaves [0, 1]
    tinted = [plain + strength * torch.tensor(direction).view(3, 1, 1) for strength in TINTS]
    distances = torch.stack([judge(images, plain) for images in tinted])
    assert bool((distances.diff(dim=0) > 0).all())
    assert bool((distances[0] > 1e-4).all())


def test_another_face_is_farther_than_the_same_one_spoiled_a_little(judge: JudgeDistance, faces: Tensor) -> None:
    noise = torch.randn(faces.shape, generator=torch.Generator().manual_seed(0))
    noisy, others = judge(faces + 0.02 * noise, faces), judge(faces.roll(1, 0), faces)
    assert bool((others > 2 * noisy).all())


def test_it_ranks_as_the_embedded_network_and_psnr_do(judge: JudgeDistance, faces: Tensor) -> None:
    noise = torch.randn(faces.shape, generator=torch.Generator().manual_seed(0))
    spoiled = [faces + sigma * noise for sigma in (0.05, 0.1, 0.2, 0.4)]
    spoiled += [F.interpolate(F.avg_pool2d(faces, size), scale_factor=size) for size in (2, 4, 8, 16)]
    x, y = torch.cat(spoiled), faces.repeat(len(spoiled), 1, 1, 1)
    found = judge(x, y)
    assert spearmanr(found, EmbeddedDistance()(x, y)).statistic > 0.8
    assert spearmanr(found, -psnr(x, y)).statistic > 0.7


def test_no_method_can_minimise_it() -> None:
    with pytest.raises(InputError, match="judge does not exist: give the path of vgg16"):
        load_perceptual("judge")
    with pytest.raises(InputError, match=r"judge.safetensors is not an embedded perceptual network: "):
        load_perceptual(str(ASSETS / "judge.safetensors"))


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing.safetensors", "does not exist"), ("perceptual.safetensors", "is not a judge of drawings: ")],
)
def test_other_files_are_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=f"{name} {message}"):
        JudgeDistance(ASSETS / name)
