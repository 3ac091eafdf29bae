import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the store of other C libraries is their own")

SCRIPT = """
import re, resource
from pathlib import Path
import torch
from rsi.malloc import give_back_freed_memory, keep_freed_memory

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(50_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{setting}
faults()
print(faults(), end=" ")
kept = megabytes()
give_back_freed_memory()
print(kept - megabytes())
"""


def measure(setting: str) -> tuple[int, int]:
    """Page faults of a second map of 200 MB, and how many MB are handed back at last."""
    script = SCRIPT.replace("{setting}", setting)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    faults, handed_back = map(int, done.stdout.split())
    return faults, handed_back


def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    assert measure("")[0] > 1000
    assert measure("keep_freed_memory()")[0] < 100


def test_freed_memory_can_be_handed_back() -> None:
    assert measure("keep_freed_memory()")[1] > 190
