import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import yaml

from rsi.results.folder import ResultFolder

EXAMPLES = Path(__file__).parents[2] / "examples"
CLUSTER = EXAMPLES / "cluster"
SCRIPT = CLUSTER / "restore_shard.sh"
MINUTES = 5
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="clusters have bash")


@pytest.mark.parametrize("script", sorted(CLUSTER.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_sound(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_shards_are_the_folders_that_hold_images(jpeg_folder: Path) -> None:
    for name in ("sub/b", "sub/a", "empty"):
        (jpeg_folder / name).mkdir(parents=True)
    for name in ("sub/a/1.PNG", "sub/b/2.jpg", "empty/notes.txt"):
        (jpeg_folder / name).touch()
    command = [sys.executable, str(CLUSTER / "make_shards.py"), str(jpeg_folder)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split() == [str(jpeg_folder), str(jpeg_folder / "sub/a"), str(jpeg_folder / "sub/b")]


def test_shard_that_is_not_in_the_list(tmp_path: Path) -> None:
    (tmp_path / "shards.txt").write_text("imgs/\n")
    done = subprocess.run(
        ["bash", SCRIPT, "1", "shards.txt", "out"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (2, "restore_shard.sh: shards.txt has no line 2\n")


def test_kubernetes_tries_again_what_was_evicted_and_runs_as_nobody_special() -> None:
    spec = yaml.safe_load((CLUSTER / "kubernetes.yaml").read_text())["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["completionMode"] == "Indexed"
    assert spec["podFailurePolicy"]["rules"][0] == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget"}],
    }
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == int(re.findall(r"^USER (\d+)", dockerfile(), re.MULTILINE)[0])
    assert container["args"][0] == "$(JOB_COMPLETION_INDEX)"
    mounted = [mount["mountPath"] for mount in container["volumeMounts"]]
    used = [*container["command"][1:], *container["args"][1:2], *(v["value"] for v in container["env"])]
    assert [path for path in used if not path.startswith(tuple(f"{place}/" for place in mounted))] == []


def dockerfile() -> str:
    return (EXAMPLES.parent / "Dockerfile").read_text()


class Shard:
    """Runs ``restore_shard.sh`` on three images, for many short steps."""

    def __init__(self, images: Path, generator: Path, folder: Path) -> None:
        self.folder, self.output, self.finished = folder, folder / "out/0", 0
        (folder / "shards.txt").write_text(f"{images}\n")
        (folder / "long.yaml").write_text("model: {schedule: [{space: W, steps: 150, lr: 0.01}]}\n")
        (folder / "rsi").write_text(f'#!/bin/sh\nexec {sys.executable} -m rsi "$@"\n')
        (folder / "rsi").chmod(0o755)
        self.options = ["--config", "long.yaml", "--generator", str(generator), "--perceptual", "embedded"]

    def start(self) -> "subprocess.Popen[bytes]":
        command = ["bash", str(SCRIPT), "0", "shards.txt", "out", *self.options, "--batch_size", "1"]
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def has_news(self) -> bool:
        """Whether another image is finished since this was last true."""
        finished = len(self.records())
        grown, self.finished = finished > self.finished, max(finished, self.finished)
        return grown

    def records(self) -> dict[str, int]:
        """When the record of each image that is finished was written."""
        paths = self.output.glob("records/*.json")
        return {path.name: path.stat().st_mtime_ns for path in paths if '"restored"' in path.read_text()}


def wait_for(condition: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60 * MINUTES
    while not condition():
        assert process.poll() is None, "it ended early"
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_image_is_restored_once_however_often_the_machine_dies(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    shard = Shard(jpeg_folder, tiny_generator, tmp_path)
    seen: dict[str, int] = {}
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = shard.start()
        wait_for(shard.has_news, process)
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)  # to the script alone, as schedulers do
        assert process.wait(60 * MINUTES) in (-signal.SIGKILL, 128 + signal.SIGTERM, 0)
        assert shard.records().items() >= seen.items()
        seen = shard.records()
    assert shard.start().wait(60 * MINUTES) == 0
    assert shard.records().items() >= seen.items()
    assert [row.status for row in ResultFolder(shard.output).rows()] == ["restored"] * 3


@pytest.mark.slow
def test_ray_restores_every_image_although_an_actor_is_killed(jpeg_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="pip install 'ray[data]' to test with it")
    command = [sys.executable, EXAMPLES / "ray_restore.py", jpeg_folder, tmp_path / "out"]
    options = ["--actors", "2", "--batch_size", "1", "--steps", "40"]
    process = subprocess.Popen(
        [*map(str, command), *options],
        env={**os.environ, "RAY_worker_niceness": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: list((tmp_path / "out").glob("*.png")), process)
    actors = [child for child in psutil.Process(process.pid).children(recursive=True) if "MapWorker" in child.name()]
    actors[0].kill()
    printed, _ = process.communicate(timeout=60 * MINUTES)
    assert process.returncode == 0
    lines = sorted(line.partition(":")[0] for line in printed.decode().splitlines() if "restored" in line)
    assert lines == ["a.jpg", "b.jpg", "c.jpg"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg.png", "b.jpg.png", "c.jpg.png"]
