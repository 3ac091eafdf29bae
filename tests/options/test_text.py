from pathlib import Path

import pytest
import yaml
from pytorch_lightning.cli import ActionConfigFile  # type: ignore[attr-defined]

import rsi.options.fit  # noqa: F401 - how options are written to a file
from rsi.degradations import Degradation
from rsi.errors import InputError
from rsi.options.text import check_home, optional_path, path
from rsi.options.verbatim import OptionParser

ANY_TEXT = [
    *("#ff00ff", "null", "NULL", "~", "007", "0x1F", "1e3", "-1.5", "1_000", ".inf", "yes", "true", "2024-01-31"),
    *(
        "[a]",
        "{a: b}",
        "a: b",
        "",
        " ",
        " x ",
        "- x",
        "!!null",
        "&a",
        "*a",
        "'",
        '"q"',
        "%",
        "@",
        "a\nb",
        "ünï",
        "x #y",
    ),
]


class Part:
    def __init__(self, name: str | None = None, place: str = "here", folder: str | Path | None = None) -> None:
        self.name, self.place, self.folder = name, place, folder


@pytest.fixture
def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OptionParser:
    (tmp_path / "named.py").write_text(
        "from rsi.degradations import Degradation\n"
        "class Named(Degradation):\n"
        "    def __init__(self, name: str, other: str | None = None, factors: list[float] | None = None,\n"
        "                 strength: float = 1.0) -> None:\n"
        "        super().__init__()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    parser = OptionParser(exit_on_error=False)
    parser.add_argument("-c", "--config", action=ActionConfigFile)
    parser.add_argument("--text", type=str, default="")
    parser.add_argument("--maybe", type=str | None, default=None)
    parser.add_argument("--degradation", type=Degradation | str, default="jpeg")
    parser.add_class_arguments(Part, "part")
    parser.add_argument("--label", type=str | None, default=None)
    parser.link_arguments("label", "part.name")
    parser.link_arguments("text", "part.folder")
    return parser


@pytest.mark.parametrize("given", ANY_TEXT)
def test_any_text_stays_as_it_is_on_the_command_line_and_in_a_saved_config(
    parser: OptionParser, tmp_path: Path, given: str
) -> None:
    flags = [f"--{name}={given}" for name in ("text", "maybe", "label", "part.place")]
    own = ["--degradation", "named.Named", f"--degradation.name={given}", f"--degradation.other={given}"]
    numbers = ["--degradation.factors", "[1, 2.5]", "--degradation.strength", "1e3"]
    chosen = parser.parse_args([*flags, *own, *numbers])
    saved = tmp_path / "config.yaml"
    saved.write_text(parser.dump(chosen), encoding="utf-8")
    for options in (chosen, parser.parse_args(["--config", str(saved)])):
        assert (options.text, options.maybe, options.label, options.part.place) == (given,) * 4
        assert (options.degradation.init_args.name, options.degradation.init_args.other) == (given, given)
        assert options.degradation.init_args.factors == [1.0, 2.5]
        assert options.degradation.init_args.strength == 1000.0
        part = parser.instantiate(options).part
        assert (part.name, part.place, part.folder) == (given, given, given)


@pytest.mark.parametrize("given", ANY_TEXT)
def test_any_quoted_text_stays_as_it_is_in_yaml(parser: OptionParser, tmp_path: Path, given: str) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"maybe": given}, default_style='"'), encoding="utf-8")
    assert parser.parse_args(["--config", str(tmp_path / "c.yaml")]).maybe == given


def test_option_that_is_left_out_is_none(parser: OptionParser, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("maybe: null\nlabel:\n")
    for flags in ([], ["--config", str(tmp_path / "c.yaml")]):
        options = parser.parse_args(flags)
        assert (options.maybe, options.label, options.part.name) == (None, None, None)


def test_text_in_the_name_of_a_file_is_not_its_content(
    parser: OptionParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jpeg").write_text("noise")
    monkeypatch.chdir(tmp_path)
    options = parser.parse_args(["--degradation", "jpeg", "--text", "jpeg", "--label", "jpeg"])
    assert (options.degradation, options.text, options.part.name) == ("jpeg", "jpeg", "jpeg")


def test_what_is_no_text_is_refused(parser: OptionParser, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("maybe: 7\n")
    with pytest.raises(Exception, match="7 is no text: put it in quotes"):
        parser.parse_args(["--config", str(tmp_path / "c.yaml")])


def test_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert path("~/faces") == "/home/me/faces"
    assert path("~") == "/home/me"
    assert path("~root/x").endswith("/x")
    assert path("~root/x")[0] == "/"
    for same in ("faces~", "./~", "a/~/b", "s3://bucket/~/x", "simplecache::s3://~b/c", "avatars128"):
        assert path(same) == same
    assert optional_path(None) is None


def test_home_of_nobody_is_refused() -> None:
    with pytest.raises(InputError, match=r"--target_dir ~no-one/x: there is no such home folder; write \./~no-one/x"):
        check_home("--target_dir", path("~no-one/x"))
    check_home("--target_dir", None)
