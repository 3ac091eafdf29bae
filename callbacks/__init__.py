"""Callbacks of a restoration, installed as ``rsi.callbacks``."""

from rsi.callbacks.batch_checkpoint import BatchCheckpoint
from rsi.callbacks.interruption import Interruption
from rsi.callbacks.phase_scheduler import PhaseScheduler
from rsi.callbacks.progress import RestorationProgress
from rsi.callbacks.result_writer import ResultWriter
from rsi.callbacks.tensorboard_images import TensorBoardImages

__all__ = [
    "BatchCheckpoint",
    "Interruption",
    "PhaseScheduler",
    "RestorationProgress",
    "ResultWriter",
    "TensorBoardImages",
]
