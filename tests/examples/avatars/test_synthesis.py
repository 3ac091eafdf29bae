import math

import torch

from examples.avatars.synthesis import pixel_loss, psnr

FACES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_losses_vanish_for_equal_faces() -> None:
    assert pixel_loss(FACES, FACES) == 0


def test_a_constant_error_counts_once_at_each_of_four_sizes_and_squared() -> None:
    torch.testing.assert_close(pixel_loss(FACES + 0.1, FACES), torch.tensor(4 * 0.1 + 2 * 0.01))


def test_psnr_of_a_known_error() -> None:
    torch.testing.assert_close(psnr(FACES * 0 + 0.6, FACES * 0 + 0.5), torch.full((2,), 20.0))
    assert math.isclose(float(psnr(FACES + 9, torch.ones(2, 3, 32, 32))[0]), 100, rel_tol=1e-6)
