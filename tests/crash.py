"""Kills runs of ``rsi fit`` at random moments: ``python tests/crash.py KILLS FOLDER [FLAGS OF FIT]``.

Runs are forked from a process that has imported everything, so that they start at once. The first, into
``FOLDER/whole``, is left in peace; the others, into ``FOLDER/killed-0`` and so on, are killed and started again until
they end by themselves. A line for each of these tells how often it was killed and its exit status.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

from rsi.commands import fit  # noqa: F401 - imported once for all runs
from rsi.commands.main import main


def start(argv: Sequence[str]) -> int:
    """The process id of a new run."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        status = main(["fit", *argv])
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def finish(child: int) -> int:
    """Wait for a run; its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_until_finished(argv: Sequence[str], longest: float, moments: random.Random) -> tuple[int, int]:
    """Kill a run at random moments and start it again until it ends by itself; the number of kills and its status."""
    kills = 0
    while True:
        child = start(argv)
        time.sleep(moments.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        status = finish(child)
        if status >= 0:
            return kills, status
        kills += 1


def crash(kills: int, folder: Path, flags: Sequence[str]) -> None:
    """Run once in peace and then under fire, until there were so many kills."""
    torch.set_num_threads(1)
    started = time.monotonic()
    finish(start([*flags, "--output_dir", str(folder / "whole")]))
    longest, moments, number = time.monotonic() - started, random.Random(0), 0
    while kills > 0:
        output = folder / f"killed-{number}"
        times, status = kill_until_finished([*flags, "--output_dir", str(output)], longest, moments)
        print(output.name, times, status, flush=True)
        kills -= times
        number += 1


if __name__ == "__main__":
    crash(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
