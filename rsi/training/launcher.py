"""The start and the end of the other processes of a run that has several on a node."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment

from rsi.errors import InputError
from rsi.results.run_id import RUN, run_id
from rsi.training.environment import LOCAL_RANK
from rsi.training.private import SubprocessScriptLauncher, set_num_threads_if_needed
from rsi.training.restart import STARTED_IN, own_command


class IndependentLauncher(SubprocessScriptLauncher):
    """Starts the other processes of a node; one that dies takes no other with it.

    Lightning watches the processes it has started and kills all when one dies, because with a process group they would
    wait for it for ever. These share nothing, so the others finish.

    Args:
        environment: Which processes the run has.
        num_processes: Processes on this node.
        num_nodes: Nodes.
        command: What starts another process, in this folder; by default the script in progress, in the folder where
            it was started.

    Raises:
        InputError: Other processes are needed, and what is in progress cannot be started again.
    """

    is_interactive_compatible = True  # Lightning would refuse a notebook without saying what to do

    def __init__(
        self, environment: ClusterEnvironment, num_processes: int, num_nodes: int, command: Sequence[str] | None
    ) -> None:
        super().__init__(environment, num_processes, num_nodes)
        self.command = command or own_command()
        self._folder = Path() if command else STARTED_IN
        if self.command is None and not environment.creates_processes_externally:
            raise InputError(
                f"{num_processes} devices need a script that can be started once for each, and a notebook, python -c "
                "or standard input is none: put it into a file, use the command rsi fit, or give devices=1"
            )

    def launch(self, function: Callable[..., Any], *args: Any, trainer: Any = None, **kwargs: Any) -> Any:  # noqa: ANN401, ARG002 - Lightning's signature
        """Start the other processes of this node, unless another process has, and go on with this one."""
        run, handed_down = run_id(), os.environ.get(RUN)
        os.environ[RUN] = run
        try:
            if not self.cluster_environment.creates_processes_externally:
                for rank in range(1, self.num_processes):
                    self.procs.append(self._start(rank))  # one by one: those before one that fails can be ended
            set_num_threads_if_needed(num_processes=self.num_processes)
            return function(*args, **kwargs)
        finally:
            if handed_down is None:
                del os.environ[RUN]

    def _start(self, local_rank: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, LOCAL_RANK: str(local_rank)}
        return subprocess.Popen([*(self.command or ())], env=environment, cwd=self._folder)

    def wait(self, first_rank: int) -> list[str]:
        """Wait for the processes that were started.

        Args:
            first_rank: The rank of this process, which those of the others follow.

        Returns:
            What became of those that died.
        """
        ended = [(rank, process.wait()) for rank, process in enumerate(self.procs, first_rank + 1)]
        self.procs = []
        return [f"the process of rank {rank} {_describe(status)}" for rank, status in ended if status]


def _describe(status: int) -> str:
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
