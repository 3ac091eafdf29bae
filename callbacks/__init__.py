"""Callbacks of a restoration, installed as ``rsi.callbacks``."""

from rsi.callbacks.base import BatchBegun, PhaseResult, RestorationCallback, RestoredTarget, Run, Stage, StepTaken
from rsi.callbacks.batch_checkpoint import BatchCheckpoint
from rsi.callbacks.batch_size import BatchSize
from rsi.callbacks.event_files import EventFiles
from rsi.callbacks.face_alignment import FaceAlignment
from rsi.callbacks.interruption import Interruption
from rsi.callbacks.logged_images import LoggedImages
from rsi.callbacks.network_summary import NetworkSummary
from rsi.callbacks.phase_scheduler import PhaseScheduler
from rsi.callbacks.progress import RestorationProgress
from rsi.callbacks.result_writer import ResultWriter
from rsi.callbacks.sample_spread import SampleSpread
from rsi.callbacks.tensorboard_images import TensorBoardImages
from rsi.callbacks.tensorboard_scalars import TensorBoardScalars
from rsi.callbacks.tensorboard_summary import TensorBoardSummary
from rsi.callbacks.timelapse import Timelapse

__all__ = [
    "BatchBegun",
    "BatchCheckpoint",
    "BatchSize",
    "EventFiles",
    "FaceAlignment",
    "Interruption",
    "LoggedImages",
    "NetworkSummary",
    "PhaseResult",
    "PhaseScheduler",
    "RestorationCallback",
    "RestorationProgress",
    "RestoredTarget",
    "ResultWriter",
    "Run",
    "SampleSpread",
    "Stage",
    "StepTaken",
    "TensorBoardImages",
    "TensorBoardScalars",
    "TensorBoardSummary",
    "Timelapse",
]
