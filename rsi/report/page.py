"""Writes the report page of a run."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rsi.errors import InputError
from rsi.log import printable
from rsi.report import embedding
from rsi.report.card import Card, by_image, read_card, worst_status
from rsi.report.words import in_words
from rsi.results.folder import ResultFolder
from rsi.results.foreign import check_page
from rsi.results.layout import CONFIG, PAGE, SETTINGS
from rsi.results.records import COLUMNS, Row
from rsi.storage.atomic import atomic_path, check_inside

SCRIPTS = ("theme.js", "list.js", "compare.js", "viewer.js", "keys.js")
NO_MEASURE = ("seed",)


def write_report(folder: str | Path, name: str = PAGE, *, overwrite: bool = False) -> Path:
    """Write a page into the output folder of a run: all results, without need of a network.

    Of some hundred images it holds their pictures itself; of more they are in ``index_files/`` beside it.

    Args:
        folder: The output folder; the run may still be going on.
        name: What the page is called.
        overwrite: Whether it may take the place of a file that is no page of rsi's.

    Returns:
        The page.

    Raises:
        InputError: The folder holds no results, a link leads out of it, or a file that rsi did not write is there.
    """
    folder = Path(folder)
    rows = list(ResultFolder(folder).rows())
    if not rows:
        raise InputError(f"{folder} holds no results: give the output folder of a run")
    page = folder / name
    check_inside(page.parent, folder)
    if not overwrite:
        check_page(page)
    with ThreadPoolExecutor() as pool, atomic_path(page) as path, path.open("w", encoding="utf-8") as file:
        side, place = embedding.picture_side(len(rows)), embedding.placing(len(rows), folder)
        read = partial(read_card, folder=folder, side=side, place=place)
        images = by_image(rows)
        file.writelines(_render(folder, images, pool.map(read, images)))
    return page


def _render(folder: Path, images: Sequence[Sequence[Row]], cards: Iterable[Card]) -> Iterable[str]:
    rows = [*chain.from_iterable(images)]
    settings, config = _settings(folder / SETTINGS), _text(folder / CONFIG)
    environment = Environment(
        loader=PackageLoader("rsi.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    style, script = _source("page.css"), "\n".join(map(_source, SCRIPTS))
    return environment.get_template("page.html").generate(
        policy=_policy(style, script, "data:" if len(rows) <= embedding.MOST_EMBEDDED else "data: 'self' file:"),
        style=Markup(style),
        script=Markup(script),
        name=printable(folder.resolve().name),
        count=len(images),
        statuses=Counter(printable(worst_status(image)) for image in images),
        fidelity=median(measured) if (measured := _numbers(rows, "fidelity")) else None,
        measures=[name for name in COLUMNS if name not in NO_MEASURE and _numbers(rows, name)],
        made_with=in_words(settings, config),
        settings=settings,
        config=config,
        cards=cards,
    )


def _source(name: str) -> str:
    return (files("rsi.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str, pictures: str) -> str:
    """A content security policy under which the page can load its pictures alone and run its own script alone."""
    return (
        f"default-src 'none'; img-src {pictures}; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _numbers(rows: Iterable[Row], name: str) -> list[float]:
    values = (getattr(row, name) for row in rows)
    return [value for value in values if isinstance(value, int | float)]


def _settings(path: Path) -> dict[str, str]:
    try:
        stored: Any = json.loads(_text(path))
    except ValueError:
        return {}
    given = stored.items() if isinstance(stored, dict) else ()
    return {printable(key): printable(str(value)) for key, value in given if value not in (None, "None")}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
