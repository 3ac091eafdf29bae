"""Restoration from Python in one line."""

from rsi.python.restore import restore
from rsi.python.restored import Restored

__all__ = ["Restored", "restore"]
