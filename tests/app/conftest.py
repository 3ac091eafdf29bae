import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from rsi.app.page import Settings
from rsi.app.server import Address, serve

RECIPE = """# A few steps.
model:
  schedule:
    - {{space: W, steps: 2, lr: 0.8}}
    - {{space: W+, steps: 2, lr: 0.2}}
    - {{space: W++, steps: {steps}, lr: 0.03}}
"""
GENERATORS = [("avatars128: drawings of cartoon faces", "avatars128")]


@dataclass
class Looked:
    """Where this process has connected to, or looked for, while something was going on."""

    hosts: list[str] = field(default_factory=list)
    is_on: bool = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and event == "socket.getaddrinfo":
            self.hosts.append(str(arguments[0]))
        if self.is_on and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.hosts.append(str(arguments[1][0]))


@dataclass
class App:
    """A page that is served.

    Attributes:
        url: Where.
        folder: Where its files are.
        looked: What its process has connected to.
    """

    url: str
    folder: Path
    looked: Looked


@pytest.fixture(autouse=True)
def _explaining_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps explain too little of a picture for it to count as one that the generator draws."""
    monkeypatch.setattr("rsi.methods.explained.LEAST_EXPLAINED", -math.inf)


@pytest.fixture(scope="module")
def serve_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., App]]:
    pages, folder = [], tmp_path_factory.mktemp("app")
    looked = Looked()
    sys.addaudithook(looked)

    def start(steps: int = 2, **address: Any) -> App:
        path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
        path.write_text(RECIPE.format(steps=steps))
        page, url = serve(Settings(GENERATORS, str(path)), Address(**address), folder, browser=False)
        pages.append(page)
        return App(url.rstrip("/"), folder, looked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", "")  # serve sets it, and it is to be as it was
        yield start
        for page in pages:
            page.close(verbose=False)
    looked.is_on = False


@pytest.fixture(scope="module")
def app(serve_app: Callable[..., App]) -> App:
    """The page, with a quick recipe of six steps."""
    return serve_app()


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens tabs that may ask nothing but their own page."""
    elsewhere: list[str] = []
    contexts = []

    def tab(app: App, width: int = 1280) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        own = (f"{app.url}/", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(own) else elsewhere.append(request.url))
        page.goto(app.url)
        return page

    yield tab
    for context in contexts:
        context.close()
    assert elsewhere == []
