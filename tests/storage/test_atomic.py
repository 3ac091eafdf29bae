import errno
import os
from pathlib import Path

import pytest

from rsi.errors import InputError
from rsi.storage.atomic import PREFIX, atomic_path, remove_partial


def test_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_file_has_the_permissions_of_an_ordinary_one(tmp_path: Path) -> None:
    ordinary, path = tmp_path / "ordinary", tmp_path / "file"
    ordinary.touch()
    with atomic_path(path) as temporary:
        temporary.touch()
    assert path.stat().st_mode == ordinary.stat().st_mode


def test_error_of_the_system_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(OSError, match=r"No space left on device: '.*/file\.txt'"), atomic_path(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    (tmp_path / "plain").touch()
    with pytest.raises(OSError, match=r"'.*/plain/file'"), atomic_path(tmp_path / "plain" / "file"):
        pass


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    left = [tmp_path / f"{PREFIX}x.png", tmp_path / "sub" / f"{PREFIX}y.csv"]
    for path in (*left, tmp_path / "kept.png"):
        path.touch()
    remove_partial(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept.png", "sub"]


def test_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"n+.png is a longer name than its file system takes: shorten it"):  # noqa: SIM117
        with atomic_path(tmp_path / f"{'n' * 252}.png"):
            pass
    assert list(tmp_path.iterdir()) == []
