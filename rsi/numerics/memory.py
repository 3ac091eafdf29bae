"""How much memory there is, how much is used, and what the C library keeps of it.

psutil knows neither the peak of a block of code nor the limits of a cgroup: those two are read from Linux' own files.
"""

import ctypes
import os
import re
from functools import cache
from pathlib import Path

import torch
from pytorch_lightning.utilities.memory import garbage_collection_cuda, is_oom_error

from rsi.errors import InputError

try:
    import psutil
except ImportError:  # a Python without the modules that psutil is built on
    HAS_PSUTIL = False
else:
    HAS_PSUTIL = True

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # glibc's malloc.h calls them M_TRIM_THRESHOLD and M_MMAP_MAX
NEVER = -1
OUT_OF_MEMORY = r"can't allocate memory|bad_alloc|could not create a primitive$"  # the last is oneDNN's
CGROUP = Path("/sys/fs/cgroup")
CLEAR_REFS = Path("/proc/self/clear_refs")  # proc(5)
RESET_PEAK = "5"
KEPT_FREE = {"cuda": 0.1, "cpu": 0.2}  # shares; without room on the CPU the system ends the process or others


def keep_freed_memory() -> None:
    """Keep freed memory for the next maps instead of handing it back to the system.

    glibc asks the system anew for every map above 32 MB, and the system fills its pages with zeros: a fifth of a step
    at 1024 px. That goes for the main thread; what other threads keep cannot hold maps above 64 MB. Other C libraries
    are left as they are. Source: mallopt(3).
    """
    if library := _glibc():
        library.mallopt(MMAP_MAX, 0)
        library.mallopt(TRIM_THRESHOLD, NEVER)


def give_back_freed_memory() -> None:
    """Hand back what glibc keeps, so that the system's figures are those of the memory in use (malloc_trim(3))."""
    if library := _glibc():
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has no library of the whole process
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or is_oom_error(error):
        return True
    return isinstance(error, RuntimeError) and bool(re.search(OUT_OF_MEMORY, str(error)))


def free_memory(device: torch.device, processes: int) -> int:
    """Bytes that can be used on a device, apart from a reserve.

    Args:
        device: The device.
        processes: How many processes share it.

    Raises:
        InputError: The system does not tell.
    """
    _check_known(device)
    free = _free_on_gpu(device) if device.type == "cuda" else _free_on_cpu()
    return int(free * (1 - KEPT_FREE[device.type]) / processes)


class PeakMemory:
    """The most memory that is in use at once in a block, above what is in use when it begins.

    Args:
        device: The device. On the CPU it is the memory of the process.

    Attributes:
        before: What was in use when it began.
        bytes: The peak above that, once the block has ended.

    Raises:
        InputError: The system does not tell.
    """

    def __init__(self, device: torch.device) -> None:
        _check_known(device)
        self._device = device
        self.before = self.bytes = 0

    def __enter__(self) -> "PeakMemory":
        """Begin."""
        garbage_collection_cuda()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            give_back_freed_memory()
            CLEAR_REFS.write_text(RESET_PEAK)
        self.before = self._now()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self.bytes = self._peak() - self.before
        give_back_freed_memory()

    def _now(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.memory_allocated(self._device)
        rss: int = psutil.Process().memory_info().rss
        return rss

    def _peak(self) -> int:
        return torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else _peak_of_process()


def _free_on_gpu(device: torch.device) -> int:
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def tells_memory(device: torch.device) -> bool:
    """Whether the system tells how much memory of a device is in use: CUDA and Linux do."""
    return device.type == "cuda" or (device.type == "cpu" and HAS_PSUTIL and os.access(CLEAR_REFS, os.W_OK))


def _check_known(device: torch.device) -> None:
    if not tells_memory(device):
        raise InputError("batch_size auto needs CUDA or Linux, which tell how much memory there is: give a number")


def _free_on_cpu() -> int:
    process = psutil.Process()
    limits = [psutil.virtual_memory().available]
    address_space, _ = process.rlimit(psutil.RLIMIT_AS)
    if address_space != psutil.RLIM_INFINITY:
        limits.append(address_space - process.memory_info().vms)
    if (CGROUP / "memory.max").is_file() and (most := (CGROUP / "memory.max").read_text().strip()) != "max":
        limits.append(int(most) - int((CGROUP / "memory.current").read_text()))
    return max(0, min(limits))


def _peak_of_process() -> int:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
