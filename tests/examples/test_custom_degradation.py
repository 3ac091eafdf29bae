import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from rsi.degradations import JPEG, Degradation
from rsi.numerics.randomness import ImageRandom

FILE = Path(__file__).parents[2] / "examples" / "custom_degradation.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("custom_degradation", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def blur(example: ModuleType) -> Degradation:
    operator: Degradation = example.MyBlur(sigma=2)
    return operator


def test_it_is_under_30_lines() -> None:
    assert len(FILE.read_text().splitlines()) < 30


def test_a_point_becomes_a_gaussian(blur: Degradation) -> None:
    x = torch.zeros(1, 3, 33, 33)
    x[..., 16, 16] = 1
    y = blur(x, ImageRandom([0]))
    assert y[0, 0, 16, 18] / y[0, 0, 16, 16] == pytest.approx(torch.tensor(-0.5).exp().item(), rel=1e-3)
    assert y[0].sum(dim=(1, 2)).tolist() == pytest.approx([1, 1, 1], rel=1e-5)


def test_gradients_are_those_of_finite_differences(blur: Degradation) -> None:
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: blur(x, ImageRandom([0, 1])), x, fast_mode=True)


def test_an_image_does_not_depend_on_its_batch(blur: Degradation) -> None:
    x = torch.rand(3, 3, 16, 16)
    together = blur(x, ImageRandom([0, 1, 2]))
    torch.testing.assert_close(blur(x[2:], ImageRandom([2])), together[2:], atol=1e-6, rtol=0)


def test_the_true_operator_stores_eight_bits(blur: Degradation) -> None:
    levels = blur.degrade(torch.rand(1, 3, 16, 16), ImageRandom([0])) * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)


def test_it_composes(blur: Degradation) -> None:
    composed = blur + JPEG(12)
    assert composed(torch.rand(1, 3, 32, 32), ImageRandom([0])).shape == (1, 3, 32, 32)
    assert "sigma=2" in repr(composed)
