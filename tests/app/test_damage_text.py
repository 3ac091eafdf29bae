import numpy as np

from rsi.app.damage_text import SLIDERS, in_words, text_of, values_of, with_value
from rsi.estimation.estimate import Estimate
from rsi.estimation.evidence import Finding

KNOWN = np.ones((8, 8), bool)
JPEG = Finding("jpeg", {}, "read", "the tables of its header", shown={"quality": 12})
NOISE = Finding("noise", {"k_p": 23.3, "k_b": 0.16}, "measured", "a grey varies")
WHITE = Finding("inpaint", {}, "guessed", "white regions")
QUALITY, LIGHT, LOST = SLIDERS[:3]


def test_says_what_was_found_in_the_order_in_which_it_happened() -> None:
    said = in_words(Estimate((JPEG, NOISE, WHITE), KNOWN)).splitlines()
    assert said == [
        "- It is noisy (photons 23.3, lost 0.16): a grey varies.",
        "- It was saved as JPEG (quality 12): the tables of its header.",
        "- Perhaps: it has holes.",
    ]
    assert in_words(Estimate((), KNOWN)).startswith("Nothing was found.")


def test_what_is_undone_is_what_is_sure_and_that_the_picture_is_small() -> None:
    found = Estimate((JPEG, NOISE, WHITE), KNOWN)
    assert text_of(found, 1) == "noise:k_p=23.3,k_b=0.16+jpeg"
    assert text_of(found, 4) == "upsample+noise:k_p=23.3,k_b=0.16+jpeg"
    assert text_of(Estimate((), KNOWN), 1) == "upsample:factor=1"


def test_sliders_read_and_write_the_text() -> None:
    text = "noise:k_p=23.3,k_b=0.16+jpeg"
    values = dict(zip(SLIDERS, values_of(text), strict=True))
    assert [values[slider] for slider in (QUALITY, LIGHT, LOST)] == [None, 23.3, 0.16]
    assert with_value(text, LOST, 0.25) == "noise:k_p=23.3,k_b=0.25+jpeg"
    assert with_value("gaussian:sigma=0.1+blur:sigma=2", SLIDERS[4], 3) == "gaussian:sigma=0.1+blur:sigma=3"
