from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rsi.callbacks.event_writer import EventWriter

FullDisk = Callable[[int], AbstractContextManager[None]]


def steps(folder: Path) -> list[int]:
    """The steps that TensorBoard finds."""
    events: Any = EventAccumulator(str(folder)).Reload()
    return [event.step for event in events.Scalars("loss")]


def test_events_are_read_before_the_file_is_closed(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "W", ".0", tmp_path)
    for step in range(3):
        writer.add_scalar("loss", 0.5, step)
    assert [path.name[-2:] for path in (tmp_path / "W").iterdir()] == [".0"]
    assert steps(tmp_path / "W") == [0, 1, 2]
    writer.close()


def test_full_disk_is_told_once_and_what_came_before_is_read(
    tmp_path: Path, full_disk: FullDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    writers = [EventWriter(tmp_path / name, ".0", tmp_path) for name in ("W", "W+")]
    with full_disk(500):
        for step in range(100):
            for writer in writers:
                writer.add_scalar("loss", 0.5, step)
    for writer in writers:
        writer.flush()
        writer.close()
    read = steps(tmp_path / "W")
    assert read == [*range(len(read))]
    assert 5 < len(read) < 20
    told = f"{tmp_path}, for TensorBoard, cannot be written (File too large): the run goes on without\n"
    assert capfd.readouterr().err == told


def test_file_in_the_place_of_the_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("mine")
    EventWriter(tmp_path / "logs/W", ".0", tmp_path / "logs").add_scalar("loss", 0.5, 0)
    assert "for TensorBoard, cannot be written (" in capsys.readouterr().err
    assert (tmp_path / "logs").read_text() == "mine"
