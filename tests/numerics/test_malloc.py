import platform
import subprocess
import sys
from functools import cache

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the store of other C libraries is their own")

SCRIPT = """
import re, resource
from pathlib import Path
import torch
from rsi.numerics.memory import give_back_freed_memory, keep_freed_memory

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000

{setting}
torch.set_num_threads(1)
for _ in range(3):
    torch.ones(50_000_000)
before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
torch.ones(50_000_000)
print(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
kept = megabytes()
give_back_freed_memory()
print(kept - megabytes())
"""


@cache
def measure(setting: str) -> tuple[int, int]:
    """Page faults of a further map of 200 MB, and how many MB are handed back after it."""
    script = SCRIPT.replace("{setting}", setting)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    faults, handed_back = map(int, done.stdout.split())
    return faults, handed_back


def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    assert measure("")[0] > 1000
    assert measure("keep_freed_memory()")[0] < 100


def test_freed_memory_can_be_handed_back() -> None:
    assert measure("keep_freed_memory()")[1] > 190
