import subprocess
import sys
from pathlib import Path

import pytest

import rsi
import rsi.data
import rsi.generators

HEAVY = "{'torch', 'pytorch_lightning', 'lightning_fabric', 'numpy', 'jsonargparse'}"


def test_importing_the_package_imports_nothing_that_takes_long() -> None:
    program = f"import rsi, rsi.generators, sys; print(*({HEAVY} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "\n"


def test_rooms_that_restore_nothing_import_no_lightning() -> None:
    rooms = "rsi.degradations, rsi.generators.generator, rsi.perceptual, rsi.estimation.networks, rsi.photos.pasting"
    program = f"import sys, {rooms}; print('pytorch_lightning' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("package", [rsi, rsi.data, rsi.generators])
def test_every_public_name_is_there(package: object) -> None:
    names: list[str] = package.__all__  # type: ignore[attr-defined]
    assert [name for name in names if getattr(package, name) is None] == []
    assert set(names) <= set(dir(package))


def test_rooms_that_are_used_from_python_need_no_import_of_their_own() -> None:
    program = "import rsi; print(rsi.callbacks.ResultWriter.__name__, rsi.degradations.JPEG.__name__)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "ResultWriter JPEG\n"


def test_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'rsi' has no attribute 'Restauration'"):
        rsi.Restauration  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="Restauration"):
        from rsi import Restauration  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.slow
def test_names_are_typed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import rsi\nreveal_type(rsi.Restoration(loss='paper'))\nrsi.Restoration(loss='no such loss')\n")
    check = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)]
    told = subprocess.run(check, cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True).stdout
    assert 'Revealed type is "rsi.methods.restoration.Restoration"' in told
    assert 'Argument "loss" to "Restoration" has incompatible type' in told
    assert "Found 1 error" in told
