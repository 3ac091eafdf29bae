from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

import rsi.generators
from rsi.errors import InputError
from rsi.perceptual import EmbeddedDistance

ASSET = Path(rsi.generators.__file__).parent / "assets" / "perceptual.safetensors"


def reference(x: Tensor, y: Tensor) -> Tensor:
    weights = load_file(ASSET)
    result = 2 * ((x - y) ** 2).sum(1).mean((1, 2))
    a, b = 2 * x - 1, 2 * y - 1
    for stage in range(5):
        if stage:
            a, b = F.max_pool2d(a, 2), F.max_pool2d(b, 2)
        for layer in (0, 2):
            name = f"stages.{stage}.{layer}"
            a, b = (F.relu(F.conv2d(z, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)) for z in (a, b))
        unit_a, unit_b = (z / (z.pow(2).sum(1, keepdim=True) + 1e-10).sqrt() for z in (a, b))
        result = result + (unit_a - unit_b).pow(2).sum(1).mean((1, 2)) / 5
    return result


def test_distance_is_the_published_formula() -> None:
    x, y = torch.rand(2, 3, 3, 64, 64)
    torch.testing.assert_close(EmbeddedDistance()(x, y), reference(x, y))


def test_distance_to_itself_is_zero_and_has_finite_gradients() -> None:
    x = torch.zeros(1, 3, 32, 32, requires_grad=True)
    distance = EmbeddedDistance()
    assert float(distance(x, x)) < 1e-6
    distance(x, torch.rand(1, 3, 32, 32)).sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_network_is_frozen() -> None:
    assert not any(parameter.requires_grad for parameter in EmbeddedDistance().parameters())


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"rgb_weight": "nan"}, "rgb_weight nan is no number of at least 0"),
        ({"rgb_weight": "heavy"}, "could not convert string to float: 'heavy'"),
        ({"colour_side": "0"}, "colour_side 0 is less than a pixel"),
        ({"colour_weight": "-1"}, "colour_weight -1.0 is no number of at least 0"),
        ({"prior_weight": "inf"}, "prior_weight inf is no number of at least 0"),
        ({"rgb_weight": None}, "its metadata have no rgb_weight"),
    ],
)
def test_weights_that_no_distance_has_are_refused(
    tmp_path: Path, metadata: dict[str, str | None], problem: str
) -> None:
    with safe_open(ASSET, "pt") as file:
        changed = {name: value for name, value in (file.metadata() | metadata).items() if value is not None}
    save_file(load_file(ASSET), tmp_path / "own.safetensors", changed)
    with pytest.raises(InputError, match=f"own.safetensors is not an embedded perceptual network: {problem}"):
        EmbeddedDistance(tmp_path / "own.safetensors")


def test_a_folder_and_a_text_are_no_network(tmp_path: Path) -> None:
    text = tmp_path / "notes.safetensors"
    text.write_text("not a network, whatever its name says")
    for path in (tmp_path, text):
        with pytest.raises(InputError, match=f"{path} is not an embedded perceptual network: it is no intact safet"):
            EmbeddedDistance(path)


def test_small_images_count_as_enlarged_ones() -> None:
    x, y = torch.rand(2, 1, 3, 4, 4)
    large_x, large_y = (F.interpolate(z, scale_factor=4, mode="nearest") for z in (x, y))
    torch.testing.assert_close(EmbeddedDistance()(x, y), EmbeddedDistance()(large_x, large_y))
