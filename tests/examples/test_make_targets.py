import runpy
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_sample_targets_are_made_by_the_script_again(tmp_path: Path) -> None:
    runpy.run_path(str(EXAMPLES / "make_targets.py"))["main"](tmp_path)
    made, kept = (
        {path.relative_to(folder): Image.open(path).tobytes() for path in folder.rglob("*.*g")}
        for folder in (tmp_path, EXAMPLES / "targets")
    )
    assert made == kept
