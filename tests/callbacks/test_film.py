from pathlib import Path

import pytest
from PIL import Image

from rsi.callbacks import Stage
from rsi.callbacks.timelapse import FrameStore, frame_captions, write_film
from rsi.methods.restoration import PAPER_SCHEDULE


def test_frames_are_denser_in_early_phases_and_at_their_start() -> None:
    steps = list(frame_captions(PAPER_SCHEDULE, 24))
    per_phase = [[step for step in steps if start <= step < start + 150] for start in (0, 150, 300)]
    assert [len(phase) for phase in per_phase] == [23, 12, 6]  # the first two of 24 fall on one step
    assert [(phase[0], phase[-1]) for phase in per_phase] == [(0, 149), (150, 299), (300, 449)]
    assert all(phase[1] - phase[0] < phase[-1] - phase[-2] for phase in per_phase)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [([Stage("DDRM", 1)], {0}), ([Stage("a", 3), Stage("b", 2)], {0, 1, 2, 3, 4}), ([Stage("W", 5)], {0, 2, 4})],
)
def test_short_schedules(schedule: list[Stage], expected: set[int]) -> None:
    assert frame_captions(schedule, 4).keys() == expected


def test_store_gives_back_what_it_keeps_and_nothing_else(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, "sub/é.png")
    store.keep(3, Image.new("RGB", (64, 64), "red"), 32)
    kept = FrameStore(tmp_path, "sub/é.png").read(3)
    assert kept is not None
    assert (kept.size, kept.getpixel((0, 0))) == ((32, 32), (255, 0, 0))
    assert store.read(4) is None
    assert FrameStore(tmp_path, "other").read(3) is None
    store.remove()
    assert store.read(3) is None


def test_film_shows_the_target_beside_every_frame_over_and_over(tmp_path: Path) -> None:
    frames = [(f"W step {step}", Image.new("RGB", (64, 64), color)) for step, color in enumerate(("red", "blue"))]
    write_film(tmp_path / "films" / "a.webp", Image.new("RGB", (16, 16), "lime"), frames, 64)
    film = Image.open(tmp_path / "films" / "a.webp")
    assert (film.n_frames, film.info["loop"]) == (2, 0)  # type: ignore[attr-defined]
    for frame, expected in enumerate(((255, 0, 0), (0, 0, 255))):
        film.seek(frame)
        left, right = (film.convert("RGB").getpixel((x, 50)) for x in (32, 100))
        assert left == pytest.approx((0, 255, 0), abs=12)
        assert right == pytest.approx(expected, abs=12)
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["a.webp"]
