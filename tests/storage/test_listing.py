import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsi.storage.listing import holds_file, read_folder, sorted_windows, walk


@settings(deadline=None)
@given(st.lists(st.text(max_size=3), unique=True), st.integers(1, 5))
def test_windows_hold_everything_in_order(names: list[str], size: int) -> None:
    windows = list(sorted_windows(lambda: iter(names), size))
    assert [name for window in windows for name in window] == sorted(names)
    assert all(len(window) == size for window in windows[:-1])


def test_walk_goes_through_folders_in_the_order_of_paths(tmp_path: Path) -> None:
    names = ["a.json", "a/b.json", "a/c/d.json", "a-b.json", "z.txt", "z/y.json"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(tmp_path, ".json")) == sorted(set(names) - {"z.txt"})
    assert holds_file(tmp_path, "y.json")
    assert not holds_file(tmp_path, ".png")


def test_links_to_folders_are_left_out_and_those_to_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert sorted(read_folder(tmp_path)) == ["file", "link"]


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_what_is_no_folder_holds_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    assert list(read_folder(tmp_path / place)) == []


def test_bad_entries_are_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    bad: dict[str, str] = {}
    assert list(read_folder(tmp_path, bad.__setitem__)) == ["a"]
    assert bad == {
        "dead": "it leads nowhere",
        "loop": "Too many levels of symbolic links",
        "pipe": "neither a file nor a folder",
    }
    assert list(read_folder(tmp_path)) == ["a"]


def test_folder_that_cannot_be_read_is_told_or_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    bad: dict[str, str] = {}
    assert list(read_folder(tmp_path, bad.__setitem__)) == []
    assert bad == {"": "Permission denied"}
    with pytest.raises(PermissionError):
        list(read_folder(tmp_path))
