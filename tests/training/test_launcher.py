import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from processes import child_of_rank, flags, make_images, start

from rsi.results.folder import ResultFolder


def changed(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_one_of_four_dies_the_others_finish_and_a_second_run_does_the_rest(
    tiny_generator: Path, tmp_path: Path
) -> None:
    targets, output = make_images(tmp_path / "targets", 7), tmp_path / "out"
    command = ["rsi", *flags(targets, output, tiny_generator, **{"trainer.devices": 4})]
    run = start(command)
    os.kill(child_of_rank(run.pid, 2), signal.SIGKILL)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 1
    assert "the process of rank 2 was ended by SIGKILL: what it has left undone is missing\n" in told
    assert "rsi: 2 images are missing, the same command restores them: 2.jpg, 6.jpg\n" in told
    statuses = {row.file: row.status for row in ResultFolder(output).rows()}
    assert statuses == {f"{n}.jpg": "missing" if n in (2, 6) else "restored" for n in range(7)}
    assert "6.jpg,missing," in (output / "results.csv").read_text()
    before = changed(output)
    assert start(command).wait(300) == 0
    after = changed(output)
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == ["2.png", "6.png"]


@pytest.mark.slow
def test_images_that_any_process_restores_anew_are_counted(tiny_generator: Path, tmp_path: Path) -> None:
    targets, output = make_images(tmp_path / "targets", 4), tmp_path / "out"
    command = ["rsi", *flags(targets, output, tiny_generator, **{"trainer.devices": 2})]
    assert start(command).wait(300) == 0
    for number in (0, 1, 3):
        shutil.copy(targets / "2.jpg", targets / f"{number}.jpg")
    run = start(command)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 0, told
    assert "3 images were restored anew, since this has changed: target\n" in told


@pytest.mark.slow
def test_refused_run_ends_in_all_processes(tiny_generator: Path, tmp_path: Path) -> None:
    targets, output = make_images(tmp_path / "targets", 4), tmp_path / "out"
    other = ResultFolder(output)
    other.claim({"method": "rsi", "degradation": "jpeg"}, overwrite=False)
    run = start(["rsi", *flags(targets, output, tiny_generator, **{"trainer.devices": 2})])
    _, told = run.communicate(timeout=300)
    assert run.returncode == 2
    assert f"rsi: another run is writing to {output}: wait for it or choose another --output_dir\n" in told
    assert not list(output.glob("*.png"))
