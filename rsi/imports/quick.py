"""Imports without collecting garbage, of which they make none, and without metrics that nobody computes."""

import gc
import logging
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType

TORCHMETRICS = {
    "Metric": "torchmetrics.utilities.checks",  # which has it: it and the module of the class import each other
    "MetricCollection": "torchmetrics.collections",
    "__version__": "torchmetrics.__about__",
}
"""What Lightning uses of torchmetrics, whose ``__init__`` imports SciPy, torchvision and all metrics."""


def import_quickly(name: str) -> ModuleType:
    """Import a module of a command without collecting garbage on the way, of which there is none.

    What it has imported stays, so that no later collection looks at it again.
    """
    if name in sys.modules:
        return sys.modules[name]
    defer("torchmetrics", TORCHMETRICS, _logger=logging.getLogger("torchmetrics"))
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if collects:
            gc.freeze()
            gc.enable()


def defer(package: str, homes: Mapping[str, str], **attributes: object) -> None:
    """Put off what the ``__init__`` of a package does until a name is asked for that is not among ``homes``.

    Args:
        package: Its name.
        homes: Modules inside it that have what is used of it, by its name.
        attributes: What those modules need of the package itself.
    """
    spec = find_spec(package)
    if package in sys.modules or spec is None or spec.loader is None:
        return
    module, loader = module_from_spec(spec), spec.loader

    def get(name: str) -> object:
        del module.__getattr__  # whatever goes wrong meanwhile is an error of the import
        value = _at_home(package, name, homes)
        if value is None:
            loader.exec_module(module)
            return getattr(module, name)
        vars(module).update({name: value, "__getattr__": get})
        return value

    vars(module).update({**attributes, "__getattr__": get})
    sys.modules[package] = module


def _at_home(package: str, name: str, homes: Mapping[str, str]) -> object:
    """What a name stands for; nothing if it is not known, or another version of the package has it elsewhere."""
    if name not in homes:
        return None
    try:
        value: object = getattr(import_module(homes[name]), name)
    except (AttributeError, ImportError):
        for part in [part for part in sys.modules if part.startswith(f"{package}.")]:
            del sys.modules[part]
        return None
    return value
