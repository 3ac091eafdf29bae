"""Colours that are fitted to targets."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rsi.data.target import Target
from rsi.degradations import Degradation, parse_degradation
from rsi.degradations.tone_fit import fit_line
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

Photographs = Callable[[int], Tensor]
CAST = "cast:red=.9/0/0/.05,blue=0/0/.6/0"


def targets(images: Tensor, known: Tensor | None = None) -> list[Target]:
    side = images.shape[-1]
    whole = torch.ones(len(images), 1, side, side) if known is None else known
    return [
        Target(f"{index}.png", image * seen, seen, seed=index, frame=(0, 0, side, side))
        for index, (image, seen) in enumerate(zip(images, whole, strict=True))
    ]


def random(images: Tensor) -> ImageRandom:
    return ImageRandom(range(len(images)))


def fitted(x: Tensor, truly: str, told: str, known: Tensor | None = None) -> Degradation:
    """The operator that is told, bound to what truly happened to ``x``, and fitted to ``x`` once more."""
    operator = parse_degradation(told).bind(targets(parse_degradation(truly).degrade(x, random(x)), known), Size.of(x))
    operator.degrade(x, random(x))
    return operator


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("", "+upsample:factor=2"),
        ("", "+noise:M"),
        ("", "+noise:M+inpaint"),
        ("", "+noise:M+jpeg:quality=18"),
        ("blur:M+", "+gaussian:sigma=.1"),
    ],
)
def test_contrast_and_black_are_found_through_what_comes_after(
    photographs: Photographs, before: str, after: str
) -> None:
    x, known = photographs(128), torch.ones(4, 1, 128, 128)
    known[..., 30:60, :] = 0
    truly = f"{before}fade:contrast=.5,black=.3{after.replace('+inpaint', '')}"
    operator = fitted(x, truly, f"{before}fade{after}", known if "inpaint" in after else None)
    for index in range(4):
        found = operator.read_parameters(index)
        assert found["contrast"] == pytest.approx(0.5, abs=0.03)
        assert found["black"] == pytest.approx(0.3, abs=0.03)


def test_the_gains_of_a_cast_are_found(photographs: Photographs) -> None:
    found = fitted(photographs(64), CAST, "cast").read_parameters(0)
    for name, row in (("red", (0.9, 0, 0, 0.05)), ("green", (0, 1, 0, 0)), ("blue", (0, 0, 0.6, 0))):
        assert [float(number) for number in str(found[name]).split("/")] == pytest.approx(row, abs=0.02)


@pytest.mark.parametrize("strength", [1, 0.999])
def test_a_toned_picture_gets_its_own_colours_again(photographs: Photographs, strength: float) -> None:
    x = photographs(64)
    truly = parse_degradation(f"sepia:strength={strength}").degrade(x, random(x))
    toned = parse_degradation("sepia").bind(targets(truly), Size.square(64)).degrade(x, random(x))
    assert (toned - truly).abs().mean() < 0.02
    in_grey = parse_degradation("gray").degrade(x, random(x))
    assert (in_grey - truly).abs().mean() > 0.04


def test_colours_of_the_picture_do_not_change_its_toning(photographs: Photographs) -> None:
    x = photographs(64)
    gray = parse_degradation("gray")(x, random(x))
    operator = fitted(x, "sepia:XL", "sepia")
    torch.testing.assert_close(operator(gray, random(x)), operator(x, random(x)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("told", ["fade", "cast", "sepia"])
def test_an_image_is_fitted_as_if_it_were_alone(photographs: Photographs, told: str) -> None:
    x = photographs(64)
    drawn = x.flip(0)
    together = parse_degradation(told).bind(targets(x), Size.square(64))(drawn, random(x))
    for index in range(4):
        own = parse_degradation(told).bind(targets(x)[index : index + 1], Size.square(64))
        assert torch.equal(own(drawn[index : index + 1], ImageRandom([index]))[0], together[index])


def test_a_picture_of_something_else_is_neither_inverted_nor_flattened(photographs: Photographs) -> None:
    x = photographs(64).flatten(2)
    lines = fit_line(x, 1 - x, torch.ones(4, 1, 64 * 64))
    torch.testing.assert_close(lines[..., 0], torch.full((4, 3), 0.5), atol=0.01, rtol=0)


def test_the_gradient_is_that_of_the_least_squared_distance() -> None:
    """Where every cell is a pixel, gain and offset may count as constants: the envelope theorem."""
    generator = torch.Generator().manual_seed(0)
    y = torch.rand(1, 3, 8, 8, generator=generator)
    x = (0.8 * y + 0.1 + 0.05 * torch.randn(1, 3, 8, 8, generator=generator)).double().requires_grad_()
    operator = parse_degradation("fade").bind(targets(y), Size.square(8))
    distance = lambda x: (operator(x, ImageRandom([0])) - y).square().sum()  # noqa: E731
    assert torch.autograd.gradcheck(distance, x, fast_mode=True, atol=1e-3)


def test_unknown_pixels_do_not_count(photographs: Photographs) -> None:
    x, known = photographs(64), torch.ones(4, 1, 64, 64)
    known[..., 20:, :] = 0
    operator = fitted(x, "fade:M", "fade", known)
    assert operator.read_parameters(3)["contrast"] == pytest.approx(0.6, abs=0.01)
    nothing = parse_degradation("fade").bind(targets(x, torch.zeros_like(known)), Size.square(64))
    assert nothing(x, random(x)).isfinite().all()


@pytest.mark.parametrize("name", ["fade", "cast", "sepia"])
def test_without_targets_there_is_nothing_to_fit_to(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} has nothing to be fitted to: give its numbers, or bind it"):
        parse_degradation(name)(torch.rand(1, 3, 8, 8), ImageRandom([0]))


def test_what_is_given_is_read() -> None:
    given = {"fade:M": {"contrast": 0.6, "black": 0.2}, "sepia:M": {"strength": 0.6}}
    for spec, parameters in given.items():
        assert parse_degradation(spec).read_parameters(0) == parameters
    assert parse_degradation(CAST).read_parameters(0) == {"red": "0.9/0/0/0.05", "blue": "0/0/0.6/0"}
    assert repr(parse_degradation(CAST)) == "Cast(red=0.9/0/0/0.05, blue=0/0/0.6/0)"


def test_the_filter_is_that_of_w3c() -> None:
    x = torch.tensor([0.2, 0.5, 0.4]).view(1, 3, 1, 1)
    expected = torch.tensor([0.5387, 0.4800, 0.3738]).view(1, 3, 1, 1)
    torch.testing.assert_close(parse_degradation("sepia:XL")(x, ImageRandom([0])), expected, atol=1e-4, rtol=0)
    half = parse_degradation("sepia:strength=.5")(x, ImageRandom([0]))
    torch.testing.assert_close(half, (x + expected) / 2, atol=1e-4, rtol=0)
