from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page

from rsi.data.pictures import side_by_side, to_map, to_picture
from rsi.report import write_report
from rsi.results.folder import ResultFolder
from rsi.results.records import Row


class Run:
    """An output folder with made-up results, written as fit writes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = ResultFolder(folder)

    def restored(
        self,
        name: str,
        fidelity: float = 0.1,
        *,
        side: int = 32,
        target_side: int = 8,
        views: bool = True,
        stem: str = "",
        **values: object,
    ) -> None:
        """A finished image; its target is dark, the phases grow lighter, the fidelity map's left half is unknown."""
        stem = stem or name.rpartition(".")[0]
        images = [
            torch.full((3, target_side, target_side), 0.1),
            *(torch.full((3, side, side), v) for v in (0.4, 0.6, 0.9)),
        ]
        sheet = side_by_side(images, ["target", "W", "W+", "W++"], side)
        known = (torch.arange(target_side) >= target_side // 2).expand(target_side, -1)
        if views:
            self.folder.save_picture(f"fidelity/{stem}.png", to_map(known * 0.25, known))
            self.folder.save_picture(f"comparisons/{stem}.png", sheet)
        output = f"{stem}.png"
        sha256 = self.folder.save_picture(output, to_picture(images[-1]))
        facts = {"size": "8x8", "degradation": "jpeg", "loss": 2 * fidelity, "seconds": 1.0}
        row = {"file": name, "status": "restored", "fidelity": fidelity, "output": output, "sha256": sha256}
        self.folder.save_row(Row(**{**row, **facts, **values}))  # type: ignore[arg-type]

    def sampled(self, name: str, count: int) -> None:
        """Several restorations of an image, of fidelities that rise, and the map of where they disagree."""
        stem = name.rpartition(".")[0]
        self.restored(name, 0.1, disagreement=0.05)
        for number in range(2, count + 1):
            self.restored(f"{name}~{number}", number / 10, stem=f"samples/{stem}/{number}")
        images, captions = [torch.full((3, 32, 32), 0.2)] * (count + 1), [*map(str, range(count)), "disagreement"]
        self.folder.save_picture(f"disagreement/{stem}.png", side_by_side(images, captions, 32))

    def failed(self, name: str, reason: str) -> None:
        self.folder.save_row(Row(name, "failed", notes=reason))

    def page(self) -> Path:
        return write_report(self.folder.path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "restored")


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of twelve images and a failure, of fidelities that fall as the names rise."""
    run = Run(tmp_path_factory.mktemp("faces"))
    for index in range(12):
        run.restored(f"face {index}.jpg", round(0.5 - index / 50, 3), notes="cropped" if index == 3 else "")
    run.failed("broken.jpg", "broken.jpg is not an image: convert it to PNG")
    return run.page()


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Opens a page; at the end nothing may have been requested but it and its pictures, nor anything logged."""
    requests: list[str] = []
    messages: list[str] = []
    expected: set[str] = set()

    def opener(path: Path, **context: object) -> Page:
        page = chromium.new_context(**context).new_page()  # type: ignore[arg-type]
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        expected.add(path.as_uri())
        page.goto(path.as_uri())
        return page

    yield opener
    for context in chromium.contexts:
        context.close()
    allowed = ("data:", *(f"{page.rpartition('/')[0]}/index_files/" for page in expected))
    assert {url for url in requests if not url.startswith(allowed)} == expected
    assert messages == []
