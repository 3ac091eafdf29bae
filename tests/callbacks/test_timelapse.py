import hashlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from recording import run_until_killed

from rsi import Phase, Restoration, TargetFolder
from rsi.callbacks import BatchCheckpoint, PhaseScheduler, ResultWriter, Timelapse
from rsi.callbacks.timelapse import FRAME_MS, LAST_FRAME_MS

SCHEDULE = [Phase("W", 6, 0.08), Phase("W+", 4, 0.02), Phase("W++", 3, 0.005)]


class Films:
    """Runs of the tiny generator that write films into one folder."""

    def __init__(self, targets: Path, generator: Path, output: Path) -> None:
        self.targets, self.generator, self.output = targets, str(generator), output

    def __call__(self, kill_at: int = 0, *, enabled: bool = True) -> None:
        output = str(self.output)
        callbacks = [
            PhaseScheduler(),
            Timelapse(output, enabled, frames=4, side=32),
            ResultWriter(output),
            BatchCheckpoint(output, 0.0),
        ]
        module = Restoration(self.generator, "noise:M", "embedded", SCHEDULE)
        run_until_killed(module, callbacks, TargetFolder(str(self.targets), batch_size=2, output_dir=output), kill_at)

    def films(self) -> dict[str, str]:
        films = (self.output / "timelapses").rglob("*.webp")
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in films}


def shown_for(film: Any) -> int:
    """How long a film takes: frames that look the same are stored once."""
    milliseconds = 0
    for frame in range(film.n_frames):
        film.seek(frame)
        film.load()
        milliseconds += film.info["duration"]
    return milliseconds


@pytest.fixture
def run(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> Films:
    return Films(jpeg_folder, tiny_generator, tmp_path / "out")


def test_every_image_of_every_batch_has_a_film_from_first_to_last_step(run: Films) -> None:
    run()
    assert run.films().keys() == {"a.webp", "b.webp", "c.webp"}
    film: Any = Image.open(run.output / "timelapses" / "b.webp")
    assert shown_for(film) == 7 * FRAME_MS + LAST_FRAME_MS
    film.seek(film.n_frames - 1)
    last = film.convert("RGB").crop((36, 16, 68, 48))
    restored = Image.open(run.output / "b.png").convert("RGB")
    difference = [abs(x - y) for x, y in zip(last.tobytes(), restored.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 16  # WebP's loss
    assert not list((run.output / ".progress").glob("frames-*"))


@pytest.mark.parametrize("moments", [[3, 4], [15]])
def test_killed_run_has_the_same_films(run: Films, moments: list[int]) -> None:
    run()
    whole = run.films()
    run.output = run.output.with_name("killed")
    for moment in moments:
        run(moment)
    run()
    assert run.films() == whole


def test_missing_frames_are_told(run: Films, capsys: pytest.CaptureFixture[str]) -> None:
    run(8, enabled=False)
    run()
    assert "a.webp: 5 of 8 frames are missing, from steps before this run" in capsys.readouterr().err
    film: Any = Image.open(run.output / "timelapses" / "a.webp")
    assert shown_for(film) == 2 * FRAME_MS + LAST_FRAME_MS


def test_images_finished_before_keep_what_they_have(run: Films, capsys: pytest.CaptureFixture[str]) -> None:
    run(enabled=False)
    assert not run.films()
    run()
    assert "no new timelapse of 3 images that were finished before: --overwrite" in capsys.readouterr().err
