"""What other systems lack or refuse, emulated in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import SINGLE, flags, make_images

LIKE_WINDOWS = """
import ctypes, fcntl, os, sys

real_fsync, RealCDLL, get_flags = os.fsync, ctypes.CDLL, fcntl.fcntl

def fsync(descriptor):
    if get_flags(descriptor, 3) & os.O_ACCMODE == os.O_RDONLY:  # F_GETFL
        raise OSError(9, "Bad file descriptor")
    real_fsync(descriptor)

class CDLL(RealCDLL):
    def __init__(self, name, *rest, **more):
        if name is None:
            raise TypeError("expected a name")
        super().__init__(name, *rest, **more)

os.fsync, ctypes.CDLL = fsync, CDLL
sys.modules["resource"] = sys.modules["fcntl"] = None
from rsi.commands.main import main
sys.exit(main(sys.argv[1:]))
"""
REFUSING_MODES = """
#include <errno.h>
#include <sys/types.h>
int chmod(const char *path, mode_t mode) { errno = EPERM; return -1; }
int fchmod(int file, mode_t mode) { errno = EPERM; return -1; }
int fchmodat(int folder, const char *path, mode_t mode, int flags) { errno = EPERM; return -1; }
"""


def restored(output: Path) -> list[str]:
    return sorted(path.name for path in output.glob("*.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="emulates Windows")
def test_windows(tiny_generator: Path, tmp_path: Path) -> None:
    command = flags(make_images(tmp_path / "in", 1), tmp_path / "out", tiny_generator)
    done = subprocess.run([sys.executable, "-c", LIKE_WINDOWS, *command], env=SINGLE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert restored(tmp_path / "out") == ["0.png"]


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs LD_PRELOAD and a C compiler")
def test_mount_that_refuses_modes(tiny_generator: Path, tmp_path: Path) -> None:
    library = tmp_path / "refuse.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", library], input=REFUSING_MODES, text=True, check=True)
    command = flags(make_images(tmp_path / "in", 1), tmp_path / "out", tiny_generator)
    environment = {**SINGLE, "LD_PRELOAD": os.fspath(library)}
    done = subprocess.run([sys.executable, "-m", "rsi", *command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert restored(tmp_path / "out") == ["0.png"]
