import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from rsi.numerics.per_image import in_parallel


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

    assert in_parallel([job] * 4, side=512) == [(threading.current_thread(), threads)] * 4


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
