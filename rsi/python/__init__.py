"""Restoration, and what was wrong before it, from Python in one line."""

from rsi.python.estimate import estimate
from rsi.python.restore import restore
from rsi.python.restored import Restored

__all__ = ["Restored", "estimate", "restore"]
