import io
import re
import runpy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from rsi.app import sessions
from rsi.app.holes import same_pixels

pytestmark = pytest.mark.slow
TARGETS = Path(__file__).parents[2] / "examples" / "targets"
DRAWING = TARGETS / "jpeg" / "face_000.jpg"
MAGENTA = (255, 0, 255)
PATIENCE = 60_000  # milliseconds
GRADIO_S_OWN = {"aria-prohibited-attr", "color-contrast", "nested-interactive"}
Tab = Callable[..., Page]


def expect_status(page: Page, text: str) -> None:
    expect(page.locator("#status")).to_contain_text(text, timeout=PATIENCE)


def drop(page: Page, *files: Path, says: str = "Ready.") -> None:
    page.locator("#files input[type=file]").set_input_files([str(file) for file in files])
    expect_status(page, says)


def choose(page: Page, name: str) -> None:
    page.get_by_label("Which one").click()
    page.get_by_role("option", name=name).click()
    expect(page.locator("#found")).to_contain_text(name)


def restore(page: Page) -> None:
    page.get_by_label("Quick").check()
    page.get_by_role("button", name="Restore", exact=True).click()


def download(page: Page, place: str) -> bytes:
    with page.expect_download() as begun:
        page.locator(place).click()
    return Path(begun.value.path()).read_bytes()


def colours(page: Page) -> set[tuple[int, ...]]:
    """The colours that the editor shows."""
    picture = Image.open(io.BytesIO(page.locator("#holes canvas").first.screenshot())).convert("RGB")
    return {*map(tuple, np.asarray(picture).reshape(-1, 3).tolist())}


def wait_for(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(200)
    pytest.fail("it does not come to be")


def brush(page: Page) -> None:
    wait_for(page, lambda: len(colours(page)) > 1000)  # the photograph is there
    box = page.locator("#holes canvas").first.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 20, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + 20, middle[1], steps=5)
    page.mouse.up()
    wait_for(page, lambda: MAGENTA in colours(page))


def is_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_restores_what_is_dropped_as_the_python_beside_it_does(
    app: Any, open_tab: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_tab(app)
    drop(page, DRAWING)
    expect(page.locator("#found")).to_contain_text("It was saved as JPEG (quality 12)")
    expect(page.get_by_label("2. What is to be undone")).to_have_value("jpeg")
    restore(page)
    expect_status(page, "face_000.jpg is restored.")
    expect(page.get_by_role("button", name="Restore", exact=True)).to_be_enabled()
    expect(page.locator("#done img")).to_have_count(1)
    picture = download(page, "#picture")
    with zipfile.ZipFile(io.BytesIO(download(page, "#everything"))) as everything:
        everything.extractall(tmp_path)
    assert (tmp_path / "face_000_restored.png").read_bytes() == picture
    assert (tmp_path / "restored" / "face_000.png").read_bytes() == download(page, "#crop")
    assert (tmp_path / "latents" / "face_000.safetensors").exists()
    monkeypatch.chdir(tmp_path)
    (tmp_path / DRAWING.name).write_bytes(DRAWING.read_bytes())
    again = runpy.run_path("again.py")["restored"].image
    assert np.array_equal(np.asarray(again), np.asarray(Image.open(io.BytesIO(picture))))
    page.get_by_role("button", name="The same without this page").click()
    expect(page.locator("#commands")).to_contain_text("rsi restore face_000.jpg --degradation=jpeg")
    expect(page.locator("#python")).to_contain_text("rsi.restore(")


def seen(page: Page, share: float) -> Image.Image:
    """What the slider over before and after shows when it is dragged so far to the right."""
    handle = page.locator("#compare .icon-wrap")
    box, place = page.locator("#compare img").first.bounding_box(), handle.bounding_box()
    assert box is not None
    assert place is not None
    height, goal = place["y"] + place["height"] / 2, box["x"] + share * box["width"]
    page.mouse.move(place["x"] + place["width"] / 2, height)
    page.mouse.down()
    page.mouse.move(goal, height, steps=5)
    page.mouse.up()
    page.mouse.move(0, 0)
    place = handle.bounding_box()
    assert place is not None
    assert abs(place["x"] + place["width"] / 2 - goal) < 20
    return Image.open(io.BytesIO(page.screenshot(clip=box, full_page=True))).convert("RGB")


def test_lays_before_and_after_over_each_other(app: Any, open_tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "same_pixels", lambda before, _: same_pixels(before, before))
    page = open_tab(app)
    drop(page, DRAWING)
    restore(page)
    expect_status(page, "is restored.")
    pictures = page.locator("#compare img")
    expect(pictures).to_have_count(2)
    before, after = (np.asarray(seen(page, share)) for share in (0.02, 0.98))
    assert min(before.shape[:2]) > 300
    middle = slice(before.shape[1] // 8, -before.shape[1] // 8)
    assert np.abs(before[:, middle].astype(int) - after[:, middle]).max() <= 2
    sides = [pictures.nth(number).evaluate("image => [image.naturalWidth, image.naturalHeight]") for number in (0, 1)]
    assert sides == [[512, 512], [512, 512]]
    assert not is_wide(page)


def test_fills_holes_that_are_brushed(app: Any, open_tab: Tab) -> None:
    page = open_tab(app)
    drop(page, DRAWING)
    brush(page)
    restore(page)
    expect_status(page, "is restored.")
    with zipfile.ZipFile(io.BytesIO(download(page, "#everything"))) as everything:
        known = np.asarray(Image.open(everything.open("masks/face_000.png")).convert("L"))
        assert "--degradation=jpeg+inpaint" in everything.read("again.sh").decode()
    assert known.shape == (128, 128)
    assert set(np.unique(known)) == {0, 255}
    assert known[64, 64] == 0
    assert 0.005 < (known == 0).mean() < 0.2


def test_damage_is_changed_by_slider_and_by_text(app: Any, open_tab: Tab) -> None:
    page = open_tab(app)
    drop(page, TARGETS / "noise" / "face_000.png")
    text, slider = (
        page.get_by_label("2. What is to be undone"),
        page.get_by_role("slider", name="range slider for Noise: share"),
    )
    expect(text).to_have_value(re.compile(r"noise:k_p=[\d.]+,k_b=0\.1\d*"))
    slider.focus()
    slider.press("Home")
    expect(text).to_have_value(re.compile(r"noise:k_p=[\d.]+,k_b=0$"))
    text.fill("noise:k_p=24,k_b=0.5")
    text.press("Enter")
    expect(slider).to_have_value("0.5")
    text.fill("my_module.Damage")
    text.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'my_module.Damage' is not known here")


def test_stops_and_takes_up_another(serve_app: Callable[..., Any], open_tab: Tab) -> None:
    page = open_tab(serve_app(steps=9999))
    drop(page, DRAWING)
    restore(page)
    expect_status(page, "left")
    expect(page.locator("#way img")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect_status(page, "Stopped.")
    expect(page.locator("#done")).to_be_hidden()
    expect(page.get_by_role("button", name="Restore", exact=True)).to_be_enabled()


def test_second_tab_waits_until_the_first_is_closed(serve_app: Callable[..., Any], open_tab: Tab) -> None:
    app = serve_app(steps=9999)
    first, second = open_tab(app), open_tab(app)
    for page in (first, second):
        drop(page, DRAWING)
        restore(page)
        expect_status(page, "left" if page is first else "queue: 1/1")
    tabs = {*(app.folder / "tabs").iterdir()}
    first.close()
    expect_status(second, "left")
    assert {*(app.folder / "tabs").iterdir()} < tabs
    second.get_by_role("button", name="Stop").click()
    expect_status(second, "Stopped.")


def test_several_keep_their_holes_and_what_cannot_be_read_is_named(app: Any, open_tab: Tab, tmp_path: Path) -> None:
    page = open_tab(app, width=400)
    (tmp_path / "letter.jpg").write_text("Dear all,")
    second = tmp_path / "second.png"
    second.write_bytes((TARGETS / "upsample" / "face_003.png").read_bytes())
    drop(page, DRAWING, tmp_path / "letter.jpg", second, says="'letter.jpg' cannot be read")
    brush(page)
    choose(page, "second.png")
    choose(page, DRAWING.name)
    wait_for(page, lambda: MAGENTA in colours(page))
    choose(page, "second.png")
    expect(page.get_by_label("2. What is to be undone")).to_have_value("upsample")
    restore(page)
    expect_status(page, "second.png is restored.")
    expect(page.locator("#done img")).to_have_count(2)
    page.locator("#done button").first.click()
    expect_status(page, "face_000.jpg is restored.")
    with zipfile.ZipFile(io.BytesIO(download(page, "#everything"))) as everything:
        assert "masks/face_000.png" in everything.namelist()
    assert not is_wide(page)
    found = Axe().run(page).response["violations"]
    serious = {rule["id"] for rule in found if rule["impact"] in ("serious", "critical")}
    assert serious <= GRADIO_S_OWN
    assert [host for host in app.looked.hosts if host not in ("127.0.0.1", "localhost", "0.0.0.0", "::1")] == []
