"""Generators of other programs, from files of any kind; nothing in them is run."""

from rsi.generators.files.formats import Container
from rsi.generators.files.inert_pickle import read_pickle
from rsi.generators.files.nvidia_pickle import is_nvidia_module, read_nvidia
from rsi.generators.files.state_dict import read_state_dict
from rsi.generators.files.stored_network import StoredNetwork
from rsi.generators.files.tensorflow_pickle import is_tensorflow, read_tensorflow
from rsi.generators.files.torch_file import TorchFile


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
