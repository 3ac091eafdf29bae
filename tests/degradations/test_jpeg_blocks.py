import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.degradations.jpeg_blocks import BlockCoder, dct_matrix, upsample_chroma


def t81_transform(block: np.ndarray) -> np.ndarray:
    """The sum of ITU-T T.81, A.3.3."""
    scale = [1 / math.sqrt(2)] + [1.0] * 7
    waves = np.array([[math.cos((2 * x + 1) * u * math.pi / 16) for x in range(8)] for u in range(8)])
    coefficients = np.zeros((8, 8))
    for v in range(8):
        for u in range(8):
            coefficients[v, u] = scale[u] * scale[v] / 4 * (block * np.outer(waves[v], waves[u])).sum()
    return coefficients


def planes(height: int, width: int) -> Tensor:
    return torch.randint(-128, 128, (1, 2, height, width), generator=torch.Generator().manual_seed(0)).double()


def test_the_transform_is_that_of_the_standard() -> None:
    block = planes(8, 8)[0, 0]
    expected = t81_transform(block.numpy())
    np.testing.assert_allclose((dct_matrix() @ block @ dct_matrix().mT).numpy(), expected, atol=1e-9)


def test_quantisation_rounds_the_coefficients_of_the_standard() -> None:
    table = torch.arange(1.0, 65).reshape(8, 8).double()
    decoded = BlockCoder((1, 1))(planes(8, 8), table.expand(1, 2, 8, 8))
    coefficients = torch.from_numpy(t81_transform(planes(8, 8)[0, 0].numpy()))
    expected = dct_matrix().mT @ ((coefficients / table).round() * table) @ dct_matrix()
    torch.testing.assert_close(decoded[0, 0], expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)])
def test_fine_tables_leave_averages_over_samples(sampling: tuple[int, int]) -> None:
    across, down = sampling
    decoded = BlockCoder(sampling)(planes(32, 64), torch.full((1, 2, 8, 8), 1e-3).double())
    torch.testing.assert_close(decoded, F.avg_pool2d(planes(32, 64), (down, across)), atol=0.01, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 17), (33, 6)])
def test_partial_blocks_are_cut_off_again(size: tuple[int, int]) -> None:
    decoded = BlockCoder((2, 2))(planes(*size), torch.full((1, 2, 8, 8), 1e-3).double())
    expected = F.avg_pool2d(F.pad(planes(*size), (0, size[1] % 2, 0, size[0] % 2), mode="replicate"), 2)
    torch.testing.assert_close(decoded, expected, atol=0.01, rtol=0)


def test_every_image_has_its_own_tables() -> None:
    both = planes(16, 16).repeat(2, 1, 1, 1)
    tables = torch.stack([torch.full((2, 8, 8), 5.0), torch.full((2, 8, 8), 90.0)]).double()
    decoded = BlockCoder((1, 1))(both, tables)
    for index in range(2):
        alone = BlockCoder((1, 1))(both[:1], tables[index : index + 1])
        torch.testing.assert_close(decoded[index], alone[0])


def test_twofold_chroma_is_interpolated_by_quarters() -> None:
    row = torch.tensor([0.0, 4.0, 8.0]).expand(1, 1, 1, 3)
    assert upsample_chroma(row, (2, 1)).flatten().tolist() == [0, 1, 3, 5, 7, 8]
    assert upsample_chroma(row.mT, (1, 2)).flatten().tolist() == [0, 1, 3, 5, 7, 8]
    assert upsample_chroma(row, (2, 2))[0, 0].tolist() == [[0, 1, 3, 5, 7, 8]] * 2


def test_other_chroma_is_repeated() -> None:
    row = torch.tensor([0.0, 4.0, 8.0]).expand(1, 1, 1, 3)
    assert upsample_chroma(row, (3, 1)).flatten().tolist() == [0, 0, 0, 4, 4, 4, 8, 8, 8]
    assert upsample_chroma(row[..., :2], (2, 1)).flatten().tolist() == [0, 0, 4, 4]
