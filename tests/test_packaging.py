import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECK = """
import rsi, rsi.callbacks, rsi.commands.fit, rsi.configs, rsi.options.table, rsi.report
from pathlib import Path
assert rsi.load_generator("avatars128").resolution == (128, 128)
assert list(Path(rsi.configs.__file__).parent.glob("*.yaml"))
assert rsi.options.table.read_table()
assert list(Path(rsi.report.__file__).parent.glob("templates/page.*"))
print(rsi.__file__)
"""


@pytest.mark.slow
def test_wheel_holds_everything_and_no_other_top_level_package(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "restored"))
    subprocess.run([*pip, "wheel", "--no-deps", "-w", wheels, source], check=True)
    (wheel,) = wheels.glob("rsi-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(site / "rsi" / "__init__.py")
    assert (site / "bin" / "rsi").exists()
    assert {path.name for path in site.iterdir() if path.is_dir()} == {"bin", "rsi", "rsi-0.1.0.dist-info"}
