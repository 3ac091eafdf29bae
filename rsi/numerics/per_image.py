"""The images of a batch, each computed as if it were alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from rsi.numerics.precision import full_precision

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


Maps = TypeVar("Maps", Tensor, list[Tensor])


def one_by_one(function: Callable[..., Maps], *batches: Tensor) -> Maps:
    """``function(*batches)``, on CPUs computed for each image alone.

    Libraries choose other kernels for other batch sizes, and these round differently. On CPUs the maps of one image
    stay in the cache, and several images are computed at the same time; other devices need the whole batch to be busy.

    Args:
        function: Takes as many tensors as there are batches; returns ``[B, ...]`` or a list of such tensors.
        batches: Tensors ``[B, ...]`` of the same images.
    """
    if batches[0].device.type != "cpu" or len(batches[0]) == 1:
        return function(*batches)
    images = zip(*(torch.split(batch, 1) for batch in batches), strict=True)
    results = in_parallel([partial(function, *image) for image in images])
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
