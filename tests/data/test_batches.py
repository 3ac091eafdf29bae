from collections.abc import Callable, Iterator
from itertools import count

import torch
from hypothesis import given
from hypothesis import strategies as st

from rsi.data.batches import Failure, Step, TargetBatches
from rsi.data.listing import Listed
from rsi.data.target import JpegHeader, Target, checksum
from rsi.errors import InputError
from rsi.results.saved_batch import SavedBatch


def target(name: str) -> Target:
    """A target whose name tells its side and its JPEG coding, such as ``4-420-1``."""
    side, _, coding = name.split("/")[-1].partition("-")
    image = torch.zeros(3, int(side), int(side))
    frame = (0, 0, int(side), int(side))
    return Target(name, image, image[:1], 0, frame, jpeg=header(coding) if coding else None)


def header(coding: str) -> JpegHeader:
    sampling, _, orientation = coding.partition("-")
    factors = {"444": (1, 1), "420": (2, 2), "gray": (1, 1)}[sampling]
    return JpegHeader(torch.ones(3, 8, 8), factors, sampling == "gray", int(orientation or 1))


def nothing(_: Target) -> None:
    return None


def batches(
    names: list[str],
    *,
    read: Callable[[str], Target] = target,
    check: Callable[[Target], None] = nothing,
    batch_size: int = 2,
    steps: int = 1,
    skip: Callable[[str], bool] = lambda _: False,
    saved: SavedBatch | None = None,
) -> TargetBatches:
    images = (Listed(name, name) for name in names)
    return TargetBatches(
        images,
        lambda image: read(image.name),
        check,
        batch_size=batch_size,
        steps=steps,
        skip=skip,
        saved=saved,
    )


def names_of(loader: TargetBatches) -> list[list[str]]:
    return [[item.name for item in step.targets] for step in loader]


def test_every_batch_is_given_once_per_step() -> None:
    steps = list(batches(["a/4", "b/4", "c/4"], steps=3))
    assert [step.index for step in steps] == [0, 1, 2, 0, 1, 2]
    assert [len(step.targets) for step in steps] == [2, 2, 2, 1, 1, 1]
    assert steps[0].targets is steps[2].targets
    assert isinstance(steps[0], Step)


def test_batches_keep_the_order_and_hold_one_size() -> None:
    loader = batches(["a/4", "b/8", "c/4", "d/4", "e/8", "f/2"])
    assert names_of(loader) == [["a/4", "c/4"], ["b/8", "e/8"], ["d/4"], ["f/2"]]


def test_batches_hold_one_jpeg_coding() -> None:
    codings = ["8", "8-420", "8-444", "8-gray", "8-420-6"]
    loader = batches([f"{turn}/{coding}" for turn in "ab" for coding in codings], batch_size=4)
    assert names_of(loader) == [[f"a/{coding}", f"b/{coding}"] for coding in codings]


def test_targets_are_read_when_their_batch_is_due() -> None:
    seen: list[str] = []

    def read(name: str) -> Target:
        seen.append(name)
        return target(name)

    iterator = iter(batches(["a/4", "b/4", "c/4", "d/4"], read=read))
    next(iterator)
    assert seen == ["a/4", "b/4"]


def test_unreadable_files_do_not_stop_the_others() -> None:
    def read(name: str) -> Target:
        if name == "b/4":
            raise InputError("b is broken")
        return target(name)

    loader = batches(["a/4", "b/4", "c/4"], read=read)
    assert names_of(loader) == [["a/4", "c/4"]]
    assert loader.failures == [Failure("b/4", "b is broken")]


def test_targets_that_the_degradation_refuses_are_failures() -> None:
    def check(item: Target) -> None:
        if item.jpeg is None:
            raise InputError("not a JPEG")

    loader = batches(["a/4", "b/4-420"], check=check)
    assert names_of(loader) == [["b/4-420"]]
    assert loader.failures == [Failure("a/4", "not a JPEG")]


def test_finished_files_are_left_out() -> None:
    loader = batches(["a/4", "b/4", "c/4"], skip={"b/4"}.__contains__)
    assert names_of(loader) == [["a/4", "c/4"]]
    assert loader.skipped == 1


def test_nothing_to_do() -> None:
    assert list(batches([])) == []


def test_started_batch_goes_on_where_it_was() -> None:
    saved = SavedBatch(checksum([target("a/4"), target("b/4")]), 1, 0.0, (), {})
    steps = list(batches(["a/4", "b/4", "c/4"], steps=3, saved=saved))
    assert [(len(step.targets), step.index) for step in steps] == [(2, 1), (2, 2), (1, 0), (1, 1), (1, 2)]
    assert [step.saved for step in steps] == [saved, None, None, None, None]
    assert [step.begins for step in steps] == [True, False, True, False, False]


@given(st.lists(st.sampled_from(["4", "8", "8-420", "8-gray"]), max_size=25), st.integers(1, 4), st.data())
def test_leaving_out_whole_batches_does_not_change_the_others(
    kinds: list[str], batch_size: int, data: st.DataObject
) -> None:
    names = [f"{index:02}/{kind}" for index, kind in enumerate(kinds)]
    whole = names_of(batches(names, batch_size=batch_size))
    done = data.draw(st.lists(st.sampled_from(whole), unique_by=tuple)) if whole else []
    left_out = {name for batch in done for name in batch}
    rest = names_of(batches(names, batch_size=batch_size, skip=left_out.__contains__))
    assert rest == [batch for batch in whole if batch not in done]


def test_names_are_taken_as_they_are_needed() -> None:
    def endless() -> Iterator[Listed]:
        for number in count():
            yield Listed(f"{number}/4", str(number))

    loader = TargetBatches(
        endless(), lambda image: target(image.name), nothing, batch_size=2, steps=1, skip=lambda name: name == "1/4"
    )
    assert [item.name for item in next(iter(loader)).targets] == ["0/4", "2/4"]


def test_targets_that_are_not_finished_come_again_in_batches_of_the_present_size() -> None:
    loader = batches([f"{letter}/4" for letter in "abcdef"], batch_size=4, steps=2)
    next(iter(loader))
    loader.batch_size = 3
    assert names_of(loader) == [[f"{letter}/4" for letter in batch] for batch in ("abc", "abc", "def", "def")]


def test_batches_that_have_become_smaller_take_what_was_waiting() -> None:
    loader = batches(["a/4", "b/4", "c/8", "d/8", "e/8"], batch_size=3)
    first = next(iter(loader))
    assert [item.name for item in first.targets] == ["c/8", "d/8", "e/8"]
    loader.batch_size = 1
    assert names_of(loader) == [["c/8"], ["d/8"], ["e/8"], ["a/4"], ["b/4"]]


def test_finished_batches_and_failed_targets_do_not_come_again() -> None:
    loader = batches([f"{letter}/4" for letter in "abcde"])
    first, second, *_ = loader
    loader.finish(first.targets)
    loader.fail(second.targets[0], "too large")
    assert names_of(loader) == [["d/4", "e/4"]]
    assert loader.failures == [Failure("c/4", "too large")]


def test_all_is_done_once_the_last_batch_is_finished() -> None:
    loader = batches(["a/4", "b/4", "c/4"])
    steps = []
    for step in loader:
        assert not loader.is_done
        steps.append(step)
    assert not loader.is_done
    for step in steps:
        loader.finish(step.targets)
    assert loader.is_done


def test_looking_ahead_takes_nothing_away() -> None:
    loader = batches(["a/4", "b/8", "c/4"])
    assert [item.name for item in loader.look_ahead(2)] == ["a/4", "b/8"]
    assert len(loader.look_ahead(9)) == 3
    assert names_of(loader) == [["a/4", "c/4"], ["b/8"]]
