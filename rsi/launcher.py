"""Starting the processes of a node."""

import signal
from collections.abc import Callable
from typing import Any

from lightning_fabric.utilities.distributed import _set_num_threads_if_needed
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher

from rsi.log import tell


class IndependentLauncher(_SubprocessScriptLauncher):
    """Lightning's script launcher, where a process that dies takes no other with it.

    Lightning watches the processes it has started and kills all when one dies, because with a process group they would
    wait for it for ever. These share nothing, so the others finish.
    """

    def launch(self, function: Callable[..., Any], *args: Any, trainer: Any = None, **kwargs: Any) -> Any:  # noqa: ANN401, ARG002 - Lightning's signature
        """Start the other processes of this node, unless torchrun or a cluster has, and go on with this one."""
        self.cluster_environment.validate_settings(num_devices=self.num_processes, num_nodes=self.num_nodes)
        if not self.cluster_environment.creates_processes_externally:
            self._call_children_scripts()
        _set_num_threads_if_needed(num_processes=self.num_processes)
        return function(*args, **kwargs)

    def wait(self, first_rank: int) -> None:
        """Wait for the processes that were started and tell which of them died.

        Args:
            first_rank: The rank of this process, which those of the others follow.
        """
        for rank, process in enumerate(self.procs, first_rank + 1):
            if status := process.wait():
                tell(f"the process of rank {rank} {_describe(status)}: what it has left undone is missing")


def _describe(status: int) -> str:
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
