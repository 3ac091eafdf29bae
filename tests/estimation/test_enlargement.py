"""That clean pictures were not enlarged is among what test_estimate.py says of them."""

import numpy as np
import pytest
from damages import Damage
from PIL import Image

from rsi.estimation.enlargement import find_enlargement, upsampling_matrix

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@pytest.mark.parametrize("name", FILTERS)
def test_the_matrix_is_pillows(name: str) -> None:
    small = np.random.default_rng(0).random((37, 20)).astype(np.float32)
    enlarged = np.asarray(Image.fromarray(small).resize((20, 128), FILTERS[name]))
    assert upsampling_matrix(37, 128, name) @ small == pytest.approx(enlarged, abs=1e-6)


@pytest.mark.parametrize(("factor", "name"), [(1.5, "bilinear"), (2.67, "bicubic"), (4, "lanczos"), (8, "bicubic")])
def test_the_small_side_is_found_to_the_pixel(factor: float, name: str, damaged: Damage) -> None:
    for evidence in damaged(f"resized:factor={factor},filter={name}"):
        finding = find_enlargement(evidence).of("resized")
        side = evidence.known.shape[0]
        assert finding is not None
        assert finding.settings["filter"] == name
        assert round(side / float(finding.settings["factor"])) == round(side / factor)


@pytest.mark.parametrize("sigma", [2, 4])
def test_blurred_pictures_were_not_enlarged(sigma: int, damaged: Damage) -> None:
    for evidence in damaged(f"blur:sigma={sigma}"):
        assert find_enlargement(evidence).findings == ()
