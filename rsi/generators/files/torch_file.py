"""Files that ``torch.save`` wrote, read without running anything in them.

torch.load with ``weights_only`` refuses a whole file for anything that a training has noted beside its weights.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import Global, Persistent, parts, read_pickle

ZIP = b"PK\x03\x04"
LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the number that torch.save wrote first before torch 1.6
HEADER_SIZE = 14  # bytes that tell what a file is
COUNT_SIZE = 8  # bytes before every storage of a file of torch before 1.6, which tell how many numbers follow
DTYPES = {
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.DoubleStorage": torch.float64,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
    "torch.ComplexFloatStorage": torch.complex64,
    "torch.ComplexDoubleStorage": torch.complex128,
    "torch.storage.UntypedStorage": torch.uint8,
}


def is_torch_file(first: bytes) -> bool:
    """Whether a file begins as those that ``torch.save`` writes; one that does can still be another zip archive.

    Args:
        first: Its first :data:`HEADER_SIZE` bytes, or more.
    """
    return first[:4] == ZIP or first[2:14] == LEGACY


class TorchFile:
    """What is in a file, tensors not yet read among it.

    Args:
        data: The file, in the format of torch 1.6 and later or in the one before.

    Attributes:
        root: The object that was saved, as :func:`rsi.generators.files.inert_pickle.read_pickle` gives it.

    Raises:
        InputError: The file is damaged, names what only an attack has use for, or was written on a big-endian machine.
    """

    def __init__(self, data: bytes) -> None:
        read = _read_zip if data[:4] == ZIP else _read_legacy
        try:
            self.root, self._storage = read(data)
        except InputError:
            raise
        except Exception as error:  # bytes from a stranger can make zipfile raise nearly anything
            reason = str(error).partition("\n")[0][:100] or type(error).__name__
            raise InputError(f"the file is damaged or cut off ({reason}): get it again") from None

    def numbers(self, persistent: Persistent) -> Tensor:
        """All numbers of a storage, ``[n]``.

        Raises:
            InputError: The storage is of an unknown kind, damaged or not in the file.
        """
        key, dtype, count = _describe(persistent)
        try:
            content = self._storage(key)
        except Exception:  # as above
            raise InputError("its storage is damaged or cut off") from None
        if len(content) != count * dtype.itemsize:
            raise InputError("its storage is damaged or cut off")
        return torch.frombuffer(bytearray(content), dtype=dtype) if count else torch.empty(0, dtype=dtype)


Storages = Callable[[str], bytes]


def _read_zip(data: bytes) -> tuple[object, Storages]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1 or any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise InputError("it is a zip archive that torch.save did not write")
    folder = names[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.namelist():
        _check_order(archive.read(f"{folder}byteorder") == b"little")
    return read_pickle(archive.read(names[0])), lambda key: archive.read(f"{folder}data/{key}")


def _read_legacy(data: bytes) -> tuple[object, Storages]:
    file = io.BytesIO(data)
    _magic, _version, system = (read_pickle(file) for _ in range(3))
    _check_order(not isinstance(system, Mapping) or system.get("little_endian") is not False)
    root, keys = read_pickle(file), read_pickle(file)
    known = {key: (dtype, count) for key, dtype, count in map(_describe, filter(_is_storage, parts(root)))}
    contents: dict[str, bytes] = {}
    for key in keys if isinstance(keys, list) else []:
        dtype, count = known[key]
        file.seek(COUNT_SIZE, io.SEEK_CUR)
        contents[key] = file.read(count * dtype.itemsize)
    return root, contents.__getitem__


def _is_storage(part: object) -> bool:
    """Whether it is a storage; torch before 1.6 kept classes of modules outside the pickle, too."""
    return isinstance(part, Persistent) and isinstance(part.id, tuple) and part.id[:1] == ("storage",)


def _describe(persistent: Any) -> tuple[str, torch.dtype, int]:  # noqa: ANN401 - from filter
    """The key, the type and the count of numbers of a storage."""
    match persistent.id:
        case ("storage", Global(name), str(key), _, int(count), *views) if name in DTYPES and not any(views):
            return key, DTYPES[name], max(0, count)
    raise InputError("its storage is of a kind that no generator needs")


def _check_order(little: bool) -> None:
    if not little:
        raise InputError("it was written on a big-endian machine: load and save it on another")
