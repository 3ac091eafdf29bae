"""What is answered at once: without torch and Lightning."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from rsi.commands.main import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
assert not {"torch", "pytorch_lightning", "lightning_fabric", "numpy", "jsonargparse"} & set(sys.modules)
sys.exit(status)
"""


def answer(*argv: str) -> subprocess.CompletedProcess[str]:
    """What ``rsi`` says to some arguments, once it is seen that it has imported nothing that takes long."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *argv], check=False, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["--help"], 0, "restore a folder of degraded images"),
        (["--version"], 0, "rsi 0."),
        (["fti"], 2, "there is no command 'fti'"),
        (["generators"], 0, "ffhq1024"),
    ],
)
def test_answers_at_once(argv: list[str], status: int, said: str) -> None:
    done = answer(*argv)
    assert done.returncode == status
    assert said in done.stdout + done.stderr
