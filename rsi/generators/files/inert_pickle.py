"""A reader of pickles that builds data and calls nothing."""

import pickletools
import reprlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from rsi.errors import InputError

MAX_OPCODES = 5_000_000  # a generator's file has some 30,000
MAX_BITS = 1000  # of a whole number, which so fits a float and a message; the state of a random generator takes 128

DICTIONARIES = ("collections.OrderedDict", "dnnlib.util.EasyDict")
# What a file has no use for that does not want to be run; naming it anywhere is reason to refuse all of the file.
HOSTILE_MODULES = (
    *("_pickle", "code", "commands", "ctypes", "imp", "importlib", "marshal", "nt", "os", "pdb", "pickle", "posix"),
    *("pty", "runpy", "shutil", "socket", "subprocess", "sys", "timeit", "webbrowser"),
)
HOSTILE_BUILTINS = ("__import__", "breakpoint", "compile", "eval", "exec", "execfile", "input", "open")

_MARK = object()


class UnknownGlobalError(InputError):
    """A pickle names something that it should not.

    Args:
        name: The global, such as ``os.system``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"it names {name[:100]!r}, which no generator needs; nothing was run")
        self.name = name


@dataclass(frozen=True)
class Global:
    """A name that the pickle refers to; never looked up.

    Attributes:
        name: With its module, such as ``collections.OrderedDict``.
    """

    name: str


@dataclass(eq=False, repr=False)
class Call:
    """What the pickle wants called or made; recorded, never done.

    Attributes:
        name: The global to call.
        args: Its arguments.
        state: What the pickle gives the result as its state.
        items: What the pickle puts into the result, if that is a mapping.
        entries: What the pickle appends to the result, if that is a list.
    """

    name: str
    args: tuple[Any, ...]
    state: object = None
    items: dict[Any, Any] = field(default_factory=dict)
    entries: list[Any] = field(default_factory=list)

    def __repr__(self) -> str:
        """The name alone: what it holds may go deeper than Python can print."""
        return self.name


@dataclass(frozen=True, eq=False)
class Persistent:
    """What is kept outside the pickle.

    Attributes:
        id: What the pickle says of it.
        name: What it is called where it is called itself.
    """

    id: object
    name: str = "something outside the pickle"


def read_pickle(data: bytes | BinaryIO) -> object:
    """Read a pickle of protocol 2 or later into plain data, :class:`Global`, :class:`Call` and :class:`Persistent`.

    No global is imported, no object made and no method called: Python's own ``pickletools`` takes the file
    apart and this module interprets the opcodes. Sets and frozen sets become lists. So objects of any class can be
    read; what is going to be used of them is for :func:`check_names`.

    Args:
        data: The pickle; of a file, what begins where it stands, and it is left where the pickle ends.

    Returns:
        The pickled object. It may contain itself.

    Raises:
        UnknownGlobalError: The pickle names what only an attack has use for.
        InputError: The pickle is damaged or uses an opcode that no checkpoint needs.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MAX_OPCODES:
                raise InputError("the pickle is far longer than a generator's")
            machine.run(opcode.name, argument)
        return machine.pop(1)[0]
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError) as error:
        reason = str(error).partition("\n")[0][:100] or type(error).__name__
        raise InputError(f"the pickle is damaged or cut off ({reason}): get the file again") from None


def parts(record: object) -> Iterator[object]:
    """Everything that a pickled object consists of, itself included, each once."""
    seen: set[int] = set()
    todo = [record]
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, Call):
            todo += [part.args, part.state, part.items, part.entries]
        elif isinstance(part, Persistent):
            todo.append(part.id)
        elif isinstance(part, dict):
            todo += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            todo += part


def check_names(record: object, allowed: Collection[str]) -> None:
    """Make sure that a pickled object consists of nothing but certain things.

    Raises:
        UnknownGlobalError: It names another global.
    """
    for part in parts(record):
        if isinstance(part, Global | Call) and part.name not in allowed:
            raise UnknownGlobalError(part.name)


def dictionary(record: object) -> Mapping[Any, Any]:
    """The contents of a dictionary, an ordered one or an EasyDict; empty for anything else."""
    if isinstance(record, Call) and record.name in DICTIONARIES:
        return record.items
    return record if isinstance(record, dict) else {}


def shown(record: object) -> str:
    """A pickled object in a message, on one line and short whatever it is."""
    return " ".join(reprlib.repr(record).split())


class _Machine:
    """The stack machine that pickle opcodes are written for."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, opcode: str, argument: Any) -> None:  # noqa: ANN401 - as pickletools has it
        """Do what one opcode says."""
        if opcode in _LITERALS:
            self.push_literal(argument)
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
            raise InputError(f"the pickle uses {opcode}, which no generator needs")

    def push_literal(self, literal: Any) -> None:  # noqa: ANN401 - as pickletools has it
        """Push a number or a text, unless the number is absurdly long."""
        if isinstance(literal, int) and literal.bit_length() > MAX_BITS:
            raise InputError(
                f"the pickle holds a whole number of {literal.bit_length()} bits, which no generator needs"
            )
        self.stack.append(literal)

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
        """Push a global, unless only an attack has use for it."""
        module, _, attribute = name.partition(".")
        if module in HOSTILE_MODULES or (module in ("builtins", "__builtin__") and attribute in HOSTILE_BUILTINS):
            raise UnknownGlobalError(name)
        self.stack.append(Global(name))

    def memoize(self) -> None:
        """Remember the topmost item under the next number."""
        self.memo[len(self.memo)] = self.stack[-1]

    def record_call(self) -> None:
        """Record a call instead of making it."""
        function, arguments = self.pop(2)
        if not isinstance(function, Global | Call | Persistent) or not isinstance(arguments, tuple):
            raise TypeError("a call of something that cannot be called")
        self.stack.append(Call(function.name, arguments))

    def record_call_with_names(self) -> None:
        """Record a call with named arguments."""
        function, arguments, named = self.pop(3)
        self.stack += [function, (*arguments, named)]
        self.record_call()

    def record_state(self) -> None:
        """Record the state of an object instead of setting it."""
        target, state = self.pop(2)
        if not isinstance(target, Call):
            raise TypeError("a state for something that is not an object")
        target.state = state
        self.stack.append(target)

    def extend(self, items: list[Any]) -> None:
        """Extend a list, or record what an object is extended with."""
        target = self.stack[-1]
        (target.entries if isinstance(target, Call) else target).extend(items)

    def fill(self, items: list[Any]) -> None:
        """Fill a dictionary, or record what an object is filled with."""
        target = self.stack[-1]
        target = target.items if isinstance(target, Call) else target
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not all(isinstance(part, KEYS) for part in (key if isinstance(key, tuple) else [key])):
                raise TypeError(f"a dictionary key of type {type(key).__name__}")
            target[key] = value


KEYS = str | bytes | int | float | None | Global | Call
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
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
    "NEWOBJ_EX": _Machine.record_call_with_names,
    "BINPERSID": lambda machine: machine.stack.append(Persistent(machine.pop(1)[0])),
    "POP": lambda machine: machine.stack.__delitem__(-1),
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
