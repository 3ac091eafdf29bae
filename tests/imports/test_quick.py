import subprocess
import sys
from pathlib import Path

import pytest

from rsi.imports.quick import defer

HOMES = {"used": "pack.inner"}


def test_command_imports_no_metrics_nor_what_few_methods_need_and_whoever_wants_them_gets_them() -> None:
    program = """
import gc, sys
from rsi.imports.quick import import_quickly
import_quickly("rsi.commands.fit")
print(sorted({"torchmetrics.functional", "scipy", "lpips", "diffusers"} & sys.modules.keys()), gc.isenabled())
import torchmetrics, pytorch_lightning.core.module as lightning
print(torchmetrics.Accuracy.__name__, torchmetrics.functional.accuracy.__name__)
print(issubclass(torchmetrics.MeanMetric, lightning.Metric))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[] True", "Accuracy accuracy", "True"]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose ``__init__`` says that it ran."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "__init__.py").write_text("from pack.inner import *\nprint('all of it')\nother = 'other'\n")
    (folder / "inner.py").write_text("from pack import given\nused = 'used'\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("pack", "pack.inner"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def test_what_is_not_used_is_imported_when_it_is_asked_for(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    defer("pack", HOMES, given=1)
    from pack import used  # type: ignore[import-not-found]

    assert (used, capsys.readouterr().out) == ("used", "")
    from pack import other

    assert (other, capsys.readouterr().out) == ("other", "all of it\n")


def test_package_of_another_version_is_imported_whole(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / "inner.py").write_text("from pack import not_given\n")
    (pack / "__init__.py").write_text("not_given = 1\nimport pack.inner\nprint('all of it')\nused = 'here'\n")
    defer("pack", HOMES)
    from pack import used

    assert (used, capsys.readouterr().out) == ("here", "all of it\n")


def test_package_that_is_there_or_is_missing_is_left_alone() -> None:
    before = sys.modules["pytest"]
    defer("pytest", {})
    defer("no_such_package", {})
    assert sys.modules["pytest"] is before
    assert "no_such_package" not in sys.modules
