from pathlib import Path

import pytest

from examples.avatars.__main__ import main
from rsi.errors import InputError


@pytest.mark.parametrize(
    ("stage", "first"),
    [
        ("perceptual", "render"),
        ("judge", "render"),
        ("synthesis", "perceptual"),
        ("mapping", "synthesis"),
        ("export", "mapping"),
        ("check", "export"),
    ],
)
def test_a_stage_says_which_one_is_missing(stage: str, first: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"run the stage {first} first"):
        main([stage, "--output_dir", str(tmp_path)])
