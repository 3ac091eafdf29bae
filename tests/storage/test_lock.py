import errno
import os
import threading
import time
from pathlib import Path

import pytest

from rsi.errors import InputError
from rsi.storage.lock import FolderLock, ProcessLock


def test_one_run_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "out" / ".progress" / "lock"
    first, second = FolderLock(path), FolderLock(path)
    first.acquire()
    first.acquire()
    with pytest.raises(InputError, match=r"another run is writing to .*out: wait for it or choose another"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_end_of_the_process_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        FolderLock(path).acquire()
        os.write(writer, b"locked")
        os._exit(9)
    os.read(reader, 6)
    os.waitpid(child, 0)
    FolderLock(path).acquire()


def test_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="lock"):
        FolderLock(tmp_path / "lock").acquire()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_file_system_without_locks(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: object, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    FolderLock(tmp_path / "lock").acquire()
    FolderLock(tmp_path / "lock").acquire()


def test_waiting_for_the_lock(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    is_held = threading.Event()

    def hold() -> None:
        first.acquire()
        is_held.set()
        time.sleep(0.2)
        first.release()

    other = threading.Thread(target=hold)
    other.start()
    is_held.wait()
    second.acquire(wait=True)
    second.release()
    other.join()


def test_waiting_is_the_callers_choice(tmp_path: Path) -> None:
    first, second = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()


def test_error_of_a_lock_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: object, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match=r"Input/output error: '.*/lock'"):
        FolderLock(tmp_path / "lock").acquire()
