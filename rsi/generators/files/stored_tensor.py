"""Tensors inside a pickle, before they are read."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import Call, Persistent
from rsi.generators.files.torch_file import TorchFile

REBUILD_PARAMETER = "torch._utils._rebuild_parameter"
REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2"
LOAD_STORAGE = "torch.storage._load_from_bytes"
MAX_AXES = 8


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of which only the geometry has been looked at.

    Attributes:
        numbers: Reads all numbers of the storage, ``[n]``.
        offset: Index of the first number in the storage.
        shape: Its sizes.
        stride: Its steps in the storage.
    """

    numbers: Callable[[], Tensor]
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @classmethod
    def from_record(cls, record: object, file: TorchFile | None = None) -> "StoredTensor":
        """The tensor that a recorded ``_rebuild_parameter`` or ``_rebuild_tensor_v2`` would make.

        Args:
            record: The record.
            file: Where its storage is, unless that is in the record itself.

        Raises:
            InputError: The record does not describe a dense tensor.
        """
        try:
            if isinstance(record, Call) and record.name == REBUILD_PARAMETER:
                record = record.args[0]
            storage, offset, shape, stride = _arguments(record, REBUILD_TENSOR)[:4]
            numbers = _numbers(storage, file)
            sizes = (offset, *shape, *stride)
        except (TypeError, ValueError, IndexError):
            raise InputError("it is not stored as a dense tensor") from None
        if not all(type(size) is int and 0 <= size < 2**63 for size in sizes):
            raise InputError("its geometry is damaged")
        if len(shape) != len(stride) or len(shape) > MAX_AXES:
            raise InputError("its geometry is damaged")
        return cls(numbers, offset, tuple(shape), tuple(stride))

    @classmethod
    def of(cls, read: Callable[[], Tensor], shape: Sequence[int]) -> "StoredTensor":
        """A tensor that is read as a whole when it is needed.

        Args:
            read: Reads it.
            shape: Its shape.
        """
        stride = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        return cls(lambda: read().flatten(), 0, tuple(shape), stride)

    def read(self) -> Tensor:
        """The tensor of :attr:`shape` in float32, in memory of its own.

        Raises:
            InputError: The storage is damaged, holds anything but floating-point numbers or is too small.
        """
        numbers = self.numbers()
        if not numbers.is_floating_point():
            raise InputError(f"it holds {numbers.dtype}, not floating-point numbers")
        steps = sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        if math.prod(self.shape) > numbers.numel() or self.offset + steps >= numbers.numel():
            raise InputError(f"it reaches beyond its storage of {numbers.numel()} numbers")
        tensor = numbers.as_strided(self.shape, self.stride, self.offset)
        return tensor.to(torch.float32, copy=True).contiguous()


@contextmanager
def about_tensor(name: str) -> Iterator[None]:
    """What is wrong inside is said of the tensor of this name.

    Raises:
        InputError: Something is.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"tensor {name[:100]}: {error}") from None


def _arguments(record: object, name: str) -> tuple[Any, ...]:
    if not isinstance(record, Call) or record.name != name:
        raise TypeError
    return record.args


def _numbers(storage: object, file: TorchFile | None) -> Callable[[], Tensor]:
    if file is not None and isinstance(storage, Persistent):
        return lambda: file.numbers(storage)
    (data,) = _arguments(storage, LOAD_STORAGE)
    return lambda: _read_storage(data)


def _read_storage(data: object) -> Tensor:
    """All numbers, ``[n]``, of a storage that ``torch.save`` wrote."""
    try:
        file = TorchFile(data if isinstance(data, bytes) else b"")
    except InputError:
        raise InputError("its storage is damaged or is not a storage; nothing was run") from None
    if not isinstance(file.root, Persistent):
        raise InputError(f"its storage holds a {type(file.root).__name__}")
    return file.numbers(file.root)
