import numpy as np
from damages import Damage

from rsi.estimation.evidence import Evidence
from rsi.estimation.tone import find_tone

SHADES = np.array([0.94, 0.85, 0.7])[:, None, None]


def test_grey_and_sepia_pictures_are_told_from_coloured_ones(damaged: Damage) -> None:
    for evidence in damaged(""):
        assert find_tone(evidence).findings == ()
        gray = np.round(np.repeat(evidence.luma[None], 3, 0))
        assert [f.stage for f in find_tone(Evidence(gray, evidence.known)).findings] == ["gray"]
        sepia = np.round(gray * SHADES + 12)
        assert [f.stage for f in find_tone(Evidence(sepia, evidence.known)).findings] == ["sepia"]
