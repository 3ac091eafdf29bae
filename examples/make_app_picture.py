"""Draws the picture of the page in the documentation: ``python examples/make_app_picture.py``.

It needs Debian's chromium and ``pip install '.[dev]'``.
"""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from rsi.app.page import Settings
from rsi.app.server import Address, serve

HERE = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu"]
GENERATORS = [("avatars128: drawings of cartoon faces", "avatars128")]
PATIENCE = 600_000  # milliseconds


def main() -> None:
    """Restore a sample on the page and write what it looks like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "pictures" / "app.webp")
    parser.add_argument("--width", type=int, default=1280)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page, url = serve(Settings(GENERATORS, "fast"), Address(), Path(folder), browser=False)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": arguments.width, "height": 900})
        tab.goto(url)
        restore(tab, HERE / "targets" / "noise" / "face_003.png")
        picture = Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB")
        picture.save(arguments.output, quality=80)
        browser.close()
        page.close(verbose=False)


def restore(tab: Page, picture: Path) -> None:
    """Drop a picture, restore it quickly and wait for the result."""
    tab.locator("#files input[type=file]").set_input_files(picture)
    tab.get_by_text("Ready.").wait_for(timeout=PATIENCE)
    tab.get_by_label("Quick").check()
    tab.get_by_role("button", name="Restore", exact=True).click()
    tab.get_by_text("is restored.").wait_for(timeout=PATIENCE)
    tab.locator("#compare img").first.wait_for()
    tab.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
