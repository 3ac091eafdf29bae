import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERSION = PROJECT["version"]
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
def test_built_files_hold_everything_and_run_where_there_is_no_repository(tmp_path: Path) -> None:
    dist, source, site = (tmp_path / name for name in ("dist", "source", "site"))
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "dist", "restored"))
    run("build", "--outdir", dist, source)  # the wheel is built from the source distribution
    run("twine", "check", "--strict", *dist.iterdir())
    (wheel,) = dist.glob(f"rsi-{VERSION}-*.whl")
    run("pip", "-q", "--disable-pip-version-check", "install", "--no-deps", "--target", site, wheel)
    assert {path.name for path in site.iterdir() if path.is_dir()} == {"bin", "rsi", f"rsi-{VERSION}.dist-info"}
    assert (site / "bin" / "rsi").exists()
    assert (site / "rsi" / "py.typed").exists()  # without it type checkers take every name for Any

    def here(*arguments: object) -> str:
        return call(*arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)})

    assert here("-c", CHECK).strip() == str(site / "rsi" / "__init__.py")
    assert here("-m", "rsi", "--version") == f"rsi {VERSION}\n"
    (tmp_path / "short.yaml").write_text("model: {schedule: [{space: W, steps: 1, lr: 0.08}]}\n")
    here("-m", "rsi", "fit", ROOT / "examples/targets/jpeg", "--config", "short.yaml", "--quiet")
    assert len(list((tmp_path / "restored").glob("*.png"))) == len(list((ROOT / "examples/targets/jpeg").iterdir()))


def run(module: str, *arguments: object) -> None:
    """Run a tool of the development environment."""
    call("-m", module, *arguments)


def call(*arguments: object, **settings: Any) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], check=False, capture_output=True, text=True, **settings
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed: str = done.stdout
    return printed


def test_version_and_citation_agree_with_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    releases = re.findall(r"^## \[(.+?)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert (citation["version"], citation["date-released"].isoformat()) == releases[0]
    assert (citation["version"], citation["license"]) == (VERSION, PROJECT["license"])
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    page = re.sub(r"[{}]", "", (ROOT / "docs/citing.md").read_text())
    paper = citation["preferred-citation"]
    for said in (VERSION, paper["title"], str(paper["year"]), *(author["family-names"] for author in paper["authors"])):
        assert said in page


def test_workflows_run_the_commands_of_the_readme() -> None:
    (job,) = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())["jobs"].values()
    marked = re.findall(r"^<!-- (\w+) command -->\n```sh\n.+\n```$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(job["strategy"]["matrix"]["command"]) == sorted(marked)
    assert job["steps"][-1]["run"] == ".ci/run ${{ matrix.command }}"
