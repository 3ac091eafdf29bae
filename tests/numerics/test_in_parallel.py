import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rsi.numerics.per_image import in_parallel, threads_of_an_image


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads torch has."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_jobs(threads: int) -> None:
    assert in_parallel([lambda index=index: index**2 for index in range(7)]) == [index**2 for index in range(7)]  # type: ignore[misc]
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("gradients", [False, True])
def test_jobs_share_grad_mode_and_autocast(gradients: bool) -> None:
    def job() -> tuple[bool, torch.dtype]:
        return torch.is_grad_enabled(), (torch.eye(2) @ torch.eye(2)).dtype

    with torch.set_grad_enabled(gradients), torch.autocast("cpu", torch.bfloat16):
        assert in_parallel([job] * 4) == [(gradients, torch.bfloat16)] * 4
    with torch.set_grad_enabled(gradients):
        assert in_parallel([job] * 4) == [(gradients, torch.float32)] * 4


def test_as_many_jobs_run_at_once_as_torch_has_threads(threads: int) -> None:
    together = threading.Barrier(threads)
    in_parallel([lambda: together.wait(timeout=10)] * 2 * threads)


def test_large_images_take_turns_on_all_threads(threads: int) -> None:
    def job() -> tuple[threading.Thread, int]:
        return threading.current_thread(), torch.get_num_threads()

    assert in_parallel([job] * 4, side=256) == [(threading.current_thread(), threads)] * 4


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_a_small_image_has_one_thread_however_many_there_are(threads: int, jobs: int) -> None:
    assert in_parallel([torch.get_num_threads] * jobs, side=255) == [1] * jobs
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("side", "same_thread"), [(128, False), (256, True)])
def test_what_an_image_does_in_parallel_stays_in_its_thread(threads: int, side: int, same_thread: bool) -> None:
    def job() -> set[threading.Thread]:
        return {threading.current_thread(), *in_parallel([threading.current_thread] * 2)}

    found = in_parallel([job] * 2, side)
    assert all(len(those) == 1 for those in found)
    assert (found == [{threading.current_thread()}] * 2) == (same_thread or threads == 1)


def test_what_is_not_done_in_jobs_has_the_threads_of_an_image_as_well(threads: int) -> None:
    with threads_of_an_image(255):
        assert torch.get_num_threads() == 1
    with threads_of_an_image(256):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("threads")
def test_error_of_a_job_reaches_the_caller() -> None:
    def missing() -> bytes:
        return Path("nowhere").read_bytes()

    with pytest.raises(FileNotFoundError, match="nowhere"):
        in_parallel([lambda: b"", missing, lambda: b""])


def test_no_job_is_running_any_more_when_an_error_is_raised() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    begun, ended = threading.Event(), threading.Event()

    def fail() -> None:
        begun.wait(timeout=10)
        raise MemoryError

    def take_long() -> None:
        begun.set()
        time.sleep(0.3)
        ended.set()

    try:
        with pytest.raises(MemoryError):
            in_parallel([fail, take_long])
    finally:
        torch.set_num_threads(before)
    assert ended.is_set()
