from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.errors import InputError
from rsi.generators import StyleGAN2Architecture

AVATARS = StyleGAN2Architecture(64, 0, 128, 128, 4, 2048, 128)
FFHQ = StyleGAN2Architecture(512, 0, 512, 1024, 8, 32768, 512)


def test_filters_of_the_embedded_generator() -> None:
    assert AVATARS.num_ws == len(AVATARS.filters) == 12
    assert AVATARS.filters == (128, 128, 128, 128, 128, 64, 64, 32, 32, 16, 16, 3)
    assert sum(AVATARS.filters) == 867


def test_filters_of_ffhq_are_those_that_the_paper_reads() -> None:
    assert FFHQ.num_ws == 18
    assert sum(FFHQ.filters) == 5571


def test_a_slot_has_at_least_the_three_filters_of_torgb() -> None:
    assert StyleGAN2Architecture(1, 0, 1, 8, 1, 8, 2).filters == (2, 3, 1, 3)


@given(
    st.builds(
        StyleGAN2Architecture,
        z_dim=st.integers(1, 600),
        c_dim=st.integers(0, 1000),
        w_dim=st.integers(1, 600),
        img_resolution=st.sampled_from([8, 64, 1024]),
        mapping_layers=st.integers(1, 8),
        channel_base=st.integers(1024, 65536),
        channel_max=st.integers(1, 512),
        conv_clamp=st.none() | st.floats(0.1, 1e4),
    )
)
def test_metadata_round_trip(architecture: StyleGAN2Architecture) -> None:
    assert StyleGAN2Architecture.from_metadata(architecture.to_metadata()) == architecture


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"img_resolution": 96}, "img_resolution 96 is not a power of two"),
        ({"img_resolution": 4}, "img_resolution 4 is not between 8 and 4096"),
        ({"img_resolution": 2**20}, "img_resolution 1048576 is not between"),
        ({"z_dim": 0}, "z_dim 0 is not between"),
        ({"c_dim": -1}, "c_dim -1 is not between"),
        ({"w_dim": 2**40}, "w_dim 1099511627776 is not between"),
        ({"mapping_layers": 10**6}, "mapping_layers 1000000 is not between 1 and 64"),
        ({"channel_base": 64}, "channel_base 64 is not between 128"),
        ({"channel_max": 0}, "channel_max 0 is not between"),
        ({"conv_clamp": 0.0}, "conv_clamp 0.0 is not a positive number"),
        ({"conv_clamp": float("nan")}, "conv_clamp nan is not a positive number"),
    ],
)
def test_impossible_sizes(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(AVATARS, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "stylegan3"}, "architecture is 'stylegan3'; only 'stylegan2-ada' is supported"),
        ({"img_channels": "1"}, "img_channels is '1'; only '3' is supported"),
        ({"z_dim": "many"}, "z_dim is 'many', not a number"),
        ({"z_dim": "64.5"}, "z_dim is '64.5', not a number"),
        ({"z_dim": "9" * 10_000}, "z_dim is '9+', not a number"),
        ({"conv_clamp": "tight"}, "conv_clamp is 'tight', not a number"),
    ],
)
def test_wrong_metadata(change: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        StyleGAN2Architecture.from_metadata({**AVATARS.to_metadata(), **change})


@pytest.mark.parametrize("key", ["architecture", "img_channels", "w_dim"])
def test_missing_metadata(key: str) -> None:
    metadata = AVATARS.to_metadata()
    del metadata[key]
    with pytest.raises(InputError, match=f"metadata {key} is (missing|None)"):
        StyleGAN2Architecture.from_metadata(metadata)
