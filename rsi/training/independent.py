"""Several devices that share nothing but the output folder: the strategy and the start of its processes."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.utilities.rank_zero import rank_zero_only as fabric_rank_zero_only
from pytorch_lightning import Trainer
from pytorch_lightning.strategies import ParallelStrategy, StrategyRegistry
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from rsi.errors import InputError
from rsi.log import tell
from rsi.results.run import RUN, run_id
from rsi.training.environment import LOCAL_RANK, OwnProcesses, find_environment
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


T = TypeVar("T")


class IndependentStrategy(ParallelStrategy):
    """Every process restores its own images; no process group, so no gradient or latent can cross ranks.

    The processes are started by :class:`IndependentLauncher`, torchrun or a cluster's manager. Shares may be uneven: a
    process with no image left ends, and the one that launched the others waits for them. A process that dies leaves its
    images undone and the others alone, unless torchrun or the cluster's manager ends them. On the command line it is
    ``--trainer.strategy independent``.

    Args:
        command: What starts another process of the run, see :class:`IndependentLauncher`.
        raises: Whether a process that dies is an error; else it is told, for those who look at the output folder
            themselves.
        settings: Arguments of Lightning's strategy.

    Raises:
        InputError: It is not clear which processes the run has, see :mod:`rsi.training.environment`.
        ChildProcessError: In ``teardown``, a process died.
    """

    name = "independent"
    num_nodes = 1

    def __init__(self, command: Sequence[str] | None = None, raises: bool = True, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self.cluster_environment = self.cluster_environment or find_environment()
        self._command = command
        self._raises = raises

    @property
    def root_device(self) -> torch.device:
        """The device of this process; a launcher may show every process its own device alone."""
        return self._devices[self.local_rank % len(self._devices)]

    @property
    def num_processes(self) -> int:
        """Processes on this node."""
        return len(self._devices)

    @property
    def answers_for(self) -> range:
        """The ranks whose end this process sees: none if another has started it, else its own and those it starts."""
        environment = self.cluster_environment
        if environment is None or environment.creates_processes_externally:
            return range(0)
        return range(self.global_rank, self.global_rank + self.num_processes)

    @property
    def node_rank(self) -> int:
        """The number of this node; where there is but one, what others left in ``NODE_RANK`` means nothing."""
        return super().node_rank if self.num_nodes > 1 else 0

    def set_world_ranks(self) -> None:
        """Tell this process its rank; Lightning calls it."""
        environment = self.cluster_environment
        if isinstance(environment, OwnProcesses):
            environment.check_nodes(self.num_nodes)
            environment.set_global_rank(self.node_rank * self.num_processes + self.local_rank)
            environment.set_world_size(self.num_nodes * self.num_processes)
        for once in (rank_zero_only, fabric_rank_zero_only):
            setattr(once, "rank", self.global_rank)  # noqa: B010 - typed as a function

    def setup_environment(self) -> None:
        """As any strategy, with the rank known first."""
        self.set_world_ranks()
        super().setup_environment()

    def model_to_device(self) -> None:
        """Move the module to the device of this process."""
        if self.model is not None:
            self.model.to(self.root_device)

    def barrier(self, name: str | None = None) -> None:
        """Nobody waits."""

    def broadcast(self, obj: T, src: int = 0) -> T:  # noqa: ARG002 - Lightning's signature
        """Every process keeps its own."""
        return obj

    def reduce(self, tensor: Tensor | Any, *args: Any, **kwargs: Any) -> Tensor | Any:  # noqa: ANN401, ARG002
        """Every process keeps its own."""
        return tensor

    def all_gather(self, tensor: Tensor, group: Any = None, sync_grads: bool = False) -> Tensor:  # noqa: ANN401, ARG002
        """Every process keeps its own."""
        return tensor

    def reduce_boolean_decision(self, decision: bool, all: bool = True) -> bool:  # noqa: A002, ARG002
        """Every process decides for itself."""
        return decision

    def on_exception(self, exception: BaseException) -> None:
        """End the other processes where the run itself is refused."""
        self._raises = False  # one error is enough
        if isinstance(exception, InputError) and self._launcher is not None:
            self._launcher.kill(signal.SIGTERM)

    def teardown(self) -> None:
        """Wait for the processes that this one launched."""
        lost = self._launcher.wait(self.global_rank) if isinstance(self._launcher, IndependentLauncher) else []
        super().teardown()
        for line in lost:
            tell(f"{line}: what it has left undone is missing")
        if lost and self._raises:
            raise ChildProcessError(f"{'; '.join(lost)}: run the script again for the images that are missing")

    def _configure_launcher(self) -> None:
        environment = self.cluster_environment
        if environment is not None and self.num_processes * self.num_nodes > 1:
            self._launcher = IndependentLauncher(environment, self.num_processes, self.num_nodes, self._command)

    @property
    def _devices(self) -> list[torch.device]:
        return self.parallel_devices or [torch.device("cpu")]


def answers_for(trainer: Trainer) -> range:
    """The ranks whose end this process sees, see :attr:`IndependentStrategy.answers_for`."""
    strategy = trainer.strategy
    return strategy.answers_for if isinstance(strategy, IndependentStrategy) else range(trainer.is_global_zero)


StrategyRegistry.register(
    IndependentStrategy.name, IndependentStrategy, description="each process restores its own images"
)
