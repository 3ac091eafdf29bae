import platform
import subprocess
import sys
from functools import cache

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the store of other C libraries is their own")

SCRIPT = """
import re, resource, threading
from pathlib import Path
import torch
from rsi.malloc import give_back_freed_memory, keep_freed_memory

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000

def use():
    torch.set_num_threads(1)
    for _ in range(3):
        torch.ones(50_000_000)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    torch.ones(50_000_000)
    print(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before, end=" ")

{setting}
use()
kept = megabytes()
give_back_freed_memory()
print(kept - megabytes(), end=" ")
thread = threading.Thread(target=use)
thread.start()
thread.join()
"""


@cache
def measure(setting: str) -> tuple[int, int, int]:
    """Page faults of a further map of 200 MB, how many MB are handed back after it, and the faults in a thread."""
    script = SCRIPT.replace("{setting}", setting)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    faults, handed_back, faults_in_thread = map(int, done.stdout.split())
    return faults, handed_back, faults_in_thread


def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    assert measure("")[0] > 1000
    assert measure("keep_freed_memory(shared=False)")[0] < 100


def test_threads_can_share_what_is_kept() -> None:
    assert measure("keep_freed_memory(shared=False)")[2] > 1000
    assert measure("keep_freed_memory(shared=True)")[2] < 100


def test_freed_memory_can_be_handed_back() -> None:
    assert measure("keep_freed_memory(shared=False)")[1] > 190
