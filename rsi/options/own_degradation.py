"""What is wrong with a degradation of the user's own, in one line instead of the parser's many."""

import re
from typing import Any

from rsi.degradations import Degradation
from rsi.degradations.own_class import explain, find_own
from rsi.options.verbatim import OptionParser

CLASS_PATH = re.compile(r"class_path[ =:']+([\w.]+)'")
ARGUMENT = re.compile(r'Parser key "(\w+)"')


class FitParser(OptionParser):
    """Our parser, which also says of a degradation's class what is wrong with it."""

    def error(self, message: str, *cause: Any) -> Any:  # noqa: ANN401 - jsonargparse's signature
        """End with the message.

        Raises:
            InputError: It is about a degradation of the user's own.
        """
        for error in cause:
            if isinstance(error, Exception):
                raise_if_own(message, error)
        super().error(message, *cause)


def raise_if_own(message: str, error: Exception) -> None:
    """Say what is wrong with the degradation's class that a message of the parser names, if it names one.

    Raises:
        InputError: It does.
    """
    named = CLASS_PATH.search(message)
    if named and f"{Degradation.__module__}.{Degradation.__name__}" in message:
        *_, argument = ("", *ARGUMENT.findall(message))
        find_own(named[1])
        raise explain(named[1], error, "" if argument == "degradation" else argument) from error
