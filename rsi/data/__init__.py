"""Degraded images, read from the files people have."""

from rsi.data.folder import TargetFolder
from rsi.data.target import JpegHeader, Target

__all__ = ["JpegHeader", "Target", "TargetFolder"]
