"""Checkpoints of NVIDIA's StyleGAN2-ADA and StyleGAN3, and of StyleGAN-XL, read without running anything in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rsi.errors import InputError
from rsi.generators.assembly import infer_architecture
from rsi.generators.inert_pickle import Call, check_names, dictionary, read_pickle
from rsi.generators.protocols import Sizes
from rsi.generators.stored_tensor import LOAD_STORAGE, REBUILD_PARAMETER, REBUILD_TENSOR, StoredTensor
from rsi.generators.stylegan3_pickle import alias_free_architecture
from rsi.generators.stylegan_xl import with_class_table

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
    "builtins.set",
    "_codecs.encode",
    "numpy.dtype",
    "numpy.ndarray",
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
}
FIRST_LAYER = "synthesis.b4.conv1."
MAPPING = (  # module, attribute, the only value that the networks of this package implement
    ("mapping.fc0.", "activation", "lrelu"),
    ("mapping.fc0.", "bias_gain", 0.01),
)
STYLEGAN2 = (("synthesis.b4.", "architecture", "skip"), (FIRST_LAYER, "activation", "lrelu"), *MAPPING)
STYLEGAN3_INPUT = "synthesis.input."
STAGED = "Superres"  # in the class of StyleGAN-XL's stages above the first
OTHER_KINDS = {  # what the source inside such files says; only files that are refused are searched for it
    b"dnnlib.tflib": "a TensorFlow checkpoint: use the .pkl of the same network for stylegan2-ada-pytorch",
}
MAX_MODULES = 1000
MAX_NAME = 64


@dataclass(frozen=True)
class RecordedModule:
    """A module as ``torch_utils.persistence`` stores it: the name of its class and its ``__dict__``."""

    class_name: str
    state: Mapping[Any, Any]


def read_nvidia_pickle(data: bytes) -> tuple[Sizes, dict[str, StoredTensor]]:
    """Read ``G_ema`` of a ``.pkl`` of stylegan2-ada-pytorch, stylegan3 or stylegan-xl.

    Args:
        data: The file.

    Returns:
        The architecture, and the tensors by name, not yet read.

    Raises:
        InputError: The file is damaged, names anything that no checkpoint needs, or holds another network.
    """
    try:
        return _read(data)
    except InputError as error:
        kind = next((kind for marker, kind in OTHER_KINDS.items() if marker in data), None)
        raise InputError(f"{kind} ({error})" if kind else str(error)) from None


def _read(data: bytes) -> tuple[Sizes, dict[str, StoredTensor]]:
    modules = _walk(_g_ema(read_pickle(data)))
    is_alias_free = STYLEGAN3_INPUT in modules
    _check_supported(modules, MAPPING if is_alias_free else STYLEGAN2)
    tensors = {
        prefix + name: _stored(prefix + name, record)
        for prefix, module in modules.items()
        for kind in ("_parameters", "_buffers")
        for name, record in _children(module, kind).items()
    }
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if is_alias_free:
        tensors = with_class_table(tensors)
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        attributes = {prefix: module.state for prefix, module in modules.items()}
        return alias_free_architecture(attributes, shapes, staged=STAGED in modules[""].class_name), tensors
    return infer_architecture(shapes, modules[FIRST_LAYER].state.get("conv_clamp")), tensors


def _g_ema(root: object) -> object:
    """``G_ema``, which may consist of known things alone; what is beside it is never looked at."""
    network: object = dictionary(root).get("G_ema")
    check_names(root if network is None else network, ALLOWED)
    if network is None:
        raise InputError("the pickle has no G_ema: it is not an NVIDIA checkpoint of a generator")
    return network


def _walk(network: object) -> dict[str, RecordedModule]:
    """All modules of a network by their prefix, such as ``synthesis.b4.``; the network's own is empty."""
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


def _check_supported(modules: Mapping[str, RecordedModule], supported: Iterable[tuple[str, str, object]]) -> None:
    for prefix, attribute, expected in supported:
        if prefix not in modules:
            raise InputError(f"G_ema has no module {prefix[:-1]}: it is not a StyleGAN2-ADA or StyleGAN3 generator")
        value = modules[prefix].state.get(attribute, expected)
        if value != expected:
            shown = repr(value)[:MAX_NAME] if isinstance(value, str | int | float | None) else type(value).__name__
            raise InputError(f"{attribute} of {prefix[:-1]} is {shown}; only {expected!r} is supported")


def _stored(name: str, record: object) -> StoredTensor:
    try:
        return StoredTensor.from_record(record)
    except InputError as error:
        raise InputError(f"tensor {name}: {error}") from None
