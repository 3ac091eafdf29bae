import base64
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from rsi.errors import InputError
from rsi.report import embedding, page, write_report
from rsi.report.difference import colored
from rsi.report.embedding import LARGEST_SIDE, MOST_EMBEDDED, PAGE_BYTES, embed, picture_side


def loaded(html: str) -> list[str]:
    """The addresses that a page loads by itself."""
    return re.findall(r"""<(?:img|script|link|iframe|source)[^>]*(?:src|href)=["']?([^"' >]+)""", html)


def test_page_loads_nothing_and_its_policy_forbids_it_to(run: Any) -> None:
    run.restored("a.jpg")
    html = run.page().read_text()
    assert [address for address in loaded(html) if not address.startswith("data:")] == []
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;; img-src data:;" in policy[1]
    assert "unsafe" not in policy[1]


def test_names_that_are_no_text_are_shown_and_linked(run: Any) -> None:
    name = os.fsdecode(b"latin\xe9.jpg")
    run.restored(name)
    html = run.page().read_text()
    assert "latin\\udce9.jpg" in html
    assert "latin%E9.png" in html


def test_hostile_names_and_settings_stay_text(run: Any) -> None:
    run.restored("'><script>alert(1)</script>.jpg".replace("/", "_"), notes="</script><img src=x onerror=alert(1)>")
    run.folder.path.joinpath("settings.json").write_text(json.dumps({"<b>": "</dl><script>alert(2)</script>"}))
    html = run.page().read_text()
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_page_says_what_the_settings_were(run: Any) -> None:
    run.restored("a.jpg")
    run.folder.path.joinpath("settings.json").write_text(json.dumps({"degradation": "JPEG(quality=None)", "seed": "0"}))
    run.folder.path.joinpath("config.yaml").write_text("target_dir: imgs # <mine>\n")
    html = run.page().read_text()
    assert "JPEG(quality=None)" in html
    assert "target_dir: imgs # &lt;mine&gt;" in html


def test_pictures_that_are_missing_broken_or_elsewhere_are_left_out(run: Any, tmp_path: Path) -> None:
    for name in ("missing.jpg", "broken.jpg", "outside.jpg"):
        run.restored(name)
    folder = run.folder.path
    for name in ("missing", "broken", "outside"):
        (folder / f"{name}.png").unlink()
    (folder / "comparisons/missing.png").unlink()
    (folder / "comparisons/broken.png").write_bytes(b"no picture")
    (folder / "comparisons/outside.png").unlink()
    Image.new("RGB", (136, 48)).save(tmp_path / "secret.png")
    (folder / "comparisons/outside.png").symlink_to(tmp_path / "secret.png")
    assert run.page().read_text().count("no picture</span>") == 3


def test_numbers_a_script_cannot_hold_are_whole(run: Any) -> None:
    run.restored("a.jpg", seed=2**62 + 1, loss=float("nan"))
    html = run.page().read_text()
    assert f'"seed": "{2**62 + 1}"' in html
    assert '"loss": null' in html


def test_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no results: give the output folder of a run"):
        write_report(tmp_path)


def test_page_of_many_holds_no_pictures(run: Any) -> None:
    run.restored("a.jpg")
    record = json.loads((run.folder.path / "records/a.jpg.json").read_text())
    for number in range(MOST_EMBEDDED):
        name = f"{number}.jpg"
        (run.folder.path / f"records/{name}.json").write_text(json.dumps({**record, "file": name}))
    page = run.page()
    html = page.read_text()
    assert "data:image" not in html
    assert "img-src data: &#39;self&#39; file:;" in html
    assert page.stat().st_size < 4000 * MOST_EMBEDDED
    addresses = set(loaded(html)) - {"data:,"}
    assert addresses == {"index_files/a.list.webp"}
    assert {path.name for path in (page.parent / "index_files").iterdir()} == {
        *(f"a.{part}.webp" for part in ("list", "0", "1", "2", "3", "map"))
    }


def test_pictures_beside_a_page_lead_nowhere_else(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MOST_EMBEDDED", 0)
    run.restored("a.jpg")
    (tmp_path / "elsewhere").mkdir()
    (run.folder.path / "index_files").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="leads out of"):
        run.page()


def test_pictures_beside_a_page_are_written_again_only_where_what_they_show_has_changed(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "MOST_EMBEDDED", 0)
    for name in ("a.jpg", "b.jpg"):
        run.restored(name)
    pictures = run.page().parent / "index_files"
    before = {path.name: path.stat().st_ino for path in pictures.iterdir()}
    os.utime(run.folder.path / "comparisons/b.png", (0, 0))  # copied from elsewhere, with its time
    run.page()
    after = {path.name: path.stat().st_ino for path in pictures.iterdir()}
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {f"b.{part}.webp" for part in ("list", "0", "1", "2", "3")}


def test_restoration_without_views_is_in_the_page(run: Any) -> None:
    run.restored("a.jpg", views=False)
    html = run.page().read_text()
    assert html.count("data:image/webp") == 2
    assert '"caption": "restored"' in html


@pytest.mark.parametrize("images", [1, 10, 100, 300])
def test_pictures_grow_smaller_as_they_grow_many(images: int) -> None:
    assert picture_side(images) <= picture_side(max(images // 2, 1)) <= LARGEST_SIDE
    assert images * picture_side(images) ** 2 * 0.6 <= 1.2 * PAGE_BYTES


def test_pictures_of_few_pixels_lose_nothing_when_told_so() -> None:
    picture = Image.effect_noise((8, 8), 90).convert("RGB")
    again = Image.open(io.BytesIO(base64.b64decode(embed(picture, "", Path(), lossless=True).partition(",")[2])))
    assert again.tobytes() == picture.tobytes()


def test_scale_beside_the_map_has_the_colours_of_the_map() -> None:
    ramp = Image.merge("LA", (Image.linear_gradient("L"), Image.new("L", (256, 256), 255)))
    drawn = np.asarray(colored(ramp))[:, 0, :3].astype(int)
    style = (Path(page.__file__).parent / "templates/page.css").read_text()
    gradient = re.search(r"linear-gradient\(to right, ([^)]*)\)", style)
    assert gradient is not None
    stops = [ImageColor.getrgb(color.strip()) for color in gradient[1].split(",")]
    for index, stop in enumerate(stops):
        difference = round((index / (len(stops) - 1)) ** 2 * 255)
        assert np.abs(drawn[difference] - stop).max() <= 3
