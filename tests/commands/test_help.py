"""The help of all commands, as a person reads it in a terminal of 80 columns."""

import re
from collections.abc import Callable

import pytest

from rsi.commands.main import COMMANDS, main
from rsi.options.purposes import PURPOSES
from rsi.options.table import read_table

NOT_PLAIN = re.compile(r"``|:\w+:`|\bnull\b|<function|known subclass|\b(?:rsi|torch|pytorch_lightning|typing)\.\w+")
PAGES = [[name, "--help"] for name in COMMANDS]
PAGES += [["fit", *method, "--help", *page] for method in ([], ["--method", "ddrm"]) for page in (["all"], ["trainer"])]


Help = Callable[..., str]


@pytest.fixture
def help_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Help:
    monkeypatch.setenv("COLUMNS", "80")

    def show(*argv: str) -> str:
        with pytest.raises(SystemExit, match="0"):
            main(argv)
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("argv", PAGES, ids=" ".join)
def test_is_plain(argv: list[str], help_of: Help) -> None:
    shown = help_of(*argv)
    assert NOT_PLAIN.findall(shown) == []
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize("name", COMMANDS)
def test_first_page_is_short_and_has_every_default(name: str, help_of: Help) -> None:
    shown = " ".join(help_of(name, "--help").split())
    assert len(help_of(name, "--help").splitlines()) <= 100
    for option in read_table()[name].of_method("rsi"):
        if not option.topic:
            assert option.names[0] in shown or option.values in shown
            assert not option.default or f"(default: {option.default})" in shown


def test_fit_begins_with_what_everybody_needs_by_purpose(help_of: Help) -> None:
    shown = help_of("fit", "--help")
    places = [shown.index(f"\n{purpose}:\n") for purpose in PURPOSES]
    assert places == sorted(places)
    assert "--trainer.devices" in shown
    assert "--trainer.max_epochs" not in shown
    assert "--model.schedule" not in shown


def test_pages_hold_the_rest(help_of: Help) -> None:
    everything, trainer = help_of("fit", "--help", "all"), help_of("fit", "--help", "trainer")
    for name in ("--samples", "--model.schedule", "--writer.latents", "--print_config"):
        assert name in everything
    assert "--trainer.logger" not in everything
    for name in ("--trainer.logger", "--trainer.max_epochs", "refused"):
        assert name in trainer
    assert "--samples" not in trainer


def test_words_after_help_that_name_no_page_do_not_matter(help_of: Help) -> None:
    assert help_of("fit", "--help", "imgs/") == help_of("fit", "imgs/", "-h") == help_of("fit", "--help")
    assert help_of("align", "--help") == help_of("align", "-h", "photos/")
