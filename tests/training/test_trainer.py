import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from rsi.errors import InputError
from rsi.training.independent import IndependentStrategy
from rsi.training.trainer import TRAINER_DEFAULTS, check_settings, make_trainer

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_steps": 3}, "--trainer.max_steps 3 cannot be used, leave it out; every image takes the steps of its"),
        ({"min_steps": 3}, "give another --model.schedule"),
        ({"max_epochs": 2}, "give another --model.schedule"),
        ({"max_time": "00:00:01:00"}, "end the run with a signal"),
        ({"fast_dev_run": True}, "it would leave images undone: give a folder with fewer images"),
        ({"limit_train_batches": 1}, "it would leave images undone"),
        ({"overfit_batches": 0.5}, "it would leave images undone"),
        ({"gradient_clip_val": 1.0}, "gradients are not clipped"),
        ({"gradient_clip_algorithm": "norm"}, "gradients are not clipped"),
        ({"accumulate_grad_batches": 2}, "give another --batch_size"),
        ({"val_check_interval": 0.5}, "--trainer.val_check_interval 0.5 cannot be used, leave it out; nothing in a"),
        ({"sync_batchnorm": True}, "nothing in a restoration uses it"),
        ({"plugins": "KubeflowEnvironment"}, "srun, torchrun, jsrun or mpirun"),
        ({"strategy": "ddp"}, "--trainer.strategy ddp cannot be used, leave it out: every device restores images of"),
        ({"strategy": "fsdp"}, "cannot be used"),
        ({"strategy": "deepspeed_stage_2"}, "cannot be used"),
        ({"strategy": "none_such"}, "cannot be used"),
        ({"precision": "16-true"}, "precision 16-true is not supported: use 32 or bf16"),
        ({"precision": "seven"}, "precision seven is not supported"),
        ({"devices": 0}, "--trainer.devices is 0: give a number from 1 or auto"),
        ({"devices": "0"}, "--trainer.devices is 0"),
        ({"devices": -2}, "--trainer.devices is -2"),
        ({"devices": 100_000}, "--trainer.devices is 100000: give a number from 1 or auto"),
        ({"devices": []}, "--trainer.devices is 0"),
        ({"num_nodes": 0}, "--trainer.num_nodes is 0: it must be at least 1"),
        ({"devices": [0, 99], "accelerator": "cpu"}, "the Trainer cannot be made"),
        ({"devices": "many"}, "the Trainer cannot be made"),
        ({"accelerator": "abacus"}, "the Trainer cannot be made, change the option of --trainer that it names: You"),
        ({"profiler": "stopwatch"}, "the Trainer cannot be made"),
    ],
)
def test_what_a_restoration_cannot_meet_is_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make_trainer([], **settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@NO_GPU
@pytest.mark.parametrize("accelerator", ["gpu", "cuda"])
def test_gpu_that_is_not_there(accelerator: str) -> None:
    with pytest.raises(InputError, match=f"--trainer.accelerator {accelerator}: torch finds no GPU here; give cpu or"):
        make_trainer([], accelerator=accelerator)


def test_what_can_be_met_is_met() -> None:
    check_settings(TRAINER_DEFAULTS)
    trainer = make_trainer([], accelerator="cpu", devices=1, precision="bf16-mixed", profiler="simple", strategy="auto")
    assert isinstance(trainer.strategy, IndependentStrategy)
    assert trainer.world_size == 1


CELL = """
import sys
from rsi import Phase, Restoration, TargetFolder, make_trainer
from rsi.callbacks import PhaseScheduler, ResultWriter
generator, targets, output = {arguments}
trainer = make_trainer([PhaseScheduler(), ResultWriter(output)], accelerator="cpu", devices=2)
module = Restoration(generator, "jpeg", "embedded", [Phase("W", 1, 0.08)])
trainer.fit(module, datamodule=TargetFolder(targets))
"""


def run(command: list[str], folder: Path, **options: Any) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *command]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300, **options
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", ["-c", "-", "/dev/stdin"])
def test_program_that_is_no_file_is_refused_for_several_devices(
    way: str, jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    cell = CELL.format(arguments=(str(tiny_generator), str(jpeg_folder), "out"))
    (tmp_path / "cell").write_text(cell)
    with (tmp_path / "cell").open() as file:
        done = run(["-c", cell] if way == "-c" else [way], tmp_path, stdin=file)
    assert done.returncode == 1
    assert "InputError: 2 devices need a script that can be started once for each, and a notebook, py" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_script_that_changes_its_folder_restores_everything(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    cell = CELL.format(arguments=(str(tiny_generator), "../targets", "out"))
    (tmp_path / "script.py").write_text(cell.replace("generator, tar", "import os; os.chdir('work'); generator, tar"))
    done = run(["script.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "work" / "out").glob("*.png")) == ["a.png", "b.png", "c.png"]


@pytest.mark.slow
def test_process_that_dies_is_an_error_of_the_script(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    cell = CELL.format(arguments=(str(tiny_generator), str(jpeg_folder), "out"))
    (tmp_path / "script.py").write_text("import os\nif 'RSI_LOCAL_RANK' in os.environ: os._exit(3)\n" + cell)
    done = run(["script.py"], tmp_path)
    assert done.returncode == 1
    assert "ChildProcessError: the process of rank 1 ended with status 3: run the script again" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["a.png", "c.png"]
