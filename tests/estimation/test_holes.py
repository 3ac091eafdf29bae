import numpy as np
from torch import Tensor

from rsi.degradations import draw_strokes
from rsi.estimation.evidence import Evidence
from rsi.estimation.holes import find_holes
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size


def test_black_strokes_are_holes_to_the_pixel(sharp_images: list[Tensor]) -> None:
    for seed, image in enumerate(sharp_images):
        known = draw_strokes(ImageRandom([seed]), Size.of(image), 5)[0, 0].numpy() > 0
        pixels = (image[0].numpy() * known * 255).round().astype(float)
        found = find_holes(Evidence(pixels, np.ones_like(known)))
        black = (pixels == 0).all(0)
        assert not (found.known & ~known).any()
        assert (found.known | black).all()
        assert [finding.how for finding in found.findings] == ["measured"]


def test_white_holes_are_asked_about_since_backgrounds_are_white_too(sharp_images: list[Tensor]) -> None:
    pixels = (sharp_images[3][0].numpy() * 250).round().astype(float)
    pixels[:, 40:60, 30:90] = 255
    (finding,) = find_holes(Evidence(pixels, np.ones(pixels.shape[1:], bool))).findings
    assert (finding.how, "--mask_color white" in finding.why) == ("guessed", True)


def test_dark_parts_of_a_picture_are_asked_about_at_most(sharp_images: list[Tensor]) -> None:
    for image in sharp_images:
        dark = np.clip(image[0].numpy() * 1.3 - 0.3, 0, 1)  # much of it is exactly black, with soft edges
        pixels = (dark * 255).round().astype(float)
        found = find_holes(Evidence(pixels, np.ones(pixels.shape[1:], bool))).findings
        assert {finding.how for finding in found} <= {"guessed"}
