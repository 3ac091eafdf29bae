import pytest
from damages import Damage

from rsi.estimation.blur import find_blur


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_sigma_is_right_within_an_eighth(sigma: float, damaged: Damage) -> None:
    for evidence in damaged(f"blur:sigma={sigma}"):
        finding = find_blur(evidence).of("blur")
        assert finding is not None
        assert float(finding.settings["sigma"]) == pytest.approx(sigma, rel=0.125)


def test_sharp_pictures_have_none(damaged: Damage) -> None:
    assert [find_blur(evidence).findings for evidence in damaged("")] == [()] * len(damaged(""))
