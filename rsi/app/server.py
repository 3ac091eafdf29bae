"""Serves the page to this machine, or to others that know a password."""

import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from rsi.app.page import Restorer, Settings

LOCAL = ("127.0.0.1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")
LARGEST = "200mb"
READING = ("GET", "HEAD", "OPTIONS")
CSS = """
.failed { color: var(--error-text-color, #b91c1c); font-weight: 600 }
#status { min-height: 3.5em }
#status p { margin: 0 }
#status progress { width: 100%; height: .5em; appearance: none; border: 0; background: var(--neutral-200) }
#status progress::-webkit-progress-bar { background: var(--neutral-200) }
#status progress::-webkit-progress-value { background: var(--color-accent) }
#status progress::-moz-progress-bar { background: var(--color-accent) }
.info-text { color: inherit !important }
footer { display: none !important }
"""
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True)
class Address:
    """Where the page is served.

    Attributes:
        host: The address that it listens at.
        port: The port; ``None`` for the first free one from 7860.
        auth: User and password; ``None`` for everybody who reaches it.
    """

    host: str = LOCAL[0]
    port: int | None = None
    auth: tuple[str, str] | None = None


class OwnOrigin:
    """Refuses what pages of other sites send.

    Args:
        app: What answers the rest.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] not in READING and _is_foreign(dict(scope["headers"])):
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"this page takes nothing from other sites"})
            return
        await self._app(scope, receive, send)


def serve(settings: Settings, address: Address, folder: Path, *, browser: bool) -> tuple[gr.Blocks, str]:
    """Serve the page until it is closed; returns it and its URL at once.

    Args:
        settings: What the page offers.
        address: Where.
        folder: Where what is uploaded and shown lies.
        browser: Open a browser at it.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # read by every part of the page as it is made
    page = Restorer(settings, folder / "tabs").build()
    hosts = ["*"] if address.host in EVERYWHERE else [*LOCAL, address.host]
    _, url, _ = page.queue(api_open=False).launch(
        server_name=address.host,
        server_port=address.port,
        auth=address.auth,
        inbrowser=browser,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        max_file_size=LARGEST,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        root_path="",
        allowed_paths=[],
        theme=_theme(),
        css=CSS,
        app_kwargs={
            "middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=hosts), Middleware(OwnOrigin)],
            "docs_url": None,
            "redoc_url": None,
        },
    )
    return page, str(url)


def _theme() -> gr.themes.Base:
    """Gradio's own, with this machine's fonts."""
    return gr.themes.Default(
        primary_hue="indigo", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )


def _is_foreign(headers: Mapping[bytes, bytes]) -> bool:
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")
