import pytest
from damages import Damage

from rsi.estimation.evidence import Evidence, Finding
from rsi.estimation.holes import find_holes
from rsi.estimation.noise import find_noise


def found(images: list[Evidence]) -> list[Finding]:
    evidences = [find_noise(find_holes(evidence)) for evidence in images]
    return [finding for evidence in evidences for finding in evidence.findings if finding.stage != "inpaint"]


@pytest.mark.parametrize("strokes", [0, 9])
@pytest.mark.parametrize(("k_p", "k_b", "lowest"), [(95.7, 0.04, 0.8), (23.9, 0.16, 0.8), (6.1, 0.64, 0.7)])
def test_both_strengths_without_the_comb_of_whole_photons(
    k_p: float, k_b: float, lowest: float, strokes: int, damaged: Damage
) -> None:
    images = damaged(f"noise:k_p={k_p},k_b={k_b}", strokes)
    findings = found(images)
    assert len(findings) == len(images)
    for finding in findings:
        assert finding.how == "measured"
        assert lowest < float(finding.settings["k_p"]) / k_p < 1.1
        assert float(finding.settings["k_b"]) == pytest.approx(k_b, rel=0.15)
        assert finding.intervals["k_b"][0] < float(finding.settings["k_b"]) < finding.intervals["k_b"][1]


def test_whole_photons_leave_a_comb_that_is_exact(damaged: Damage) -> None:
    findings = found(damaged("noise:k_p=24,k_b=0"))
    assert {(finding.settings["k_p"], finding.how) for finding in findings} == {(24.0, "exact")}


@pytest.mark.parametrize("sigma", [0.05, 0.1])
def test_noise_as_strong_in_the_dark_is_told_from_photons(sigma: float, damaged: Damage) -> None:
    findings = found(damaged(f"gaussian:sigma={sigma}"))
    assert {finding.stage for finding in findings} == {"gaussian"}
    found_sigmas = [float(finding.settings["sigma"]) for finding in findings]
    assert found_sigmas == pytest.approx([sigma] * len(findings), rel=0.12)


def test_pictures_without_noise_have_none(damaged: Damage) -> None:
    assert found(damaged("")) == []
    assert found(damaged("blur:sigma=1")) == []
