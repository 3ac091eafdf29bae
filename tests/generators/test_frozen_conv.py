import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rsi.generators.frozen_conv import frozen_conv, resample_filter, upsample


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("transposed", "stride", "padding", "groups"),
    [(False, 1, 1, 1), (True, 2, 0, 1), (False, 1, 0, 2), (True, 2, 1, 2)],
)
def test_gradients_of_both_orders(transposed: bool, stride: int, padding: int, groups: int) -> None:
    weight = numbers(4, 4 // groups, 4, 4) if groups > 1 else numbers(4, 4, 3, 3)
    x = numbers(2, 4, 5, 5).requires_grad_()

    def convolve(x: Tensor) -> Tensor:
        return frozen_conv(x, weight, stride=stride, padding=padding, groups=groups, transposed=transposed)

    reference = F.conv_transpose2d if transposed else F.conv2d
    expected = reference(x, weight, stride=stride, padding=padding, groups=groups)
    torch.testing.assert_close(convolve(x), expected)
    assert torch.autograd.gradcheck(convolve, x, fast_mode=True)
    assert torch.autograd.gradgradcheck(convolve, x, fast_mode=True)


def test_the_input_is_not_kept() -> None:
    weight, kept = numbers(4, 4, 3, 3), []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        frozen_conv(numbers(2, 4, 64, 64).requires_grad_(), weight)
    assert kept == [weight.data_ptr()]


def test_upsampling_keeps_flat_areas() -> None:
    image = upsample(torch.ones(1, 3, 6, 6), resample_filter())
    assert image.shape == (1, 3, 12, 12)
    torch.testing.assert_close(image[..., 1:-1, 1:-1], torch.ones(1, 3, 10, 10))
