import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsi.data.pictures import CAPTION_HEIGHT, GAP


def sheets(read: Any, run: str, tag: str) -> list[tuple[int, Any]]:
    events = read.Images(run, tag)
    return [(event.step, np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))) for event in events]


def test_phases_show_their_steps_at_the_size_asked_for(board: Any) -> None:
    board()
    read = board.read()
    for run, steps in (("W", [0, 2]), ("W+", [4]), ("W++", [6])):
        found = sheets(read, f"logs/{run}", "image b.jpg/steps")
        assert [step for step, _ in found] == steps
        assert found[0][1].shape == (2 * (24 + CAPTION_HEIGHT), 2 * 24 + GAP, 3)


def test_difference_is_that_of_target_and_degraded_prediction(board: Any, jpeg_folder: Path) -> None:
    board()
    (_, sheet), *_ = sheets(board.read(), "logs/W", "image a.jpg/steps")
    top, bottom = sheet[CAPTION_HEIGHT : CAPTION_HEIGHT + 24], sheet[-24:]
    target = Image.open(jpeg_folder / "a.jpg").resize((24, 24), Image.Resampling.LANCZOS)
    assert np.abs(top[:, :24].astype(int) - np.asarray(target)).max() <= 1
    smooth = [part.astype(float).mean((0, 1)) for part in (top[:, :24], bottom[:, :24], bottom[:, -24:])]
    assert (smooth[2] >= np.abs(smooth[0] - smooth[1]) - 2).all()
    assert smooth[2].max() > 0


def test_path_is_shown_at_the_end_and_only_for_the_first_images(board: Any) -> None:
    board(images=2)
    read = board.read()
    assert set(read.Runs()["logs/W++"]["images"]) == {
        f"image {name}.jpg/{what}" for name in "ab" for what in ("steps", "whole_path")
    }
    (step, path), *_ = sheets(read, "logs/W++", "image a.jpg/whole_path")
    assert step == 6
    assert path.shape[0] <= 24 < path.shape[1]
