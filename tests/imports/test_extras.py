"""What is said where an extra of the package is not installed: its modules are hidden from Python's own search."""

import re
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

from rsi.commands.main import main
from rsi.imports.extras import MODULES

ROOT = Path(__file__).parents[2]
HIDDEN = """
import sys
from importlib.machinery import PathFinder
hidden, find, installed = set(sys.argv[1].split(",")), PathFinder.find_spec, PathFinder.find_distributions
PathFinder.find_spec = lambda name, *args: None if name.partition(".")[0] in hidden else find(name, *args)
is_seen = lambda package: package.metadata["Name"].replace("-", "_") not in hidden
PathFinder.find_distributions = lambda *args: filter(is_seen, installed(*args))
from rsi.commands.main import main
sys.exit(main(sys.argv[2:]))
"""


def hide(patch: pytest.MonkeyPatch, *packages: str) -> None:
    find = PathFinder.find_spec
    patch.setattr(PathFinder, "find_spec", lambda name, *a: None if name.split(".")[0] in packages else find(name, *a))
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        patch.delitem(sys.modules, name)


def extras() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: dict[str, list[str]] = project["optional-dependencies"]
    return found


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[;]", requirement)[0] for requirement in requirements}


def test_every_extra_is_known_is_in_all_and_in_dev() -> None:
    found = extras()
    (everything,) = found.pop("all")
    development = packages(found.pop("dev"))
    assert found.keys() == MODULES.keys()
    assert everything == f"rsi[{','.join(found)}]"
    assert [name for requirements in found.values() for name in packages(requirements) - development] == []


def test_fit_needs_none_of_them(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> None:
    everything = ",".join(module for modules in MODULES.values() for module in modules if module != "scipy")
    flags = [f"--generator={tiny_generator}", f"--config={ROOT}/tests/conf/short.yaml", f"--output_dir={tmp_path}/out"]
    done = subprocess.run([sys.executable, "-c", HIDDEN, everything, "fit", str(jpeg_folder), *flags], check=False)
    assert done.returncode == 0
    assert (tmp_path / "out/index.html").is_file()


@pytest.mark.parametrize(
    ("hidden", "argv", "message"),
    [
        ("torch_fidelity", "benchmark --clean_dir a --output_dir b", "rsi benchmark needs torch_fidelity: .*benchmark"),
        ("matplotlib", "benchmark --clean_dir a --output_dir b", "rsi benchmark needs matplotlib: .*benchmark"),
        ("dlib", "align photos/ --detector dlib", "--detector dlib needs dlib: .*faces"),
        ("optuna", "benchmark --clean_dir a --output_dir b --tune pulse", "--tune needs optuna: .*tune"),
        ("deepinv", "fit a.jpg --degradation deepinv.physics.Blur", '"deepinv.physics.Blur" needs deepinv: .*deepinv'),
        (
            "deepinv",
            "fit a.jpg --degradation rsi.degradations.physics.PhysicsDegradation --degradation.physics deepinv.X",
            'PhysicsDegradation" needs deepinv: .*deepinv',
        ),
    ],
)
def test_command_names_what_is_missing_and_what_installs_it(
    hidden: str, argv: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hide(monkeypatch, hidden)
    assert main(argv.split()) == 2
    *command, extra = message.rpartition(".*")
    assert re.search(rf"^rsi: .*{command[0]}pip install 'rsi\[{extra}\]'$", capsys.readouterr().err.splitlines()[-1])


@pytest.mark.parametrize(("package", "url"), [("s3fs", "s3://b/x"), ("gcsfs", "gs://b/x"), ("aiohttp", "https://h/x")])
def test_file_system_that_is_missing(package: str, url: str) -> None:
    program = HIDDEN.replace("from rsi.commands.main import main\nsys.exit(main(sys.argv[2:]))", "")
    program += "from rsi.storage.location import locate; locate(sys.argv[2])"
    done = subprocess.run([sys.executable, "-c", program, package, url], capture_output=True, text=True, check=False)
    told = done.stderr.splitlines()[-1]
    assert f"{url} cannot be opened: " in told
    assert package in told
    assert told.endswith(": pip install 'rsi[url]'")
