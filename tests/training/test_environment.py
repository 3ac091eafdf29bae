import os
import socket

import pytest

from rsi.errors import InputError
from rsi.training.environment import LaunchedProcess, OwnProcesses, find_environment

SLURM = {"SLURM_JOB_ID": "77", "SLURM_JOB_NAME": "faces", "SLURM_NTASKS": "4", "SLURM_LOCALID": "0"}
TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1"}
JSRUN = {"JSM_NAMESPACE_SIZE": "4", "JSM_NAMESPACE_RANK": "3", "JSM_NAMESPACE_LOCAL_RANK": "1", "LSB_JOBID": "1"}


@pytest.fixture(autouse=True)
def _no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("SLURM_", "TORCHELASTIC_", "JSM_", "PMIX_", "RSI_")) or name in TORCHRUN:
            monkeypatch.delenv(name)


def give(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {**SLURM, "SLURM_PROCID": "0", "SLURM_NTASKS_PER_NODE": "4"},
        {**SLURM, "SLURM_PROCID": "0"},
        {**SLURM, "SLURM_PROCID": "0", "SLURM_JOB_NAME": "bash", "SLURM_STEP_ID": "0"},
        {"LOCAL_RANK": "1", "RANK": "3", "WORLD_SIZE": "4", "NODE_RANK": "1"},
        {"TORCHELASTIC_RUN_ID": "x"},
        {"LSB_JOBID": "1", "LSB_DJOB_RANKFILE": "nowhere"},
    ],
)
def test_variables_without_their_launcher_leave_everything_to_this_process(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(variables, monkeypatch)
    found = find_environment()
    assert isinstance(found, OwnProcesses)
    assert (found.creates_processes_externally, found.local_rank()) == (False, 0)


def test_batch_script_is_told_of_srun(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    give({**SLURM, "SLURM_PROCID": "0"}, monkeypatch)
    find_environment()
    assert "SLURM has 4 tasks, but srun did not start this process: it restores all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "rank", "size"),
    [
        ({**SLURM, "SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"}, 0, 2),
        ({**SLURM, "SLURM_PROCID": "3", "SLURM_STEP_ID": "1"}, 3, 4),
        ({**JSRUN, "PMIX_RANK": "3"}, 3, 4),
        ({**TORCHRUN, "TORCHELASTIC_USE_AGENT_STORE": "False"}, 1, 4),
    ],
)
def test_process_of_a_launcher_has_its_share(
    variables: dict[str, str], rank: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(variables, monkeypatch)
    found = find_environment()
    assert isinstance(found, LaunchedProcess)
    assert (found.global_rank(), found.world_size(), found.creates_processes_externally) == (rank, size, True)


def test_torchrun_is_believed_as_long_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as agent:
        port = str(agent.getsockname()[1])
        give({**TORCHRUN, "MASTER_PORT": port}, monkeypatch)
        assert find_environment().global_rank() == 1
    with pytest.raises(InputError, match=f"no torchrun answers at 127.0.0.1:{port}: start the run with torchrun, or"):
        find_environment()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (JSRUN, "jsrun did not start this process: start the run with jsrun, or unset JSM_NAMESPACE_SIZE"),
        ({**SLURM, "SLURM_PROCID": "9", "SLURM_STEP_ID": "0"}, "srun says that this is process 9 of 4"),
        ({**SLURM, "SLURM_PROCID": "x"}, "the variable SLURM_PROCID is 'x', no whole number"),
        ({**TORCHRUN, "MASTER_PORT": "99999999"}, "no torchrun answers at"),
    ],
)
def test_variables_that_make_no_sense_are_one_line(
    variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(variables, monkeypatch)
    with pytest.raises(InputError, match=message):
        find_environment()


@pytest.mark.parametrize("rank", [None, "", "2", "-1", "x"])
def test_several_nodes_by_hand_have_to_be_numbered(rank: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_RANK", raising=False)
    give({} if rank is None else {"NODE_RANK": rank}, monkeypatch)
    with pytest.raises(InputError, match="2 nodes are asked for, and no launcher says which one this is: start rsi"):
        OwnProcesses().check_nodes(2)
    OwnProcesses().check_nodes(1)
    monkeypatch.setenv("NODE_RANK", "1")
    OwnProcesses().check_nodes(2)
