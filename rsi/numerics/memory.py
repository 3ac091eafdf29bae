"""How much memory there is, how much is used, and what the C library keeps of it."""

import ctypes
import re
import resource
from functools import cache
from pathlib import Path

import torch
from pytorch_lightning.utilities.memory import garbage_collection_cuda, is_oom_error

from rsi.errors import InputError

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # glibc's malloc.h calls them M_TRIM_THRESHOLD and M_MMAP_MAX
NEVER = -1


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
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") else None


OUT_OF_MEMORY = r"can't allocate memory|bad_alloc|could not create a primitive$"  # the last is oneDNN's
CGROUP = Path("/sys/fs/cgroup")
KEPT_FREE = {"cuda": 0.1, "cpu": 0.2}  # shares; without room on the CPU the system ends the process or others


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
    free = _free_on_gpu(device) if device.type == "cuda" else _free_on_cpu(device)
    return int(free * (1 - KEPT_FREE[device.type]) / processes)


class PeakMemory:
    """The most memory that is in use at once in a block, above what is in use when it begins.

    Args:
        device: The device. On the CPU it is the memory of the process.

    Attributes:
        bytes: The peak, once the block has ended.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.bytes = 0

    def __enter__(self) -> "PeakMemory":
        """Begin."""
        garbage_collection_cuda()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            give_back_freed_memory()
            Path("/proc/self/clear_refs").write_text("5")  # the peak is as much as is in use, proc(5)
        self._before = self._now()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self.bytes = self._peak() - self._before
        give_back_freed_memory()

    def _now(self) -> int:
        return torch.cuda.memory_allocated(self._device) if self._device.type == "cuda" else _status("VmRSS")

    def _peak(self) -> int:
        return torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else _status("VmHWM")


def _free_on_gpu(device: torch.device) -> int:
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def _free_on_cpu(device: torch.device) -> int:
    if device.type != "cpu" or not Path("/proc/self/clear_refs").exists():
        raise InputError("batch_size auto needs CUDA or Linux, which tell how much memory there is: give a number")
    limits = [_kilobytes(Path("/proc/meminfo").read_text(), "MemAvailable")]
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space - _status("VmSize"))
    if (CGROUP / "memory.max").is_file() and (most := (CGROUP / "memory.max").read_text().strip()) != "max":
        limits.append(int(most) - int((CGROUP / "memory.current").read_text()))
    return max(0, min(limits))


def _status(field: str) -> int:
    return _kilobytes(Path("/proc/self/status").read_text(), field)


def _kilobytes(text: str, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
