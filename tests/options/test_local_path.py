import argparse
from pathlib import Path

import pytest

from rsi.commands.main import main
from rsi.options.local_path import generator_name, local_path


def test_a_leading_tilde_is_the_home_folder_and_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert local_path("~/photos") == Path("/home/ada/photos")
    assert local_path("photos/~") == Path("photos/~")
    assert generator_name("~/g.pkl") == "/home/ada/g.pkl"
    assert generator_name("ffhq1024") == "ffhq1024"


@pytest.mark.parametrize(("text", "message"), [("~nobody-here/a", "no home folder"), ("s3://bucket/a", "is a URL")])
def test_what_is_nowhere_on_this_machine_is_said(text: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        local_path(text)


def test_inspect_and_report_look_in_the_home_folder(
    tmp_path: Path, tiny_generator: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tiny_generator.parent))
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", "~/tiny.safetensors"]) == 0
    assert f"yes: rsi fit --generator {tiny_generator}" in capsys.readouterr().out
    assert main(["report", "~"]) == 2
    assert f"{tiny_generator.parent} holds no results" in capsys.readouterr().err
