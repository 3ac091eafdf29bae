import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rsi.degradations import Degradation, parse_degradation
from rsi.degradations.own_sources import sources_of

OWN = """
import json
import numpy as np
import torch
from rsi import Degradation
from .settings import GAIN

class Gain(Degradation):
    def __init__(self, kernel=None):
        super().__init__()
        self.kernel = kernel
        self.register_buffer("gain", torch.tensor(GAIN))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "of_mine"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "operators.py").write_text(OWN)
    (folder / "settings.py").write_text("GAIN = 0.5\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "of_mine"]:
        del sys.modules[name]


def make(**arguments: object) -> Degradation:
    made: Degradation = importlib.import_module("of_mine.operators").Gain(**arguments)
    return made


def test_own_modules_are_those_of_the_class_and_what_they_import(package: Path) -> None:
    found = sources_of(make() + parse_degradation("jpeg"))
    assert sorted(found) == ["module of_mine.operators", "module of_mine.settings", "tensors of the degradation"]
    before = found["module of_mine.settings"].sha256
    (package / "settings.py").write_text("GAIN = 0.5  # as before\n")
    assert sources_of(make())["module of_mine.settings"].sha256 != before


@pytest.mark.usefixtures("package")
def test_tensors_and_arrays_count_by_their_values() -> None:
    kernels = [None, np.ones(3), np.ones(3), np.ones((3, 1)), np.zeros(3)]
    found = [sources_of(make(kernel=kernel))["tensors of the degradation"].sha256 for kernel in kernels]
    assert found[1] == found[2]
    assert len(set(found)) == 4


def test_built_in_degradations_are_not_the_user_s() -> None:
    assert sources_of(parse_degradation("upsample+noise:M+jpeg+inpaint")) == {}
