"""Generators of other programs, from files of any kind; nothing in them is run."""

from enum import Enum
from pathlib import Path

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import read_pickle
from rsi.generators.files.nvidia_pickle import is_nvidia_module, read_nvidia
from rsi.generators.files.state_dict import read_state_dict
from rsi.generators.files.stored_network import StoredNetwork
from rsi.generators.files.tensorflow_pickle import is_tensorflow, read_tensorflow
from rsi.generators.files.torch_file import HEADER_SIZE, TorchFile, is_torch_file

MAX_HEADER = 100_000_000  # of a safetensors file, as in its specification


class Container(Enum):
    """The kinds of files that can be read, by their names for a person."""

    SAFETENSORS = "safetensors"
    PICKLE = "pickle"
    TORCH = "torch.save"


def container_of(path: Path) -> Container:
    """The kind of a file, told by its first bytes; whose generator is in it, the names in it tell.

    Raises:
        InputError: It is of another kind, or empty.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        first = file.read(HEADER_SIZE)
    if first[8:9] == b"{" and int.from_bytes(first[:8], "little") <= MAX_HEADER:
        return Container.SAFETENSORS
    if is_torch_file(first):
        return Container.TORCH
    if first[:1] == b"\x80":
        return Container.PICKLE
    kind = "neither a .safetensors nor a torch.save file nor a pickle" if first else "the file is empty"
    raise InputError(f"{kind}: get it again")


def read_network(data: bytes, container: Container) -> StoredNetwork:
    """Read the generator of a pickle or of a file that ``torch.save`` wrote.

    Args:
        data: The file.
        container: Which of the two it is.

    Raises:
        InputError: The file is damaged, could only be used by running it, or holds another network.
    """
    if container is Container.TORCH:
        file = TorchFile(data)
        if is_nvidia_module(file.root):
            return read_nvidia(file.root, file)
        return read_state_dict(file.root, container.value, file)
    root = read_pickle(data)
    return read_tensorflow(root) if is_tensorflow(root) else read_nvidia(root)
