"""The images of a batch, each computed as if it were alone."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from rsi.numerics.precision import full_precision

Result = TypeVar("Result")

TURNS_FROM = 256  # pixels a side of images whose maps keep several cores busy on their own
_has_turn: ContextVar[bool] = ContextVar("has a turn", default=False)  # and with it all threads, for its parts too


def in_parallel(jobs: Sequence[Callable[[], Result]], side: int = 0) -> list[Result]:
    """The results of jobs that do not depend on each other, on CPUs as many at once as torch has threads.

    Each job has one thread, also where it is the only one: libraries round otherwise with another number of threads,
    and the maps of a small image cannot keep several cores busy. Those of a large one can, and such jobs take turns on
    all threads: faster, in less memory. Grad mode and autocast are the caller's in every job.

    Args:
        jobs: Functions without arguments, one an image. What they do in parallel in turn runs as it comes. After an
            error of one, those that have not begun are left out and those that have are waited for.
        side: Of the images in pixels. From 256 on the jobs take turns.
    """
    threads = torch.get_num_threads()
    if _has_turn.get() or threads == 1 or not jobs:
        return [job() for job in jobs]
    if side >= TURNS_FROM:
        return _in_turn(jobs)
    gradients, autocast, dtype = (
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
    )

    def run(job: Callable[[], Result]) -> Result:
        with torch.set_grad_enabled(gradients), torch.autocast("cpu", dtype, enabled=autocast):
            return job()

    futures = [_single_threads(min(threads, len(jobs))).submit(run, job) for job in jobs]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)


def _in_turn(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    token = _has_turn.set(True)
    try:
        return [job() for job in jobs]
    finally:
        _has_turn.reset(token)


@cache
def _single_threads(workers: int) -> ThreadPoolExecutor:
    """Workers for which torch has one thread each; they are kept, as are the buffers that libraries keep for each."""
    return ThreadPoolExecutor(workers, initializer=_have_one_thread)


def _have_one_thread() -> None:
    torch.get_num_threads()  # the first call of a thread would later set the number that another thread has set last
    torch.set_num_threads(1)


@contextmanager
def threads_of_an_image(side: int) -> Iterator[None]:
    """In this block torch has as many threads as :func:`in_parallel` gives an image of so many pixels a side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(threads if side >= TURNS_FROM else 1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


Maps = TypeVar("Maps", Tensor, list[Tensor])


def one_by_one(function: Callable[..., Maps], *batches: Tensor, side: int = 0) -> Maps:
    """``function(*batches)``, on CPUs computed for each image alone.

    Libraries choose other kernels for other batch sizes, and these round differently. On CPUs the maps of one image
    stay in the cache, and several images are computed at the same time; other devices need the whole batch to be busy.

    Args:
        function: Takes as many tensors as there are batches; returns ``[B, ...]`` or a list of such tensors.
        batches: Tensors ``[B, ...]`` of the same images.
        side: Of the images in pixels, see :func:`in_parallel`.
    """
    if batches[0].device.type != "cpu":
        return function(*batches)
    images = zip(*(torch.split(batch, 1) for batch in batches), strict=True)
    results = in_parallel([partial(function, *image) for image in images], side)
    if len(results) == 1:
        return results[0]
    if isinstance(results[0], Tensor):
        return torch.cat(results)
    return [torch.cat(parts) for parts in zip(*results, strict=True)]


def parts(count: int, device: torch.device) -> list[slice]:
    """The images that are best computed together: one on CPUs, all of a batch elsewhere."""
    return [slice(index, index + 1) for index in range(count)] if device.type == "cpu" else [slice(0, count)]


Losses = Callable[[Tensor], dict[str, Tensor]]


def gradient_at_once(losses: Losses, x: Tensor) -> dict[str, Tensor]:
    """``losses(x)``; if a gradient can be asked for, that of ``total`` is computed right now and kept.

    Of a loss that is computed part by part, each part then frees its maps before the next one fills its own: less
    memory, and what the gradient needs is still in the cache.

    Args:
        losses: Takes ``x`` and returns terms, ``[B]`` each; that of an image depends on its own part of ``x`` alone.
        x: Codes or images, ``[B, ...]``.

    Returns:
        The terms; a gradient flows through ``total`` alone.
    """
    if not torch.is_grad_enabled():
        return losses(x)
    names: list[str] = []
    values: Tensor = _GradientAtOnce.apply(x, losses, names)
    return dict(zip(names, values, strict=True))


def part_by_part(
    losses: Callable[[int, Tensor], dict[str, Tensor]], x: Sequence[Tensor], side: int
) -> dict[str, Tensor]:
    """The losses of several parts of a batch, side by side on CPUs, each with its gradient at once.

    Args:
        losses: Takes the number of a part and its ``x`` and returns terms, ``[B]`` each.
        x: The codes of each part, ``[B, ...]``.
        side: Of the images in pixels; see :func:`in_parallel`.

    Returns:
        The terms of the whole batch; a gradient flows through ``total`` alone.
    """
    jobs = [partial(gradient_at_once, partial(losses, number), of_part) for number, of_part in enumerate(x)]
    of_parts = in_parallel(jobs, side)
    return {name: torch.cat([terms[name] for terms in of_parts]) for name in of_parts[0]}


class _GradientAtOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, losses: Losses, names: list[str]) -> Tensor:  # noqa: ANN401
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            terms = losses(leaf)
            with full_precision(leaf.device):
                (ctx.gradient,) = torch.autograd.grad(terms["total"].sum(), leaf)
        names.extend(terms)
        ctx.total = names.index("total")
        return torch.stack([value.detach() for value in terms.values()])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        of_total = gradient[ctx.total]
        return ctx.gradient * of_total.view(-1, *[1] * (ctx.gradient.ndim - 1)), None, None
