from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.avatars.__main__ import main
from examples.avatars.attributes import draw_latents
from examples.avatars.rendering import render
from examples.avatars.settings import CLEAN
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


@pytest.mark.slow
@pytest.mark.usefixtures("_node_packages")
def test_the_faces_of_the_benchmark_have_numbers_that_do_not_change(tmp_path: Path) -> None:
    main(["clean", "--output_dir", str(tmp_path), "--clean", "3"])
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == ["face000.png", "face001.png", "face002.png"]
    third = np.asarray(Image.open(tmp_path / "clean" / "face002.png"))
    assert np.array_equal(third, render(draw_latents(1, CLEAN + 2))[0])
