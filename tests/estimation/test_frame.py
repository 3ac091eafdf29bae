import numpy as np
from damages import Damage

from rsi.estimation.evidence import Evidence
from rsi.estimation.frame import find_frame


def test_a_frame_of_one_colour_is_asked_about(damaged: Damage) -> None:
    for evidence in damaged(""):
        assert find_frame(evidence).findings == ()
        framed = np.pad(evidence.pixels, ((0, 0), (7, 7), (7, 7)), constant_values=236)
        framed += np.random.default_rng(0).integers(-3, 4, framed.shape)
        (finding,) = find_frame(Evidence(np.clip(framed, 0, 255), np.ones(framed.shape[1:], bool))).findings
        assert (finding.how, finding.why.startswith("a frame of 7 to 7 pixels")) == ("guessed", True)
