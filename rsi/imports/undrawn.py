"""Metrics without Matplotlib, which torchmetrics imports where it is installed, until one of them is drawn."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

PLOT = "torchmetrics.utilities.plot"


def put_off_drawing() -> None:
    """Put off what torchmetrics draws with until a metric is drawn; a name that is not known here imports it, too."""
    sys.modules.setdefault(PLOT, _Undrawn(PLOT))


class _Undrawn(ModuleType):
    """What the base class of metrics uses of the module, as that has it where there is no Matplotlib."""

    _AX_TYPE = _PLOT_OUT_TYPE = object

    def plot_single_or_multi_val(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - torchmetrics' own
        return self._real().plot_single_or_multi_val(*args, **settings)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # asked of all modules, as inspect does
            raise AttributeError(name)
        return getattr(self._real(), name)

    def _real(self) -> ModuleType:
        if sys.modules[PLOT] is self:
            del sys.modules[PLOT]
        return import_module(PLOT)
