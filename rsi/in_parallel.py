"""Images that are computed at the same time, each on threads of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")


def in_parallel(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results of jobs that do not depend on each other, on CPUs as many at once as torch has threads.

    The maps of one image are too small to keep several cores busy; those of several images are not. Grad mode and
    autocast are the caller's in every job.

    Args:
        jobs: Functions without arguments. Torch's threads are shared out among those that run at once.
    """
    threads = torch.get_num_threads()
    at_once = min(threads, len(jobs))
    if at_once < 2:
        return [job() for job in jobs]
    gradients, autocast, dtype = (
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
    )

    def run(job: Callable[[], Result]) -> Result:
        with torch.set_grad_enabled(gradients), torch.autocast("cpu", dtype, enabled=autocast):
            return job()

    with ThreadPoolExecutor(at_once, initializer=torch.set_num_threads, initargs=(threads // at_once,)) as pool:
        return list(pool.map(run, jobs))
