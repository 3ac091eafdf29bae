"""Networks that the programs of NVIDIA's and of StyleGAN-XL have pickled with their source, read without running it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import Call, check_names, dictionary, shown
from rsi.generators.files.other_networks import ALONE, FASTGAN
from rsi.generators.files.stored_network import StoredNetwork
from rsi.generators.files.stored_numbers import NUMPY_NAMES
from rsi.generators.files.stored_tensor import (
    LOAD_STORAGE,
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    StoredTensor,
    about_tensor,
)
from rsi.generators.files.stylegan3_pickle import stylegan3_architecture
from rsi.generators.files.stylegan_xl import with_class_table
from rsi.generators.files.torch_file import DTYPES, TorchFile
from rsi.generators.protocols import Architecture
from rsi.generators.sizes import Shapes
from rsi.generators.stylegan2.architecture import StyleGAN2Architecture

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
EMBEDDING = "torch.nn.modules.sparse.Embedding"  # of StyleGAN-XL's class labels
ALLOWED = {
    PERSISTENT,
    EMBEDDING,
    "dill._dill._load_type",
    "collections.OrderedDict",
    "dnnlib.util.EasyDict",
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    LOAD_STORAGE,
    *DTYPES,
    "builtins.set",
    "__builtin__.set",
    *NUMPY_NAMES,
}
FIRST_LAYER = "synthesis.b4.conv1."
MAPPING = (  # module, attribute, the only value that the networks of this package implement
    ("mapping.fc0.", "activation", "lrelu"),
    ("mapping.fc0.", "bias_gain", 0.01),
)
STYLEGAN2 = (("synthesis.b4.", "architecture", "skip"), (FIRST_LAYER, "activation", "lrelu"), *MAPPING)
STYLEGAN3_INPUT = "synthesis.input."
STAGED = "Superres"  # in the class of StyleGAN-XL's stages above the first
MAX_MODULES = 1000
MAX_NAME = 64


@dataclass(frozen=True)
class RecordedModule:
    """A module as ``torch_utils.persistence`` stores it.

    Attributes:
        class_name: The name of its class.
        state: Its ``__dict__``.
    """

    class_name: str
    state: Mapping[Any, Any]


def is_nvidia_module(root: object) -> bool:
    """Whether an object is a network of NVIDIA's programs, or a dictionary with one as ``G_ema``."""
    network = dictionary(root).get("G_ema", root)
    return isinstance(network, Call) and network.name == PERSISTENT


def read_nvidia(root: object, file: TorchFile | None = None) -> StoredNetwork:
    """Read ``G_ema`` of a snapshot, or a network saved alone, of stylegan2-ada-pytorch, stylegan3 or stylegan-xl.

    Args:
        root: What the file holds.
        file: Where its storages are, unless they are in the records themselves.

    Returns:
        The network, whose tensors are not yet read.

    Raises:
        InputError: The file is damaged, names anything that no checkpoint needs, or holds another network.
    """
    alone = is_nvidia_module(root) and not dictionary(root)
    modules = _walk(root if alone else _g_ema(root))
    _check_supported(modules)
    tensors = {
        prefix + name: _stored(prefix + name, record, file)
        for prefix, module in modules.items()
        for kind in ("_parameters", "_buffers")
        for name, record in _children(module, kind).items()
    }
    if STYLEGAN3_INPUT in modules:
        tensors = with_class_table(tensors)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    return StoredNetwork(
        format="NVIDIA pickle" if file is None else "NVIDIA module (torch.save)",
        place="" if alone else "G_ema",
        architecture=_architecture(modules, shapes),
        shapes=shapes,
        read=lambda name: tensors[name].read(),
    )


def _architecture(modules: Mapping[str, RecordedModule], shapes: Shapes) -> Architecture:
    if STYLEGAN3_INPUT in modules:
        attributes = {prefix: module.state for prefix, module in modules.items()}
        return stylegan3_architecture(attributes, shapes, staged=STAGED in modules[""].class_name)
    return StyleGAN2Architecture.from_shapes(shapes, modules[FIRST_LAYER].state.get("conv_clamp"))


def _g_ema(root: object) -> object:
    """``G_ema``; what is beside it is never looked at."""
    snapshot = dictionary(root)
    network: object = snapshot.get("G_ema")
    if network is None:
        check_names(root, ALLOWED)
        raise InputError(
            ALONE if snapshot.get("D") else "the pickle has no G_ema: it is not an NVIDIA checkpoint of a generator"
        )
    return network


def _walk(network: object) -> dict[str, RecordedModule]:
    """All modules of a network by their prefix, such as ``synthesis.b4.``; it may consist of known things alone."""
    check_names(network, ALLOWED)
    modules: dict[str, RecordedModule] = {}
    todo = [("", network)]
    while todo:
        prefix, record = todo.pop()
        modules[prefix] = module = _module(prefix, record)
        todo += [(f"{prefix}{name}.", child) for name, child in _children(module, "_modules").items()]
        if len(modules) + len(todo) > MAX_MODULES:
            raise InputError("G_ema has far more modules than a StyleGAN2, or contains itself")
    return modules


def _module(prefix: str, record: object) -> RecordedModule:
    if isinstance(record, Call) and record.name == EMBEDDING and (state := dictionary(record.state)):
        return RecordedModule(record.name, state)
    arguments = record.args if isinstance(record, Call) and record.name == PERSISTENT else ()
    meta = dictionary(arguments[0]) if arguments else {}
    class_name, state = meta.get("class_name"), dictionary(meta.get("state"))
    if not isinstance(class_name, str) or not state:
        raise InputError(f"G_ema.{prefix[:-1]} is not stored as a network module of NVIDIA's")
    return RecordedModule(class_name, state)


def _children(module: RecordedModule, kind: str) -> dict[str, Any]:
    """The modules, parameters or buffers of a module by name."""
    children = dictionary(module.state.get(kind))
    if not all(isinstance(name, str) and len(name) <= MAX_NAME for name in children):
        raise InputError(f"the names in {kind} of a {module.class_name[:MAX_NAME]} are damaged")
    return {name: child for name, child in children.items() if child is not None}


def _check_supported(modules: Mapping[str, RecordedModule]) -> None:
    if "synthesis.init." in modules:
        raise InputError(FASTGAN)
    if "b4.out." in modules:
        raise InputError(ALONE)
    for prefix, attribute, expected in MAPPING if STYLEGAN3_INPUT in modules else STYLEGAN2:
        if prefix not in modules:
            raise InputError(f"G_ema has no module {prefix[:-1]}: it is not a StyleGAN2-ADA or StyleGAN3 generator")
        value = modules[prefix].state.get(attribute, expected)
        if value != expected:
            raise InputError(f"{attribute} of {prefix[:-1]} is {shown(value)}; only {expected!r} is supported")


def _stored(name: str, record: object, file: TorchFile | None) -> StoredTensor:
    with about_tensor(name):
        return StoredTensor.from_record(record, file)
