"""What of the user's own a degradation or method is made from, so that a change of it is noticed."""

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from rsi.storage.fingerprint import Fingerprint, fingerprint

INSTALLED = {"site-packages", "dist-packages"}
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


def sources_of(degradation: nn.Module) -> dict[str, Fingerprint]:
    """The fingerprints of the user's own modules that a degradation comes from, and of the tensors that it holds.

    The modules are those of its classes and what these import; rsi's own and installed ones are not the user's.
    """
    found = modules_of(degradation)
    size, digest = 0, hashlib.sha256()
    for content in _tensors(degradation):
        size += len(content)
        digest.update(content)
    return found | ({"tensors of the degradation": Fingerprint(size, "", digest.hexdigest())} if size else {})


def modules_of(part: nn.Module) -> dict[str, Fingerprint]:
    """The fingerprints of the user's own modules that the classes of a degradation or method come from."""
    return {f"module {name}": fingerprint(path) for name, path in _own_modules(part).items()}


def _own_modules(whole: nn.Module) -> dict[str, Path]:
    found: dict[str, Path] = {}
    waiting = {kind.__module__ for part in whole.modules() for kind in type(part).__mro__}
    while waiting:
        name = waiting.pop()
        path = _own_file(sys.modules.get(name))
        if path is not None and name not in found:
            found[name] = path
            waiting.update(_imported(name, path))
    return found


def _own_file(module: ModuleType | None) -> Path | None:
    """The source of a module that is neither rsi's nor installed."""
    file = getattr(module, "__file__", None)
    if module is None or not file or module.__name__.partition(".")[0] == "rsi":
        return None
    path = Path(file).resolve()
    is_installed = INSTALLED.intersection(path.parts) or path.is_relative_to(STANDARD_LIBRARY)
    return None if is_installed or not path.is_file() else path


def _imported(name: str, path: Path) -> Iterator[str]:
    """What a module may import, by its source: modules, and things in modules."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # a compiled one
        return
    package = getattr(sys.modules[name], "__package__", None) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            origin = resolve_name(origin, package) if node.level else origin
            yield from (origin, *(f"{origin}.{alias.name}" for alias in node.names))


def _tensors(degradation: nn.Module) -> Iterator[bytes]:
    """Names, types, shapes and contents of all tensors and arrays that it keeps."""
    for place, part in degradation.named_modules():
        own = {**vars(part), **dict(part.named_parameters(recurse=False)), **dict(part.named_buffers(recurse=False))}
        for name, value in sorted(own.items()):
            if isinstance(value, Tensor) or (isinstance(value, np.ndarray) and not value.dtype.hasobject):
                yield f"{place}.{name} {value.dtype} {tuple(value.shape)} ".encode()
                yield _bytes(value) if isinstance(value, Tensor) else value.tobytes()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes()
