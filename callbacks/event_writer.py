"""Event files that are given up where the disk takes no more."""

import itertools
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import FileWriter, SummaryWriter

from rsi.log import tell_once

_numbers = itertools.count()


class EventWriter(SummaryWriter):
    """Torch's, to a file that is given up when it cannot be written: a restoration does not end for its charts.

    Torch's own file is written by a thread, which shows a traceback and fails whatever comes after it.

    Args:
        log_dir: The folder of the file.
        suffix: What the name of the file ends in.
        logs: The folder that is named where a file is given up, the same for all files of a run.
    """

    file_writer: Any  # torch's have no types
    all_writers: Any

    def __init__(self, log_dir: Path, suffix: str, logs: Path) -> None:
        self._logs = logs
        super().__init__(str(log_dir), filename_suffix=suffix)

    def _get_file_writer(self) -> FileWriter:
        if self.all_writers is None or self.file_writer is None:
            file = EventFile(Path(self.log_dir), self.filename_suffix, self._logs)
            self.file_writer = _FileWriter(file)
            self.all_writers = {self.log_dir: self.file_writer}
        writer: FileWriter = self.file_writer
        return writer


class EventFile:
    """What torch writes events to; the arguments are those of :class:`EventWriter`."""

    def __init__(self, log_dir: Path, suffix: str, logs: Path) -> None:
        host, process, number = socket.gethostname(), os.getpid(), next(_numbers)
        path = log_dir / f"events.out.tfevents.{time.time():010.0f}.{host}.{process}.{number}{suffix}"
        self._logs = logs
        self._file: BinaryIO | None = None
        try:
            log_dir.mkdir(parents=True, exist_ok=True)
            self._file = path.open("xb")
        except OSError as error:
            self._give_up(error)
        self.add_event(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add_event(self, event: Event) -> None:
        """Write an event, unless the file was given up."""
        if self._file is None:
            return
        try:
            RecordWriter(self._file).write(event.SerializeToString())
            self._file.flush()
        except OSError as error:
            self._give_up(error)

    def flush(self) -> None:
        """Every event is written at once."""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # what cannot be written any more has been told
                self._file.close()
            self._file = None

    def _give_up(self, error: OSError) -> None:
        tell_once(f"{self._logs}, for TensorBoard, cannot be written ({error.strerror}): the run goes on without")
        self.close()


class _FileWriter(FileWriter):
    def __init__(self, file: EventFile) -> None:
        self.event_writer = file
