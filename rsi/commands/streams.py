"""Standard streams that a run outlives: closed ones, pipes whose reader has gone, terminals with few characters."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Make standard output and error take whatever is written; what nobody can read any more is lost.

    Characters that they cannot encode become escapes. Streams that somebody has put in their place are left alone.
    """
    _occupy_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _lasting(sys.stdout, sys.__stdout__), _lasting(sys.stderr, sys.__stderr__)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def _occupy_descriptors() -> None:
    """Keep files of the run from being opened in place of a closed standard stream and then written to as one."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:  # the lowest that is free
        pass
    os.close(descriptor)


def _lasting(stream: TextIO | None, original: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - as long as the process
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream
    binary: Any = stream.buffer
    raw = _Lasting(getattr(binary, "raw", binary))  # there is no .raw where Python was told not to buffer
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Lasting(io.RawIOBase):
    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, data: Any) -> int | None:  # noqa: ANN401 - Buffer has a name from Python 3.12
        try:
            return self._stream.write(data)
        except OSError:
            return memoryview(data).nbytes
