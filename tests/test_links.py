"""Links of the repository's Markdown; those of the site alone are checked by mkdocs, and none is fetched."""

import re
from pathlib import Path

import pytest
import tomllib

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "docs/gallery"  # of examples/gallery, when the site is built
PAGES = sorted(
    page
    for folder in (".", ".github", "docs", "examples", "rsi")
    for page in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
    if "node_modules" not in page.parts and GENERATED not in page.parents
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:rsi|callbacks|configs|docs|examples|benchmarks|tests|docker|\.ci)/[\w./-]+)`")
CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Those of the headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"\s+", "-", heading) for heading in plain}


def dead(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", link):
        return False
    place = (page.parent / path).resolve() if path else page
    if GENERATED in place.parents:
        place = ROOT / "examples/gallery/README.md"
    return not place.exists() or bool(anchor and place.suffix == ".md" and anchor not in anchors(place))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    shown_from = GENERATED / "index.md" if page.parent.name == "gallery" else page
    assert [link for link in links if dead(shown_from, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_is_named_is_there(page: Path) -> None:
    assert [name for name in NAMED.findall(page.read_text(encoding="utf-8")) if not (ROOT / name).exists()] == []


def test_architecture_has_the_rooms_in_the_order_that_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    drawing = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").split("```")[1]
    drawn = re.findall(r"^(\w+(?: \| \w+)*)", drawing.removeprefix("text\n"), re.MULTILINE)
    assert drawn == [layer.replace("rsi.", "") for layer in layers if layer != "rsi.__main__"]
