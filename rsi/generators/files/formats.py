"""What kind of file a generator is in, from its first bytes; whose generator it is, its names tell."""

from enum import Enum

from rsi.errors import InputError

MAX_HEADER = 100_000_000  # of a safetensors file, as in its specification
LEGACY_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the number that torch.save wrote first until torch 1.6


class Container(Enum):
    """The kinds of files that can be read, by their names for a person."""

    SAFETENSORS = "safetensors"
    PICKLE = "pickle"
    TORCH = "torch.save"


def detect_container(data: bytes) -> Container:
    """The kind of a file.

    Args:
        data: The file, or its first 100 bytes.

    Raises:
        InputError: It is of another kind, or empty.
    """
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= MAX_HEADER:
        return Container.SAFETENSORS
    if data[:4] == b"PK\x03\x04" or data[2:14] == LEGACY_TORCH:
        return Container.TORCH
    if data[:1] == b"\x80":
        return Container.PICKLE
    kind = "neither a .safetensors nor a torch.save file nor a pickle" if data else "the file is empty"
    raise InputError(f"{kind}: get it again")
