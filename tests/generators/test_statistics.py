from collections.abc import Callable

import pytest
import torch

from rsi.generators import Generator, StyleGAN2Architecture, load_generator, w_rms


def test_the_embedded_generator_has_the_published_scale() -> None:
    generator = load_generator("avatars128")
    assert w_rms(generator) == pytest.approx(3.747, rel=0.02)


def test_it_is_the_same_every_time_and_chunks_do_not_matter() -> None:
    generator = load_generator("avatars128")
    assert w_rms(generator, 2500) == w_rms(generator, 2500)
    assert w_rms(generator, 2500) == pytest.approx(w_rms(generator), rel=0.05)


def test_it_is_a_distance_to_w_avg(make_generator: Callable[..., Generator]) -> None:
    generator = make_generator(StyleGAN2Architecture(6, 4, 5, 8, 1, channel_base=32, channel_max=8))
    generator.mapping.w_avg = generator.mapping.w_avg + 1000 * torch.eye(5)[0]
    assert w_rms(generator, 100) == pytest.approx(1000, rel=0.01)
