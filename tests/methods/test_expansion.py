import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rsi.methods.restoration import expand
from rsi.methods.schedule import Space

FILTERS = (4, 4, 2, 3)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 3), st.integers(1, 5))
def test_every_way_to_a_larger_space_gives_the_same_codes(filters: list[int], batch: int, w_dim: int) -> None:
    codes = torch.arange(batch * w_dim, dtype=torch.float32).view(batch, w_dim)
    at_once = expand(codes, "W++", filters)
    assert torch.equal(at_once, expand(expand(codes, "W+", filters), "W++", filters))
    assert at_once.shape == (batch, sum(filters), w_dim)
    assert torch.equal(at_once, codes[:, None].expand_as(at_once))


@pytest.mark.parametrize(("space", "count"), [("W+", 4), ("W++", 13)])
def test_w_is_repeated(space: Space, count: int) -> None:
    codes = torch.randn(2, 5)
    expanded = expand(codes, space, FILTERS)
    assert torch.equal(expanded, codes.unsqueeze(1).expand(2, count, 5))


def test_w_plus_is_repeated_for_the_filters_of_each_slot() -> None:
    codes = torch.randn(2, 4, 5)
    expanded = expand(codes, "W++", FILTERS)
    slots = torch.split(expanded, list(FILTERS), dim=1)
    for slot, codes_of_slot in enumerate(slots):
        assert torch.equal(codes_of_slot, codes[:, slot : slot + 1].expand_as(codes_of_slot))


@pytest.mark.parametrize(("shape", "space"), [((2, 5), "W"), ((2, 4, 5), "W+"), ((2, 13, 5), "W++")])
def test_codes_of_the_space_wanted_stay(shape: tuple[int, ...], space: Space) -> None:
    codes = torch.randn(shape)
    assert torch.equal(expand(codes, space, FILTERS), codes)
