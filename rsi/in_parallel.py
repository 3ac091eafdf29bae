"""Images that are computed at the same time, each on threads of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

import torch

Result = TypeVar("Result")

TURNS_FROM = 512  # pixels a side of images whose maps keep several cores busy on their own


def in_parallel(jobs: Sequence[Callable[[], Result]], side: int = 0) -> list[Result]:
    """The results of jobs that do not depend on each other, on CPUs as many at once as torch has threads.

    The maps of one small image cannot keep several cores busy; those of several can. Grad mode and autocast are the
    caller's in every job.

    Args:
        jobs: Functions without arguments. Torch's threads are shared out among those that run at once. After an error
            of one, those that have not begun are left out and those that have are waited for.
        side: Of the images in pixels. From 512 on the jobs take turns on all threads: faster, in less memory.
    """
    threads = torch.get_num_threads()
    at_once = min(threads, len(jobs))
    if at_once < 2 or side >= TURNS_FROM:
        return [job() for job in jobs]
    gradients, autocast, dtype = (
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
    )

    def run(job: Callable[[], Result]) -> Result:
        with torch.set_grad_enabled(gradients), torch.autocast("cpu", dtype, enabled=autocast):
            return job()

    futures = [_pool(at_once, threads // at_once).submit(run, job) for job in jobs]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)


@cache
def _pool(workers: int, threads: int) -> ThreadPoolExecutor:
    """Workers with so many of torch's threads each; they are kept, as are the buffers that libraries keep for each."""
    return ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(threads,))
