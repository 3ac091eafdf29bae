"""Several devices that share nothing but the output folder: the strategy and the start of its processes."""

import signal
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.utilities.distributed import _set_num_threads_if_needed
from lightning_fabric.utilities.rank_zero import rank_zero_only as fabric_rank_zero_only
from pytorch_lightning import Trainer
from pytorch_lightning.strategies import ParallelStrategy, StrategyRegistry
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from rsi.errors import InputError
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


T = TypeVar("T")


class IndependentStrategy(ParallelStrategy):
    """Every process restores its own images; no process group, so no gradient or latent can cross ranks.

    The processes are started by :class:`IndependentLauncher`, torchrun or a cluster's manager. Shares may be uneven: a
    process with no image left ends, and the one that launched the others waits for them. A process that dies leaves its
    images undone and the others alone, unless torchrun or the cluster's manager ends them. On the command line it is
    ``--trainer.strategy independent``.
    """

    name = "independent"
    num_nodes = 1

    @property
    def root_device(self) -> torch.device:
        """The device of this process."""
        return self._devices[self.local_rank]

    @property
    def num_processes(self) -> int:
        """Processes on this node."""
        return len(self._devices)

    @property
    def answers_for(self) -> range:
        """The ranks whose end this process sees: its own if it is alone, and those it has launched."""
        alone = self.world_size == 1
        launched = isinstance(self._launcher, IndependentLauncher) and bool(self._launcher.procs)
        return range(self.global_rank, self.global_rank + self.num_processes) if alone or launched else range(0)

    def set_world_ranks(self) -> None:
        """Tell this process its rank; Lightning calls it."""
        environment = self.cluster_environment
        if isinstance(environment, SLURMEnvironment):
            environment.auto_requeue = False  # it would save and load Lightning's checkpoints; the records are enough
        if environment is not None:
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
        if isinstance(exception, InputError) and self._launcher is not None:
            self._launcher.kill(signal.SIGTERM)

    def teardown(self) -> None:
        """Wait for the processes that this one launched."""
        if isinstance(self._launcher, IndependentLauncher):
            self._launcher.wait(self.global_rank)
        super().teardown()

    def _configure_launcher(self) -> None:
        environment = self.cluster_environment
        if environment is not None and self.num_processes * self.num_nodes > 1:
            self._launcher = IndependentLauncher(environment, self.num_processes, self.num_nodes)

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
