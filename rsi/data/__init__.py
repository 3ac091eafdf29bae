"""Degraded images, read from the files people have."""

from typing import TYPE_CHECKING

from rsi.imports.lazy import lazy_names

if TYPE_CHECKING:
    from rsi.data.folder import TargetFolder
    from rsi.data.target import JpegHeader, Target
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "JpegHeader": "rsi.data.target",
            "Target": "rsi.data.target",
            "TargetFolder": "rsi.data.folder",  # the only one that needs Lightning
        },
    )

__all__ = ["JpegHeader", "Target", "TargetFolder"]
