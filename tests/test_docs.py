import argparse
import functools
import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser

import rsi
from rsi.commands.main import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*/README.md"))]
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(rsi \w+ \w+/[^`]*)`")  # with images, not an option alone
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OF_THE_READER = 'builtins = ["kernel", "x"]'  # names that the text introduces
MOST_PICTURES = 1_000_000  # bytes


def commands(text: str) -> Iterator[str]:
    """The ``rsi`` commands of a page: those in its shell blocks, and those in its lines that name images."""
    yield from (" ".join(command.split()) for command in INLINE.findall(text))
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield from (part.strip() for part in line.split("&&") if part.strip().startswith("rsi "))


COMMANDS = sorted({command for page in PAGES for command in commands(page.read_text())})


class Understood(Exception):  # noqa: N818 - it is no error
    """The arguments of a command were parsed."""


@pytest.fixture
def users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the commands are given: the repository's folders, a module of one's own and an earlier run."""
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, example in (("custom_degradation",) * 2, ("my_module", "custom_degradation"), ("custom_callback",) * 2):
        (tmp_path / f"{name}.py").symlink_to(ROOT / f"examples/{example}.py")
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored/config.yaml").write_text("degradation: jpeg\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("users_folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documentation_is_understood(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *flags = shlex.split(command, comments=True)[1:]
    if name == "fit":
        with pytest.raises(SystemExit) as end:
            main([name, *flags, "--print_config"])
        assert end.value.code == 0
        return
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_alone)
    with pytest.raises(Understood):
        main([name, *flags])


def parse_alone(parser: argparse.ArgumentParser, argv: Any) -> NoReturn:
    """Parse strictly and go no further."""
    _, unknown = parser.parse_known_args(argv)
    assert unknown == []
    raise Understood


@pytest.mark.parametrize("page", sorted((ROOT / "docs/api").glob("*.md")), ids=lambda page: page.stem)
def test_every_page_of_the_reference_has_examples_that_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    assert program(page)
    exec(compile(program(page), page.name, "exec"), {})


def test_every_public_name_has_an_example() -> None:
    assert [name for name in rsi.__all__ if f"rsi.{name}" not in program(ROOT / "docs/api/public.md")] == []


def program(page: Path) -> str:
    """The examples of a page, one after another."""
    return "\n".join(PROGRAM.findall(page.read_text()))


def test_programs_of_a_page_say_where_their_names_come_from(tmp_path: Path) -> None:
    for page in PAGES:
        program = "\n".join(PROGRAM.findall(page.read_text(encoding="utf-8")))
        (tmp_path / f"{page.relative_to(ROOT).as_posix().replace('/', '_')}.py").write_text(program, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--config", OF_THE_READER]
    done = subprocess.run([*ruff, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pictures_of_the_documentation_are_small() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "docs/pictures").iterdir()) < MOST_PICTURES


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built with every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.slow
def test_no_role_of_a_docstring_is_left_as_it_is(site: Path) -> None:
    assert [page for page in site.rglob("*.html") if re.search(r":(class|func|meth|mod):", page.read_text())] == []


@pytest.mark.slow
def test_options_stay_whole_where_a_line_ends(site: Path) -> None:
    page = (site / "index.html").read_text()
    assert re.findall(r"(?<!>)--degradation", re.sub(r"<!--.*?-->", "", page)) == []


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted((ROOT / "examples/gallery").glob("plot_*.py")), ids=lambda path: path.stem)
def test_page_of_the_gallery_shows_its_run_and_opens_as_a_notebook(script: Path, site: Path) -> None:
    page = (site / f"gallery/{script.stem}.html").read_text()
    assert f'src="images/mkd_glr_{script.stem}_001.png"' in page
    assert "Warning" not in page  # of a library, with a path of the machine
    assert f'href="{script.stem}.ipynb"' in page
    assert {cell["cell_type"] for cell in json.loads((site / f"gallery/{script.stem}.ipynb").read_text())["cells"]} == {
        "code",
        "markdown",
    }


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html") if page.name != "404.html"}
    places = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    dead = []
    for page, text in pages.items():
        for link in re.findall(r'\bhref="(?![a-z]+:)([^"]*)"', text):
            path, _, anchor = unquote(link).partition("#")
            led_to = (page.parent / path).resolve() if path else page
            if not led_to.is_file() or (anchor and anchor not in places.get(led_to, {anchor})):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert dead == []


@pytest.mark.slow
def test_site_is_complete_and_asks_nobody_else_for_anything(site: Path, chromium: Browser) -> None:
    handler = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        for page in sorted(site.rglob("*.html")):
            assert troubles(chromium, address, page.relative_to(site).as_posix()) == []
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of the base class
        pass


def troubles(chromium: Browser, address: str, page_name: str) -> list[str]:
    """What goes wrong when a page is opened: messages, requests that fail or go elsewhere, pictures without content."""
    found: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("console", lambda message: found.append(f"{page_name}: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"{page_name}: {error}"))
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else found.append(request.url)
    )
    page.on("response", lambda response: None if response.ok else found.append(f"{page_name}: {response.url}"))
    page.goto(f"{address}/{page_name}", wait_until="networkidle")
    empty = page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)")
    context.close()
    return [*found, *empty]
