"""Which processes a run has: those that a launcher has started, or those that it starts itself.

A batch script of SLURM, a container or a shell in which something else was run has the variables of a launcher, too.
Whoever believes them restores the share of one process and leaves the others' to nobody, so they count only where the
launcher can be seen to have started this process.
"""

import os
import socket
from dataclasses import dataclass

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment

from rsi.errors import InputError
from rsi.log import tell_once

LOCAL_RANK = "RSI_LOCAL_RANK"
INTERACTIVE_JOBS = ("bash", "interactive")  # the names of SLURM's in which a person types
SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class Place:
    """The place among all processes that a launcher has given to the one that it has started.

    Attributes:
        launcher: The launcher's name.
        rank: The number of the process among all.
        size: How many processes there are.
        local_rank: The number of the process on its node.
    """

    launcher: str
    rank: int
    size: int
    local_rank: int


class OwnProcesses(LightningEnvironment):
    """Processes that a run starts itself, on one node or, with ``NODE_RANK``, on each of several."""

    @property
    def creates_processes_externally(self) -> bool:
        """Whether this is one that another process of the run has started."""
        return LOCAL_RANK in os.environ

    def local_rank(self) -> int:
        """The number of this process on its node."""
        return int(os.environ.get(LOCAL_RANK, 0))

    def teardown(self) -> None:
        """Leave the variables of others as they are."""

    def check_nodes(self, num_nodes: int) -> None:
        """Refuse several nodes where each would take itself for the first.

        Raises:
            InputError: It is not said which of them this is.
        """
        rank = os.environ.get("NODE_RANK", "")
        if num_nodes > 1 and not (rank.isdecimal() and int(rank) < num_nodes):
            raise InputError(
                f"{num_nodes} nodes are asked for, and no launcher says which one this is: start rsi with srun or "
                f"torchrun, or on every node with its number in NODE_RANK, from 0 to {num_nodes - 1}"
            )


class LaunchedProcess(ClusterEnvironment):
    """One of the processes that a launcher has started.

    Raises:
        InputError: The launcher's numbers contradict each other.
    """

    creates_processes_externally = True
    main_address = ""  # nothing is sent from process to process
    main_port = 0

    def __init__(self, place: Place) -> None:
        super().__init__()
        if not 0 <= place.rank < place.size:
            raise InputError(
                f"{place.launcher} says that this is process {place.rank} of {place.size}, counted from 0: start the "
                "run anew, or in a shell without its variables"
            )
        self.place = place

    @staticmethod
    def detect() -> bool:
        """Whether there is such a launcher."""
        return _find_place() is not None

    def world_size(self) -> int:
        """How many processes there are."""
        return self.place.size

    def set_world_size(self, size: int) -> None:
        """The launcher knows better."""

    def global_rank(self) -> int:
        """The number of this process."""
        return self.place.rank

    def set_global_rank(self, rank: int) -> None:
        """The launcher knows better."""

    def local_rank(self) -> int:
        """The number of this process on its node."""
        return self.place.local_rank

    def node_rank(self) -> int:
        """Nothing depends on it."""
        return 0


def find_environment() -> ClusterEnvironment:
    """The processes that this one belongs to.

    Raises:
        InputError: There are variables of a launcher that has not started this process, and what is wanted is not
            clear.
    """
    if LOCAL_RANK in os.environ:
        return OwnProcesses()
    place = _find_place()
    return OwnProcesses() if place is None else LaunchedProcess(place)


def _find_place() -> Place | None:
    places = (find() for find in (_place_by_torchrun, _place_by_srun, _place_by_jsrun, _place_by_mpirun))
    return next((place for place in places if place is not None), None)


def _place_by_torchrun() -> Place | None:
    """Torchrun, whose agent on the first node answers as long as there is a process of the run."""
    if not {"TORCHELASTIC_RUN_ID", "RANK", "WORLD_SIZE", "LOCAL_RANK"} <= set(os.environ):
        return None
    address, port = os.environ.get("MASTER_ADDR", ""), _number("MASTER_PORT", 0)
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "False" and not _answers(address, port):
        raise InputError(
            f"the variables of torchrun are set, but no torchrun answers at {address}:{port}: start the run with "
            "torchrun, or unset TORCHELASTIC_RUN_ID to restore all images with this process"
        )
    return Place("torchrun", _number("RANK"), _number("WORLD_SIZE"), _number("LOCAL_RANK"))


def _place_by_srun() -> Place | None:
    """SLURM's srun, which alone sets the variables of a step; those of the job are set in a batch script, too."""
    if not {"SLURM_PROCID", "SLURM_NTASKS"} <= set(os.environ):
        return None
    in_step = bool({"SLURM_STEP_ID", "SLURM_STEPID"} & set(os.environ)) and not _is_interactive()
    rank, size = _number("SLURM_PROCID"), _number("SLURM_STEP_NUM_TASKS", _number("SLURM_NTASKS"))
    if rank == 0 and not in_step:
        if size > 1:
            tell_once(
                f"SLURM has {size} tasks, but srun did not start this process: it restores all images itself; put "
                "srun before the command to share them out"
            )
        return None
    return Place("srun", rank, size, _number("SLURM_LOCALID", 0))


def _is_interactive() -> bool:
    return os.environ.get("SLURM_JOB_NAME") in INTERACTIVE_JOBS


def _place_by_jsrun() -> Place | None:
    """LSF's jsrun, which alone sets the variables of its namespace."""
    if "JSM_NAMESPACE_SIZE" not in os.environ:
        return None
    if "PMIX_RANK" not in os.environ:
        raise InputError(
            "the variables of jsrun are set, but jsrun did not start this process: start the run with jsrun, or unset "
            "JSM_NAMESPACE_SIZE to restore all images with this process"
        )
    return Place(
        "jsrun", _number("JSM_NAMESPACE_RANK"), _number("JSM_NAMESPACE_SIZE"), _number("JSM_NAMESPACE_LOCAL_RANK", 0)
    )


def _place_by_mpirun() -> Place | None:
    """MPI's mpirun, if mpi4py is installed to ask it."""
    try:
        if not MPIEnvironment.detect():
            return None
        mpi = MPIEnvironment()
        return Place("mpirun", mpi.global_rank(), mpi.world_size(), mpi.local_rank())
    except (ImportError, RuntimeError):  # mpi4py without the library that it is for
        return None


def _number(variable: str, default: int | None = None) -> int:
    value = os.environ.get(variable)
    if value is None and default is not None:
        return default
    try:
        return int(value or "")
    except ValueError:
        raise InputError(f"the variable {variable} is {value!r}, no whole number: set it right or unset it") from None


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError):
        return False
    return True
