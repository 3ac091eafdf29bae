import json
from dataclasses import replace
from typing import Any

import pytest

from rsi.generators.files.zoo import ASSETS, zoo
from rsi.report.words import in_words
from rsi.storage.fingerprint import file_sha256

EMBEDDED = file_sha256(ASSETS / "avatars128.safetensors")  # type: ignore[arg-type] # the package is no archive here
CONFIG = "# recipe fast: A third of it.\n# recipe my.yaml\ngenerator: faces/mine.pkl\ndegradation: noise:M\n"


def test_generators_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        in_words({"generator": EMBEDDED}, "")["generator"] == "avatars128, the embedded one: drawings of cartoon faces"
    )
    known = zoo()["ffhq1024"]
    words = "ffhq1024: photographs of faces, aligned (FFHQ), 1024 px"
    assert in_words({"generator": str(known.sha256)}, CONFIG)["generator"] == words
    monkeypatch.setitem(zoo(), "ffhq1024", replace(known, sha256=None))
    assert in_words({"generator": "ab" * 32}, CONFIG)["generator"] == "mine.pkl, a file of its own"
    assert in_words({"generator": "ab" * 32}, "")["generator"] == "ab" * 32


def test_recipes_method_and_degradation_in_words() -> None:
    words = in_words({"method": "rsi", "degradation": "Denoising(k_p=24.0)"}, CONFIG)
    assert words["recipe"] == "fast: A third of it; my.yaml"
    assert (words["method"], words["degradation"]) == ("RSI", "noise:M")
    assert in_words({}, "degradation: jpeg\n")["recipe"] == "none, the options below"
    assert in_words({"degradation": "JPEG()"}, "") == {"degradation": "JPEG()"}


@pytest.mark.parametrize("config", ["a: [", "- a", "", "# recipe ", "degradation: {class_path: my.Blur}"])
def test_options_that_cannot_be_read_are_no_trouble(config: str) -> None:
    assert isinstance(in_words({"method": "new"}, config), dict)


def test_page_says_it(run: Any) -> None:
    run.restored("a.jpg")
    run.folder.path.joinpath("settings.json").write_text(json.dumps({"generator": EMBEDDED, "method": "rsi"}))
    run.folder.path.joinpath("config.yaml").write_text("# recipe fast: <b>quick</b>\n")
    html = run.page().read_text()
    assert "avatars128, the embedded one" in html
    assert "fast: &lt;b&gt;quick&lt;/b&gt;" in html
