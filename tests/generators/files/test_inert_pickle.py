import collections
import io
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import (
    MAX_BITS,
    Call,
    Persistent,
    UnknownGlobalError,
    check_names,
    read_pickle,
    shown,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
)


class Hostile:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@given(PLAIN, st.sampled_from([3, 4, 5]))
def test_plain_data_is_read_as_python_reads_it(data: object, protocol: int) -> None:
    assert read_pickle(pickle.dumps(data, protocol)) == data


def test_shared_and_self_containing_data() -> None:
    shared: list[object] = []
    shared.append(shared)
    data = read_pickle(pickle.dumps({"a": shared, "b": shared}))
    assert isinstance(data, dict)
    assert data["a"] is data["b"] is data["a"][0]


def test_globals_are_recorded_and_not_called() -> None:
    data = collections.OrderedDict(a=1)
    record = read_pickle(pickle.dumps(data, 3))
    assert isinstance(record, Call)
    assert (record.name, record.args, record.items) == ("collections.OrderedDict", (), {"a": 1})


def test_sets_become_lists() -> None:
    assert read_pickle(pickle.dumps([{1}, frozenset({2})], 4)) == [[1], [2]]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (eval, "builtins.eval"), (subprocess.Popen, "(subprocess|commands).Popen")],
)
def test_what_only_an_attack_has_use_for_is_refused_by_name(
    function: object, name: str, protocol: int, canary: Path
) -> None:
    data = pickle.dumps({"a": Hostile(function, f"open({str(canary)!r}, 'w')")}, protocol)
    with pytest.raises(UnknownGlobalError, match=name.replace("builtins", "(__builtin__|builtins)")):
        read_pickle(data)
    assert not canary.exists()


class Foreign(dict[Any, Any]):
    def __init__(self, value: object) -> None:
        self.value = value


class Named:
    def __getnewargs_ex__(self) -> tuple[tuple[object, ...], dict[str, int]]:
        return (), {"size": 3}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_objects_of_any_class_are_recorded(protocol: int) -> None:
    foreign = Foreign([1])
    foreign[Foreign, 2] = foreign.value
    record = read_pickle(pickle.dumps(foreign, protocol))
    assert isinstance(record, Call)
    assert record.name.endswith("Foreign")
    assert record.state == {"value": [1]}
    assert list(record.items.values()) == [[1]]
    assert isinstance(read_pickle(pickle.dumps(Named(), max(4, protocol))), Call)
    deque = read_pickle(pickle.dumps(collections.deque([1, 2]), protocol))
    assert isinstance(deque, Call)
    assert deque.entries == [1, 2]


def test_what_is_used_may_consist_of_known_things_alone() -> None:
    record = read_pickle(pickle.dumps({"a": [(collections.OrderedDict(b=Foreign(None)),)]}, 4))
    with pytest.raises(UnknownGlobalError, match=r"names '.*Foreign', which no generator needs"):
        check_names(record, {"collections.OrderedDict"})
    check_names(read_pickle(pickle.dumps([collections.OrderedDict(b=1)], 4)), {"collections.OrderedDict"})


def test_what_is_kept_elsewhere_is_recorded() -> None:
    record = read_pickle(b"\x80\x02X\x01\0\0\0aQ.")
    assert isinstance(record, Persistent)
    assert record.id == "a"


def test_several_pickles_in_a_file() -> None:
    file = io.BytesIO(pickle.dumps(1, 2) + pickle.dumps("two", 4) + b"rest")
    assert [read_pickle(file), read_pickle(file), file.read()] == [1, "two", b"rest"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        b"\x80\x04)R.",
        b"\x80\x04}}b.",
        b"\x80\x04}]Ns.",
        b"\x80\x04](]Nu.",
        b"\x80\x04Ne.",
        b"\x80\x04h\x05.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"\x80\x04B\xff\xff\xff\xffabc.",
        b"\x80\x04ccollections\nOrderedDict\n]R.",
    ],
)
def test_malformed_pickles(data: bytes) -> None:
    with pytest.raises(InputError, match="damaged or cut off"):
        read_pickle(data)


def test_whole_numbers_that_no_float_holds_are_refused() -> None:
    assert read_pickle(pickle.dumps(1 - 2**MAX_BITS)) == 1 - 2**MAX_BITS
    with pytest.raises(InputError, match="a whole number of 20000 bits, which no generator needs"):
        read_pickle(pickle.dumps(2**19999))


def test_objects_deeper_than_python_can_print_are_shown_on_one_short_line() -> None:
    calls = read_pickle(b"\x80\x04" + b"ca\nb\n" * 5000 + b")R" + b"\x85R" * 4999 + b".")
    lists = read_pickle(b"\x80\x04" + b"]" * 5000 + b"a" * 4999 + b".")
    for record in (calls, {calls: 1}, [calls], lists, "x\ny" * 100):
        assert len(shown(record)) < 100
        assert "\n" not in shown(record)
    assert shown(calls) == "a.b"


def test_a_huge_memo_index_costs_nothing() -> None:
    assert read_pickle(b"\x80\x04Nr\xff\xff\xff\xff.") is None


@pytest.mark.parametrize("data", [b"(S'x'\nos\n.", b"\x80\x04Pabc\n.", b"\x80\x04N2.", b"(i__main__\nx\n."])
def test_opcodes_that_no_checkpoint_needs(data: bytes) -> None:
    with pytest.raises(InputError, match=r"the pickle uses (STRING|PERSID|DUP|INST), which no generator"):
        read_pickle(data)


@given(st.binary(max_size=200))
def test_random_bytes_never_do_more_than_fail(data: bytes) -> None:
    assert "\n" not in complaint(b"\x80\x04" + data)


def complaint(data: bytes) -> str:
    try:
        read_pickle(data)
    except InputError as error:
        return str(error)
    return ""
