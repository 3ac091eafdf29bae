"""The learned networks of generators: shipped, kept in the cache, or trained once."""

from functools import cache
from importlib import resources
from pathlib import Path

from rsi.errors import InputError
from rsi.estimation.learned import DamageNetwork, read_network
from rsi.generators import Generator, load_generator, select_class
from rsi.log import tell
from rsi.storage.atomic import atomic_path
from rsi.storage.cache import weights_folder
from rsi.storage.tensor_file import tensor_bytes

SHIPPED = "avatars128.safetensors"
VERSION = 1  # of what networks are trained on


@cache
def embedded_network() -> DamageNetwork:
    """The network of the embedded generator, which comes with the package."""
    with resources.as_file(resources.files("rsi.estimation") / "assets" / SHIPPED) as path:
        return read_network(path)


@cache
def network_of(name: str, class_label: int | str | None = None) -> DamageNetwork:
    """The network of a generator, trained once on this machine: minutes, at 1024 px about twenty.

    Args:
        name: The generator, as :func:`rsi.load_generator` takes it.
        class_label: Its class, by number or ImageNet's name.

    Raises:
        InputError: The generator or the kept network cannot be read.
    """
    generator = select_class(load_generator(name), class_label)
    if generator.info.embedded:
        return embedded_network()
    path = _kept_at(generator)
    if path is not None and path.exists():
        return read_network(path)
    from rsi.estimation.training import train

    network = train(generator)
    if path is not None:
        try:
            with atomic_path(path) as temporary:
                temporary.write_bytes(network_bytes(network))
        except OSError as error:
            tell(f"{path} cannot be written ({error.strerror}): it is learned anew in the next run")
    return network


def network_bytes(network: DamageNetwork) -> bytes:
    """The file of a network, with 16 bits a number."""
    return tensor_bytes({name: tensor.half() for name, tensor in network.state_dict().items()}, {})


def _kept_at(generator: Generator) -> Path | None:
    info = generator.info
    if not info.sha256:
        return None
    label = "" if info.class_label is None else f"-class{info.class_label}"
    try:
        return weights_folder() / "rsi" / f"{info.sha256}{label}.damages{VERSION}.safetensors"
    except InputError:  # no home folder
        return None
