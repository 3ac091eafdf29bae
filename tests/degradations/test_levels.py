from rsi.degradations import LEVEL_SETTINGS, LEVELS, STROKES


def test_levels_get_harder() -> None:
    assert list(STROKES) == list(LEVELS)
    for name, key, sign in (
        ("upsample", "factor", 1),
        ("noise", "k_p", -1),
        ("noise", "k_b", 1),
        ("jpeg", "quality", -1),
        ("blur", "sigma", 1),
        ("resized", "factor", 1),
        ("sepia", "strength", 1),
        ("fade", "contrast", -1),
    ):
        values = [sign * LEVEL_SETTINGS[name][level][key] for level in LEVELS]
        assert values == sorted(values)


def test_the_middle_level_is_the_papers() -> None:
    assert {name: LEVEL_SETTINGS[name]["M"] for name in ("upsample", "noise", "jpeg")} == {
        "upsample": {"factor": 8},
        "noise": {"k_p": 24, "k_b": 0.16},
        "jpeg": {"quality": 12},
    }
    assert STROKES["M"] == 9
