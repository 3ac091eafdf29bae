import pytest

from rsi.commands.main import main
from rsi.options.parser import CommandParser


@pytest.mark.parametrize(
    ("given", "meant"),
    [("--sample", "--samples"), ("--samples_", "--samples"), ("--overwrit=1", "--overwrite"), ("--seeed", "--seed")],
)
def test_option_that_is_nearly_right_is_never_taken_for_the_right_one(
    given: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = CommandParser("prog")
    for flag in ("--samples", "--overwrite", "--seed"):
        parser.add_argument(flag)
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args([given, "3"])
    assert f"unrecognized arguments: {given} 3; did you mean {meant}?\n" in capsys.readouterr().err


def test_option_that_is_like_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        CommandParser("prog").parse_args(["--xyz"])
    assert capsys.readouterr().err.endswith("unrecognized arguments: --xyz\n")


@pytest.mark.parametrize(
    ("command", "given", "meant"),
    [
        (["fit"], "--sample", "--samples"),
        (["fit"], "--target-dri", "--target_dir"),
        (["fit"], "--model.schedul", "--model.schedule"),
        (["benchmark", "--clean_dir", "x", "--output_dir", "y"], "--lim", "--limit"),
        (["convert", "a", "b"], "--offlin", "--offline"),
        (["align", "a", "b"], "--siz", "--size"),
    ],
)
def test_every_command_says_what_may_be_meant(
    command: list[str], given: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*command, given, "2"])
    assert f"; did you mean {meant}?" in capsys.readouterr().err
