"""Several devices that share nothing but the output folder."""

import signal
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from lightning_fabric.utilities.rank_zero import rank_zero_only as fabric_rank_zero_only
from pytorch_lightning import Trainer
from pytorch_lightning.strategies import ParallelStrategy, StrategyRegistry
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

from rsi.errors import InputError
from rsi.log import tell
from rsi.training.environment import OwnProcesses, find_environment
from rsi.training.launcher import IndependentLauncher

T = TypeVar("T")


class IndependentStrategy(ParallelStrategy):
    """Every process restores its own images; no process group, so no gradient or latent can cross ranks.

    The first process of a node starts the others, unless torchrun or a cluster's manager has, and waits for them.
    Shares may be uneven: a process with no image left ends. One that dies leaves its images undone and the others
    alone, unless torchrun or the cluster's manager ends them. The command line calls it
    ``--trainer.strategy independent``.

    Args:
        command: What starts another process of the run, see :class:`rsi.training.launcher.IndependentLauncher`.
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
    def watched_ranks(self) -> range:
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


def watched_ranks(trainer: Trainer) -> range:
    """The ranks whose end this process sees, see :attr:`IndependentStrategy.watched_ranks`."""
    strategy = trainer.strategy
    return strategy.watched_ranks if isinstance(strategy, IndependentStrategy) else range(trainer.is_global_zero)


StrategyRegistry.register(
    IndependentStrategy.name, IndependentStrategy, description="each process restores its own images"
)
