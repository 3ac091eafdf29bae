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
        (["--help"], 0, "restore degraded images"),
        (["--version"], 0, "rsi 0."),
        (["fti"], 2, "there is no command 'fti': did you mean fit?"),
        (["generators"], 0, "ffhq1024"),
        (["recipes"], 0, "A third of the computation"),
        (["fit", "--help"], 0, "--target_dir"),
        (["fit", "--method", "pulse", "--help", "all"], 0, "--model.geocross_weight"),
        (["fit", "-h", "trainer"], 0, "--trainer.num_nodes"),
        (["fit", "imgs/", "--sample", "2"], 2, "unrecognized arguments: --sample 2; did you mean --samples?"),
        (["fit", "--trainer.device", "2"], 2, "did you mean --trainer.devices?"),
        (["fit", "--seed_everything", "2"], 2, "unrecognized arguments: --seed_everything"),
        (["fit", "--method", "puls"], 2, 'there is no method "puls": use one of rsi, pulse, lbrgm, ddrm'),
        (["fit", "--config", "fsat"], 2, "--config fsat is neither a recipe nor a file: did you mean fast?"),
        (["benchmark", "--help"], 0, "--clean_dir"),
        (["convert", "a.pkl"], 2, "the following arguments are required: output"),
        (["render", "a", "b", "--overwrit"], 2, "did you mean --overwrite?"),
    ],
)
def test_answers_at_once(argv: list[str], status: int, said: str) -> None:
    done = answer(*argv)
    assert done.returncode == status
    assert said in done.stdout + done.stderr
