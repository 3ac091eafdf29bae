import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.errors import InputError
from rsi.storage.cache import cache_folder, weights_folder
from rsi.storage.folder import local_folder, local_name

VARIABLES = ("HOME", "TORCH_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A user without an entry in passwd, none of whose folders is named."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    return monkeypatch


def test_folders_are_those_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES[1:]:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_folder() == tmp_path / ".cache" / "torch" / "hub"
    assert cache_folder() == tmp_path / ".cache" / "rsi"
    monkeypatch.setenv("XDG_CACHE_HOME", "~/kept")  # as shells leave it where it is quoted
    assert weights_folder() == tmp_path / "kept" / "torch" / "hub"
    assert cache_folder() == tmp_path / "kept" / "rsi"


def test_without_a_home_the_variable_to_set_is_named(homeless: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no home folder to keep files in: set TORCH_HOME to a folder"):
        weights_folder()
    with pytest.raises(InputError, match="no home folder to keep files in: set XDG_CACHE_HOME to a folder"):
        local_folder("memory://out")
    assert local_name("memory://out") == "memory://out"
    assert local_folder("out") == Path("out")
    homeless.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights_folder() == tmp_path / "torch" / "hub"
    assert local_folder("memory://out").parent == tmp_path / "rsi"


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "~/kept"}, {"TORCH_HOME": "/weights"}])
def test_weights_are_where_torch_has_them_whether_it_is_imported_or_not(
    variables: dict[str, str], tmp_path: Path
) -> None:
    program = (
        "from rsi.storage.cache import weights_folder; before = weights_folder(); import torch;"
        "assert str(before) == torch.hub.get_dir() == str(weights_folder())"
    )
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment |= {"HOME": str(tmp_path), **variables}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
