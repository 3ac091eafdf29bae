import torch

from rsi.generators.stylegan2.resample import resample_filter, upsample


def test_upsampling_keeps_flat_areas() -> None:
    image = upsample(torch.ones(1, 3, 6, 6), resample_filter())
    assert image.shape == (1, 3, 12, 12)
    torch.testing.assert_close(image[..., 1:-1, 1:-1], torch.ones(1, 3, 10, 10))
