import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rsi.errors import InputError
from rsi.numerics.memory import PeakMemory, free_memory, is_out_of_memory

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_what_torch_raises_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("could not create a primitive descriptor for a convolution"), False),
        (RuntimeError("shape mismatch"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_errors_that_mean_memory(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


@LINUX
def test_peak_is_that_of_the_block() -> None:
    for megabytes in (200, 50):
        with PeakMemory(torch.device("cpu")) as memory:
            np.frombuffer(mmap.mmap(-1, megabytes * 10**6), np.uint8)[:] = 1  # malloc may have as much in store
        assert memory.bytes == pytest.approx(megabytes * 10**6, rel=0.2)


@LINUX
def test_processes_share_what_is_free() -> None:
    cpu = torch.device("cpu")
    assert free_memory(cpu, 4) == pytest.approx(free_memory(cpu, 1) / 4, rel=0.5)


def test_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="batch_size auto needs CUDA or Linux, which tell how much memory there is"):
        free_memory(torch.device("mps"), 1)
    monkeypatch.setattr("rsi.numerics.memory.CLEAR_REFS", tmp_path / "missing")
    with pytest.raises(InputError, match="batch_size auto needs CUDA or Linux"):
        PeakMemory(torch.device("cpu"))


@LINUX
def test_limit_of_the_address_space_counts() -> None:
    script = (
        "import psutil, torch; from rsi.numerics.memory import free_memory; process = psutil.Process();"
        "most = process.memory_info().vms + 100_000_000; process.rlimit(psutil.RLIMIT_AS, (most, most));"
        "print(free_memory(torch.device('cpu'), 1))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= 80_000_000
