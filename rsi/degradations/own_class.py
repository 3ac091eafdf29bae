"""Degradations and other classes of the user's own, by class path."""

import importlib
import re
import sysconfig
import traceback
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rsi.degradations.base import Degradation
from rsi.errors import InputError
from rsi.imports.extras import extra_of, install_command

NOT_THE_USERS = (*(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")), "<frozen")
MISSING = re.compile(r"No module named '(\w+)")
OUR_OWN = str(Path(__file__).parents[1])


def is_class_path(name: str) -> bool:
    """Whether a text could name a class of a module, such as ``my_module.MyBlur``."""
    return "." in name and all(part.isidentifier() for part in name.split("."))


def make_own(class_path: str) -> Degradation:
    """The degradation that a class path names, made without arguments.

    Raises:
        InputError: There is no such class, or it needs arguments or fails; then its line is named.
    """
    kind = find_own(class_path)
    try:
        return kind()
    except Exception as error:
        raise explain(class_path, error) from error


def find_own(class_path: str) -> type[Degradation]:
    """The class that a path such as ``my_module.MyBlur`` names.

    Raises:
        InputError: There is no such module, or none with such a class, the class is no :class:`Degradation`, or the
            module fails when it is imported; then its line is named.
    """
    kind: type[Degradation] = find_subclass(class_path, Degradation, "degradation")
    return kind


def find_subclass(class_path: str, base: type, what: str) -> type[Any]:
    """The class of the user's own that a path names.

    Args:
        class_path: Its module and name.
        base: What it has to be a subclass of, a public name of rsi.
        what: What it is, for messages.

    Raises:
        InputError: As of :func:`find_own`.
    """
    name, _, attribute = class_path.rpartition(".")
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise explain(class_path, error, what=what) from error
    kind = getattr(module, attribute, None)
    if kind is None:
        raise InputError(f'{what} "{class_path}": {name} has no class "{attribute}"{_own_classes(module, base)}')
    if not (isclass(kind) and issubclass(kind, base)):
        raise InputError(f'{what} "{class_path}" is no subclass of rsi.{base.__name__}{_own_classes(module, base)}')
    return kind


def explain(class_path: str, error: BaseException, argument: str = "", what: str = "degradation") -> InputError:
    """What went wrong when a user's own class was imported or made, in one line that names the line of theirs.

    Args:
        class_path: The class.
        error: What Python or the command line's parser raised; what it came from counts.
        argument: The argument that it is about.
        what: What the class is.
    """
    named_class = f'{what} "{class_path}"'
    while error.__cause__ is not None and not _place(error):
        error = error.__cause__
    if isinstance(error, InputError):
        return error
    named = MISSING.search(str(error))
    if named and (extra := extra_of(named[1])):
        return InputError(f"{named_class} needs {named[1]}: {install_command(extra)}")
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and f"{class_path}.".startswith(f"{missing}."):
        return InputError(f'{named_class}: there is no module "{missing}", neither in this folder nor installed')
    reason = " ".join(str(error).split())
    if place := _place(error):
        return InputError(f"{named_class} fails in {place}: {type(error).__name__}: {reason}")
    return InputError(f"{named_class} cannot be made{f' with this {argument}' if argument else ''}: {reason}")


def _own_classes(module: ModuleType, base: type) -> str:
    found = [
        name
        for name, value in vars(module).items()
        if isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    return f": use {' or '.join(f'{module.__name__}.{name}' for name in found)}" if found else ""


def _place(error: BaseException) -> str:
    """The innermost line of the user's own."""
    if isinstance(error, SyntaxError) and error.filename:
        return _line(error.filename, error.lineno, error.text)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*NOT_THE_USERS, OUR_OWN)):
            return _line(frame.filename, frame.lineno, frame.line)
    return ""


def _line(file: str, number: int | None, text: str | None) -> str:
    return f"{file}, line {number}, {' '.join((text or '').split())!r}"
