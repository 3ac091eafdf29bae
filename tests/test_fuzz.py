import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "fuzz"
SECONDS = 15


@pytest.mark.slow
@pytest.mark.parametrize("script", ["fuzz_images.py", "fuzz_pickles.py"])
def test_coverage_guided_fuzzing_finds_nothing(script: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    fuzz = [sys.executable, str(FUZZ / script), str(tmp_path / "corpus"), f"-max_total_time={SECONDS}"]
    command = ["sh", "-c", '"$@"; exit $?', "sh", *fuzz]  # a child of this process would count its memory as its own
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
