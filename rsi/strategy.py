"""Several devices that share nothing but the output folder."""

from typing import Any, TypeVar

import torch
from lightning_fabric.utilities.rank_zero import rank_zero_only as fabric_rank_zero_only
from pytorch_lightning.strategies import ParallelStrategy, StrategyRegistry
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor

T = TypeVar("T")


class IndependentStrategy(ParallelStrategy):
    """Every process restores its own images; no process group, so no gradient or latent can cross ranks.

    The processes are started by Lightning's script launcher, torchrun or a cluster's manager. Shards may be uneven: a
    process with no image left ends, and the one that launched the others waits for them. On the command line it is
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

    def set_world_ranks(self) -> None:
        """Tell this process its rank; Lightning calls it."""
        environment = self.cluster_environment
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

    def teardown(self) -> None:
        """Wait for the processes that this one launched."""
        if isinstance(self._launcher, _SubprocessScriptLauncher):
            for process in self._launcher.procs:
                process.wait()
        super().teardown()

    def _configure_launcher(self) -> None:
        environment = self.cluster_environment
        if environment is not None and self.num_processes * self.num_nodes > 1:
            self._launcher = _SubprocessScriptLauncher(environment, self.num_processes, self.num_nodes)

    @property
    def _devices(self) -> list[torch.device]:
        return self.parallel_devices or [torch.device("cpu")]


StrategyRegistry.register(
    IndependentStrategy.name, IndependentStrategy, description="each process restores its own images"
)
