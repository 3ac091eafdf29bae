"""A reader of pickles that builds data and calls nothing."""

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from rsi.errors import InputError

MAX_OPCODES = 5_000_000  # a StyleGAN2 checkpoint has some 30,000

_MARK = object()


class UnknownGlobalError(InputError):
    """A pickle names something it was not allowed to.

    Args:
        name: The global, such as ``os.system``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"it names {name[:100]!r}, which no StyleGAN2 checkpoint needs; nothing was run")
        self.name = name


@dataclass(frozen=True)
class Global:
    """A name that the pickle refers to, such as ``collections.OrderedDict``; never looked up."""

    name: str


@dataclass(eq=False)
class Call:
    """What the pickle wants called or made; recorded, never done.

    Attributes:
        name: The global to call.
        args: Its arguments.
        state: What the pickle gives the result as its state.
        items: What the pickle puts into the result, if that is a mapping.
    """

    name: str
    args: tuple[Any, ...]
    state: object = None
    items: dict[Any, Any] = field(default_factory=dict)


def read_pickle(data: bytes, allowed: Collection[str]) -> object:
    """Read a pickle of protocol 3 or later into plain data, :class:`Global` and :class:`Call` records.

    No global is imported, no object made and no method called: Python's own ``pickletools`` takes the file
    apart and this module interprets the opcodes. Sets and frozen sets become lists.

    Args:
        data: The file.
        allowed: The only globals the pickle may name.

    Returns:
        The pickled object. It may contain itself.

    Raises:
        UnknownGlobalError: The pickle names another global.
        InputError: The pickle is damaged or uses an opcode that no checkpoint needs.
    """
    machine = _Machine(allowed)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MAX_OPCODES:
                raise InputError("the pickle is far longer than a StyleGAN2 checkpoint's")
            machine.run(opcode.name, argument)
        return machine.pop(1)[0]
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError) as error:
        reason = str(error).partition("\n")[0][:100] or type(error).__name__
        raise InputError(f"the pickle is damaged or cut off ({reason}): get the file again") from None


class _Machine:
    """The stack machine that pickle opcodes are written for."""

    def __init__(self, allowed: Collection[str]) -> None:
        self.allowed = allowed
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, opcode: str, argument: Any) -> None:  # noqa: ANN401 - as pickletools has it
        """Do what one opcode says."""
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self)
        elif opcode == "GLOBAL":
            self.name_global(argument.replace(" ", ".", 1))
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif opcode not in _NOTHING_TO_DO:
            raise InputError(f"the pickle uses {opcode}, which no StyleGAN2 checkpoint needs")

    def pop(self, count: int) -> list[Any]:
        """Pop some items."""
        if len(self.stack) < count:
            raise IndexError("stack underflow")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def pop_to_mark(self) -> list[Any]:
        """Pop all above the topmost mark, and the mark."""
        items = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def name_global(self, name: str) -> None:
        """Push a global, if it is allowed."""
        if name not in self.allowed:
            raise UnknownGlobalError(name)
        self.stack.append(Global(name))

    def memoize(self) -> None:
        """Remember the topmost item under the next number."""
        self.memo[len(self.memo)] = self.stack[-1]

    def record_call(self) -> None:
        """Record a call instead of making it."""
        function, arguments = self.pop(2)
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise TypeError("a call of something that is not a global")
        self.stack.append(Call(function.name, arguments))

    def record_state(self) -> None:
        """Record the state of an object instead of setting it."""
        target, state = self.pop(2)
        if not isinstance(target, Call):
            raise TypeError("a state for something that is not an object")
        target.state = state
        self.stack.append(target)

    def extend(self, items: list[Any]) -> None:
        """Extend a list."""
        self.stack[-1].extend(items)

    def fill(self, items: list[Any]) -> None:
        """Fill a dictionary, or record what an object is filled with."""
        target = self.stack[-1]
        target = target.items if isinstance(target, Call) else target
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | bytes | int | float | None):
                raise TypeError(f"a dictionary key of type {type(key).__name__}")
            target[key] = value


_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_NOTHING_TO_DO = {"PROTO", "FRAME", "STOP"}
_CONSTANTS: dict[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,
    "MARK": lambda: _MARK,
}
_ACTIONS: dict[str, Callable[[_Machine], None]] = {
    "STACK_GLOBAL": lambda machine: machine.name_global(".".join(machine.pop(2))),
    "REDUCE": _Machine.record_call,
    "NEWOBJ": _Machine.record_call,
    "BUILD": _Machine.record_state,
    "SETITEM": lambda machine: machine.fill(machine.pop(2)),
    "SETITEMS": lambda machine: machine.fill(machine.pop_to_mark()),
    "APPEND": lambda machine: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine: machine.extend(machine.pop_to_mark()),
    "ADDITEMS": lambda machine: machine.extend(machine.pop_to_mark()),
    "FROZENSET": lambda machine: machine.stack.append(machine.pop_to_mark()),
    "TUPLE": lambda machine: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine: machine.stack.append(tuple(machine.pop(1))),
    "TUPLE2": lambda machine: machine.stack.append(tuple(machine.pop(2))),
    "TUPLE3": lambda machine: machine.stack.append(tuple(machine.pop(3))),
    "MEMOIZE": _Machine.memoize,
}
