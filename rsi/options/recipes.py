"""The recipes that come with the program: files of options for ``rsi fit --config``, which may be asked for by name."""

import difflib
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from rsi.errors import InputError
from rsi.options.text import path
from rsi.results.layout import RECIPE
from rsi.storage.location import is_url


def recipes() -> dict[str, Path]:
    """Their files by their names, in the order of these."""
    files = Path(str(resources.files("rsi.configs"))).glob("*.yaml")
    return {file.stem: file for file in sorted(files)}


def purpose(recipe: Path) -> str:
    """What a recipe is for: the comment that it begins with, if there is one."""
    first = recipe.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ") if first.startswith("#") else ""


def lines_about(files: Iterable[Path]) -> Iterator[str]:
    """What a run's ``config.yaml`` says of the recipes and files that its options came from, a line each.

    Of the file of an earlier run these are the lines that it has itself.
    """
    for file in files:
        earlier = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(RECIPE)]
        name = file.stem if recipes().get(file.stem) == file else file.name
        yield from earlier or [f"{RECIPE}{': '.join(filter(None, (name, purpose(file))))}"]


def find_recipe(given: str) -> str:
    """The file that ``--config`` names, which is a recipe's name or a path.

    Raises:
        InputError: It is neither a recipe nor a file, or the file holds no options.
    """
    known = recipes()
    if given in known:
        return str(known[given])
    file = path(given)
    if is_url(given):
        return file
    if Path(file).exists():
        _check_options(Path(file))
        return file
    close = difflib.get_close_matches(given, known, n=1)
    meant = f": did you mean {close[0]}?" if close else ": rsi recipes lists the recipes"
    raise InputError(f"--config {given} is neither a recipe nor a file{meant}")


def _check_options(file: Path) -> None:
    import yaml  # most command lines have no file

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except IsADirectoryError:
        raise InputError(f"--config {file} is a folder: give a YAML file of options, or a recipe's name") from None
    except UnicodeDecodeError:
        raise InputError(f"--config {file} is no text, or not in UTF-8: give a YAML file of options") from None
    except yaml.YAMLError as error:
        raise InputError(f"--config {file} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"--config {file} holds no options, such as `seed: 1`: give a YAML file of options")
