import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from rsi.report import embedding

Open = Callable[..., Page]
ODD = 'it\'s "quoted" <script>alert(1)<script> & ünï 図.jpg'


@pytest.fixture
def page(faces: Path, open_page: Open) -> Page:
    return open_page(faces)


DECODED = """
    const seen = [...document.querySelectorAll("#frame img")].filter((image) => image.checkVisibility());
    Promise.all(seen.map((image) => image.decode()));
"""


def expect_names(page: Page, names: list[str]) -> None:
    expect(page.locator(".card:visible .name")).to_have_text(names)


def brightness(page: Page, x: float) -> float:
    """How light the slider's picture is at ``x`` of its width, in [0, 1], once its images can be drawn."""
    page.evaluate(DECODED)
    picture = Image.open(io.BytesIO(page.locator("#frame").screenshot())).convert("L")
    grey = picture.getpixel((int(x * picture.width), picture.height // 4))
    assert isinstance(grey, int)
    return grey / 255


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def test_sorts_by_name_as_people_do_and_by_every_number(page: Page) -> None:
    faces = [f"face {index}.jpg" for index in range(12)]
    expect_names(page, ["broken.jpg", *faces])
    expect(page.locator("#sort option")).to_have_text(["name", "loss", "fidelity", "seconds", "status"])
    page.get_by_label("Sort by").select_option("fidelity")
    expect_names(page, [*reversed(faces), "broken.jpg"])
    page.get_by_role("button", name="Descending").click()
    expect_names(page, [*faces, "broken.jpg"])
    page.get_by_label("Sort by").select_option("loss")
    expect(page.locator(".card .fact").first).to_have_text("loss 1")


def test_filters_by_status_and_text(page: Page) -> None:
    page.get_by_label("Status").select_option("failed")
    expect_names(page, ["broken.jpg"])
    expect(page.locator("#count")).to_have_text("1 of 13 images")
    page.get_by_label("Status").select_option("")
    page.get_by_role("searchbox", name="Filter").fill("CROPPED")
    expect_names(page, ["face 3.jpg"])
    page.get_by_role("searchbox", name="Filter").fill("nothing like it")
    expect(page.get_by_text("No image fits the filter.")).to_be_visible()


def test_slider_is_dragged_with_the_mouse(page: Page) -> None:
    page.get_by_role("button", name="face 0.jpg").click()
    box = page.locator("#frame").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=4)
    page.mouse.up()
    page.wait_for_function("Math.abs(byId('cut').value - 80) < 1")
    handle = page.locator(".handle").bounding_box()
    assert handle is not None
    assert handle["x"] + handle["width"] / 2 == pytest.approx(box["x"] + box["width"] * 0.8, abs=3)


def test_slider_shows_the_target_on_its_left_alone(page: Page) -> None:
    page.get_by_role("button", name="face 0.jpg").click()
    page.locator("#cut").fill("25")
    assert brightness(page, 0.2) == pytest.approx(0.1, abs=0.03)
    assert brightness(page, 0.3) == pytest.approx(0.9, abs=0.03)


def test_slider_is_moved_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name="face 0.jpg").click()
    slider = page.get_by_role("slider", name="Border between target and restoration")
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_value("51")
    slider.press("End")
    expect(slider).to_have_value("100")
    expect(slider).to_have_attribute("aria-valuetext", "100 % target")
    expect(page.locator("#viewer-name")).to_have_text("face 0.jpg")


def test_every_stage_of_the_path_can_be_compared(page: Page) -> None:
    page.get_by_role("button", name="face 0.jpg").click()
    path = page.get_by_role("group", name="Compare the target with").get_by_role("button")
    expect(path).to_have_text(["W", "W+", "W++"])
    expect(path.last).to_have_attribute("aria-pressed", "true")
    path.first.click()
    expect(page.locator("#after-caption")).to_have_text("W")
    page.locator("#cut").fill("0")
    assert brightness(page, 0.5) == pytest.approx(0.4, abs=0.03)


def test_opened_image_shows_map_numbers_and_files(page: Page) -> None:
    page.get_by_role("button", name="face 3.jpg").click()
    expect(page.get_by_role("img", name="Fidelity map of face 3.jpg")).to_have_js_property("naturalWidth", 8)
    expect(page.locator("#numbers")).to_contain_text("0.44")
    expect(page.locator("#numbers")).to_contain_text("cropped")
    expect(page.locator("#links a").nth(0)).to_have_attribute("href", "face%203.png")
    expect(page.locator("#links a").nth(1)).to_have_attribute("href", "comparisons/face%203.png")


def test_failed_image_says_why(page: Page) -> None:
    page.get_by_role("button", name="broken.jpg").click()
    expect(page.locator("#numbers")).to_contain_text("broken.jpg is not an image: convert it to PNG")
    expect(page.locator("#frame")).to_be_hidden()


def test_walks_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("button", name="broken.jpg").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    columns = page.evaluate("columns()")
    page.keyboard.press("Enter")
    expect(page.locator("#viewer-name")).to_have_text(f"face {columns}.jpg")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#viewer-name")).to_have_text(f"face {columns - 1}.jpg")
    expect(page.locator("#place")).to_have_text(f"{columns + 1} of 13")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-name")).to_have_text("broken.jpg")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page.get_by_role("button", name="broken.jpg")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Filter")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_system_until_told_otherwise(run: Any, open_page: Open, scheme: str) -> None:
    run.restored("a.jpg")
    page = open_page(run.page(), color_scheme=scheme)
    color = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}
    other = "dark" if scheme == "light" else "light"
    expect(page.locator("body")).to_have_css("background-color", color[scheme])
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("body")).to_have_css("background-color", color[other])


def test_names_are_text_whatever_they_hold(run: Any, open_page: Open) -> None:
    run.restored(ODD)
    page = open_page(run.page())
    expect_names(page, [ODD])
    page.get_by_role("button", name=ODD).click()
    expect(page.locator("#viewer-name")).to_have_text(ODD)


def test_says_that_detail_is_invented_wherever_results_are_seen(page: Page) -> None:
    expect(page.get_by_role("note")).to_contain_text("invents detail")
    page.get_by_role("button", name="face 0.jpg").click()
    expect(page.locator("#viewer")).to_contain_text("no identification")


def test_restoration_is_shown_alone_where_no_views_were_written(run: Any, open_page: Open) -> None:
    run.restored("a.jpg", views=False)
    page = open_page(run.page())
    expect(page.locator(".card img")).to_have_js_property("naturalWidth", 112)
    page.get_by_role("button", name="a.jpg").click()
    expect(page.locator("#after-caption")).to_have_text("restored")
    expect(page.get_by_role("img", name="Restoration of a.jpg")).to_have_js_property("naturalWidth", 32)
    expect(page.locator("#before")).to_be_hidden()
    expect(page.get_by_role("slider")).to_be_hidden()
    assert brightness(page, 0.1) == pytest.approx(0.9, abs=0.03)
    assert violations(page) == []


def test_page_of_many_shows_pictures_beside_it(run: Any, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MOST_EMBEDDED", 2)
    for name in ("a.jpg", "sub/b.jpg", ODD):
        run.restored(name)
    page = open_page(run.page())
    expect(page.locator(".card img").first).to_have_js_property("naturalWidth", 224)
    page.get_by_role("button", name=ODD).click()
    expect(page.get_by_role("img", name="Fidelity map of")).to_have_js_property("naturalWidth", 8)
    assert brightness(page, 0.9) == pytest.approx(0.9, abs=0.03)


def test_narrow_screens_need_no_sideways_scrolling(run: Any, open_page: Open) -> None:
    run.restored("a rather long name of a file that a camera has written_20240101_000000.jpg", notes="x" * 90)
    page = open_page(run.page(), viewport={"width": 360, "height": 700})
    overflow = "e => e.scrollWidth - e.clientWidth"
    assert page.locator("html").evaluate(overflow) == 0
    page.locator(".card button").click()
    assert page.locator("#viewer").evaluate(overflow) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_is_accessible(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.reload()
    assert violations(page) == []
    page.get_by_role("button", name="face 3.jpg").click()
    assert violations(page) == []


def test_samples_of_an_image_share_a_card_with_the_map_of_their_disagreement(run: Any, open_page: Open) -> None:
    run.sampled("a.jpg", 12)
    run.restored("b.jpg")
    page = open_page(run.page())
    expect_names(page, ["a.jpg", "b.jpg"])
    expect(page.locator("#count")).to_have_text("2 of 2 images")
    expect(page.locator(".facts").first).to_contain_text("12 samples")
    page.get_by_role("button", name="a.jpg").click()
    samples = page.get_by_role("group", name="Restorations of the image").get_by_role("button")
    expect(samples).to_have_text([f"sample {number}" for number in range(1, 13)])
    expect(samples.first).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("img", name="Disagreement of the samples of a.jpg")).to_have_js_property("naturalWidth", 32)
    samples.nth(9).click()
    expect(page.locator("#numbers")).to_contain_text("a.jpg~10")
    expect(page.locator("#links a").first).to_have_attribute("href", "samples/a/10.png")
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-name")).to_have_text("b.jpg")
    expect(page.locator("#samples-section")).to_be_hidden()


def test_reason_of_a_failure_is_on_its_card_and_found_by_the_filter(run: Any, open_page: Open) -> None:
    run.restored("a.jpg")
    for name in ("b.jpg", "b.jpg~2"):
        run.failed(name, "it is cut off: get it again")
    page = open_page(run.page())
    expect(page.locator(".summary .failed")).to_have_text("1 failed")
    expect(page.locator(".card", has_text="b.jpg")).to_contain_text("it is cut off: get it again")
    page.get_by_role("searchbox", name="Filter").fill("cut off")
    expect_names(page, ["b.jpg"])
    page.get_by_role("button", name="b.jpg").click()
    expect(page.locator("#reason")).to_have_text("failed: it is cut off: get it again")
    expect(page.locator("#samples-section")).to_be_hidden()
    assert violations(page) == []


def test_says_that_a_lower_fidelity_is_a_closer_match(page: Page) -> None:
    expect(page.locator(".summary")).to_contain_text("lower is a closer match")
    expect(page.locator("main")).to_contain_text("lower is a closer match, 0 a perfect one")
    page.get_by_role("button", name="face 3.jpg").click()
    expect(page.locator("#numbers div", has_text="fidelity")).to_contain_text("lower is a closer match")


def test_pictures_of_many_images_load_as_one_scrolls(
    run: Any, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "MOST_EMBEDDED", 2)
    for number in range(120):
        run.restored(f"{number:03}.jpg", views=False)
    page = open_page(run.page(), viewport={"width": 360, "height": 300})
    loaded = "[...document.querySelectorAll('.card img')].filter((image) => image.naturalWidth > 0).length"
    page.wait_for_function(f"{loaded} > 1")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(loaded) < 100
    last = page.locator(".card img").last
    last.scroll_into_view_if_needed()
    expect(last).to_have_js_property("naturalWidth", 112)
