import torch

from rsi.methods.strength import at_strength


def test_codes_go_from_their_mean_to_what_they_are() -> None:
    codes = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(at_strength(codes, 1.0), codes)
    mean = at_strength(codes, 0.0)
    torch.testing.assert_close(mean, codes.mean(1, keepdim=True).expand_as(codes))
    torch.testing.assert_close(at_strength(codes, 0.25), 0.75 * mean + 0.25 * codes)


def test_one_code_an_image_stays() -> None:
    codes = torch.randn(2, 3)
    assert at_strength(codes, 0.0) is codes
