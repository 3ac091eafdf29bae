import pytest

from rsi.log import printable, tell


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


def test_what_is_told_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    tell("a\udce9\n")
    assert capsys.readouterr().err == "a\\udce9\\n\n"
