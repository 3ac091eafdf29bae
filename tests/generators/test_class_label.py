from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator, select_class, w_rms
from rsi.generators.info import GeneratorInfo

SIZES = StyleGAN2Architecture(6, 3, 5, 16, 2, channel_base=64, channel_max=8)
MakeGenerator = Callable[..., Generator]


@pytest.mark.parametrize("label", [0, 2])
def test_it_draws_what_the_class_draws(make_generator: MakeGenerator, label: int) -> None:
    generator = make_generator(SIZES)
    single = select_class(generator, label)
    z = torch.randn(4, 6)
    images = generator(z, torch.eye(3)[label].expand(4, -1))
    assert torch.allclose(single(z), images, rtol=1e-4, atol=1e-5 * float(images.abs().max()))
    assert single.architecture.c_dim == 0
    assert generator.architecture.c_dim == 3


def test_its_mean_code_is_that_of_the_class(make_generator: MakeGenerator) -> None:
    generator = make_generator(SIZES)
    single = select_class(generator, 1)
    random = torch.Generator().manual_seed(7)
    codes = generator.mapping(torch.randn(20_000, 6, generator=random), torch.eye(3)[1].expand(20_000, -1))
    spread = (codes - codes.mean(0)).square().sum(1).mean().sqrt()
    assert (single.w_avg - codes.mean(0)).norm() < 0.05 * spread
    assert w_rms(single) == pytest.approx(float(spread), rel=0.05)
    assert not torch.allclose(single.w_avg, select_class(generator, 2).w_avg, atol=0.1)


def test_it_can_be_saved(make_generator: MakeGenerator, tmp_path: Path) -> None:
    single = select_class(make_generator(SIZES), 1)
    save_generator(single, tmp_path / "one.safetensors")
    assert torch.equal(load_generator(tmp_path / "one.safetensors").w_avg, single.w_avg)


def test_generators_without_classes_stay_as_they_are(make_generator: MakeGenerator) -> None:
    generator = make_generator()
    assert select_class(generator, None) is generator


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "the generator zebra has 3 classes, and its mean code mixes them: choose one with --class_label 0 to 2"),
        (3, "the generator zebra has 3 classes: give --class_label 0 to 2, not 3"),
        (-1, "0 to 2, not -1"),
    ],
)
def test_classes_that_do_not_exist(make_generator: MakeGenerator, label: int | None, message: str) -> None:
    generator = make_generator(SIZES)
    generator.info = GeneratorInfo(name="zebra")
    with pytest.raises(InputError, match=message):
        select_class(generator, label)


def test_a_class_for_a_generator_without_any(make_generator: MakeGenerator) -> None:
    with pytest.raises(InputError, match=r"the generator untrained has no classes: leave out --class_label 0"):
        select_class(make_generator(), 0)
