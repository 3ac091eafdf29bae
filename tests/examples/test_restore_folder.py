import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_ten_lines_of_python_restore_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = tmp_path / "targets"
    targets.mkdir()
    Image.open(EXAMPLES / "clean" / "face_000.png").save(targets / "a.jpg", quality=12)
    monkeypatch.setattr(sys, "argv", ["restore_folder.py", str(targets), str(tmp_path / "restored")])
    runpy.run_path(str(EXAMPLES / "restore_folder.py"), run_name="__main__")
    assert Image.open(tmp_path / "restored" / "a.png").size == (128, 128)
