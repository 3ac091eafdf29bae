from importlib.metadata import version

import pytest

from rsi.commands.main import COMMANDS
from rsi.commands.option_table import FILE, plain, table_text
from rsi.options.table import lightning_version, read_table


def test_table_says_what_the_parsers_say() -> None:
    if version("pytorch-lightning") != lightning_version():
        pytest.skip("the table is of another version of Lightning, whose Trainer may have other options")
    assert FILE.read_text(encoding="utf-8") == table_text(), "run python -m rsi.commands.option_table"


def test_every_command_is_in_it() -> None:
    assert read_table().keys() == COMMANDS.keys()


@pytest.mark.parametrize(
    ("docstring", "words"),
    [
        ("``ngd``, or ``adam``;\n   see :func:`rsi.a.b`.", "ngd, or adam."),
        ("Default: ``True``.", "Default: ``True``."),
        ("Whether. Default: ``True``.", "Whether."),
        (
            "as a :class:`datetime.timedelta` or :paramref:`~pytorch_lightning.Trainer.logger`",
            "as a timedelta or logger",
        ),
        ("``max_epochs = -1``. 50 % of it", "max_epochs = -1. 50 % of it"),
    ],
)
def test_docstrings_in_plain_words(docstring: str, words: str) -> None:
    assert plain(docstring) == words.replace("`", "")
