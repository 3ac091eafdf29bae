from pathlib import Path

import pytest
from processes import flags, free_port, make_images, start

from rsi.commands.main import main
from rsi.results.folder import ResultFolder

NODES, EACH = 2, 2


@pytest.mark.slow
def test_two_agents_of_torchrun_share_a_folder(tiny_generator: Path, tmp_path: Path) -> None:
    targets, shared, alone = make_images(tmp_path / "targets", 6), tmp_path / "shared", tmp_path / "alone"
    many = {"trainer.devices": EACH, "trainer.num_nodes": NODES}
    port, work = free_port(), ["-m", "rsi", *flags(targets, shared, tiny_generator, **many)]
    agents = []
    for node, address in enumerate(("127.0.0.1", "127.0.0.2")):
        place = ["--node-rank", str(node), "--local-addr", address, "--master-addr", "127.0.0.1"]
        size = ["--nnodes", str(NODES), "--nproc-per-node", str(EACH), "--master-port", str(port)]
        agents.append(start(["torch.distributed.run", "--max-restarts=0", *place, *size, *work]))
    told = [agent.communicate(timeout=300) for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], told
    assert main(flags(targets, alone, tiny_generator)) == 0
    rows = {row.file: row for row in ResultFolder(shared).rows()}
    assert rows.keys() == {f"{number}.jpg" for number in range(6)}
    for row in rows.values():
        assert row.status == "restored"
        assert (shared / row.output).read_bytes() == (alone / row.output).read_bytes()
    assert (shared / "results.csv").read_text().count("\n") == 7
    output = "".join(text for texts in told for text in texts)
    assert output.count("restored 0.jpg") == 1


@pytest.mark.slow
def test_tasks_of_slurm_share_a_folder(tiny_generator: Path, tmp_path: Path) -> None:
    targets, output = make_images(tmp_path / "targets", 3), tmp_path / "out"
    job = {"SLURM_JOB_ID": "1", "SLURM_JOB_NAME": "faces", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1"}
    job |= {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"}  # what srun adds to the variables of the job
    job |= {"SLURM_NNODES": "2", "SLURM_NODELIST": "127.0.0.1"}
    many = {"trainer.devices": 1, "trainer.num_nodes": 2}
    tasks = []
    for node in range(2):
        place = {"SLURM_PROCID": str(node), "SLURM_LOCALID": "0", "SLURM_NODEID": str(node)}
        tasks.append(start(["rsi", *flags(targets, output, tiny_generator, **many)], {**job, **place}))
    told = [task.communicate(timeout=300) for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], told
    assert [row.status for row in ResultFolder(output).rows()] == ["restored"] * 3
    assert told[0][0].count("restored ") == 3  # two of the images, and the last lines


@pytest.mark.slow
def test_image_that_fails_ends_no_other_process(tiny_generator: Path, tmp_path: Path) -> None:
    targets, output = make_images(tmp_path / "targets", 4), tmp_path / "out"
    (targets / "0.jpg").write_text("no picture")
    size = ["--standalone", "--nproc-per-node", "2", "--max-restarts=0"]
    work = ["-m", "rsi", *flags(targets, output, tiny_generator, **{"trainer.devices": 2})]
    run = start(["torch.distributed.run", *size, *work])
    _, told = run.communicate(timeout=300)
    assert run.returncode == 0, told
    assert [row.status for row in ResultFolder(output).rows()] == ["failed", "restored", "restored", "restored"]
