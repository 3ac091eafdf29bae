import io

import pytest

from rsi.log import is_quiet, is_terminal, is_verbose, printable, set_verbosity, tell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("é 'a b'", "é 'a b'"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udce9", "\\udce9"),
        ("\u202e", "\\u202e"),
    ],
)
def test_a_name_stays_on_its_line(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_characters_that_standard_output_lacks_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert printable("müller 写") == "müller \\u5199"
    monkeypatch.setattr("sys.stdout", None)
    assert printable("müller 写") == "müller 写"


def test_nobody_is_told_where_standard_error_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    tell("hello")
    assert capsys.readouterr().out == ""


def test_closed_stream_is_no_terminal() -> None:
    assert not is_terminal(None)
    assert not is_terminal(io.StringIO())


def test_what_is_told_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    tell("a\udce9\n")
    assert capsys.readouterr().err == "a\\udce9\\n\n"


@pytest.mark.parametrize(
    ("quiet", "verbose", "told"), [(False, False, "hello\n"), (True, False, ""), (False, True, "hello\n")]
)
def test_quiet_tells_nothing(quiet: bool, verbose: bool, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_verbosity(quiet=quiet, verbose=verbose)
    try:
        tell("hello")
        assert (is_quiet(), is_verbose()) == (quiet, verbose)
    finally:
        set_verbosity()
    assert capsys.readouterr().err == told
