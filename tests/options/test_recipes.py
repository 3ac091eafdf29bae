from pathlib import Path

import pytest

from rsi.errors import InputError
from rsi.options.recipes import find_recipe


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# M\xfcller\nseed: 1\n", "is no text, or not in UTF-8: give a YAML file of options"),
        (b"model: [1, 2\n", "is not YAML: while parsing a flow sequence"),
        (b"", "holds no options, such as `seed: 1`"),
        (b"just text\n", "holds no options, such as `seed: 1`"),
    ],
)
def test_a_file_that_holds_no_options_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        find_recipe(str(file))
    assert str(caught.value).startswith(f"--config {file} {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["seed: 1\n", '{"seed": 1}', "\ufeffseed: 1\n"])
def test_a_file_of_options_is_taken(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(content, encoding="utf-8")
    assert find_recipe(str(file)) == str(file)


def test_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder: give a YAML file of options, or a recipe's name"):
        find_recipe(str(tmp_path))
