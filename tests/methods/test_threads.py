from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from rsi import Phase, Restoration
from rsi.methods.base import RestorationMethod
from rsi.methods.lbrgm import LBRGM
from rsi.methods.measurements import targets_of
from rsi.methods.pulse import Pulse


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


METHODS: dict[str, Callable[[], RestorationMethod[Any]]] = {
    "rsi": lambda: Restoration(degradation="upsample", schedule=[Phase("W", 2, 0.1), Phase("W++", 2, 0.02)]),
    "pulse": lambda: Pulse(degradation="upsample", steps=3),
    "lbrgm": lambda: LBRGM(degradation="upsample", draws=2, steps=3),
}


@pytest.mark.parametrize("name", METHODS)
def test_bits_depend_neither_on_the_number_of_threads_nor_on_the_batch(name: str) -> None:
    """Some processors round otherwise with another number of threads, an Intel Xeon with AVX512 for one."""
    module = METHODS[name]()
    module.configure_model()
    targets = targets_of(torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(module.restore(targets))
        assert torch.equal(module.restore(targets[1:2])[0], found[-1][1])
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
