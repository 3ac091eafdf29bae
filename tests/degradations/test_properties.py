"""What holds for every operator and for compositions of them."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rsi.data.target import JpegHeader, Target
from rsi.degradations import (
    JPEG,
    AveragePooling,
    Blur,
    Cast,
    Composition,
    Degradation,
    Denoising,
    Downsampling,
    Fade,
    GaussianNoise,
    Gray,
    Inpainting,
    NearestNeighbour,
    Resized,
    Sepia,
    standard_tables,
)
from rsi.degradations.spec import OPERATORS
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

SIDE, BATCH = 32, 4
SEEDS = [11, 22, 33, 44]


def hole(side: int = SIDE) -> Tensor:
    known = torch.ones(1, 1, side, side)
    known[..., side // 4 : side // 2, side // 8 :] = 0
    return known


def jpeg(
    sampling: tuple[int, int] = (2, 2), *, grayscale: bool = False, orientation: int = 1, quality: int = 30
) -> Degradation:
    header = JpegHeader(standard_tables(quality), sampling, grayscale, orientation)
    whole = torch.ones(1, SIDE, SIDE)
    frame = (0, 0, SIDE, SIDE)
    target = Target("a.jpg", torch.zeros(3, SIDE, SIDE), whole, seed=0, frame=frame, jpeg=header)
    return JPEG().bind([target], Size.square(SIDE))


MAKERS: dict[str, Callable[[], Degradation]] = {
    "upsample:2": lambda: Downsampling(2),
    "upsample:1": lambda: Downsampling(1),
    "upsample:32": lambda: Downsampling(32),
    "noise:XS": lambda: Denoising(96, 0.04),
    "noise:XL": lambda: Denoising(6, 0.64),
    "noise without offset": lambda: Denoising(24, 0.16, offset=0),
    "jpeg:6": lambda: JPEG(6),
    "jpeg:95": lambda: JPEG(95),
    "jpeg 4:2:2 on its side": lambda: jpeg((2, 1), orientation=6),
    "jpeg 4:4:0 mirrored": lambda: jpeg((1, 2), orientation=5),
    "jpeg 4:1:1": lambda: jpeg((4, 1)),
    "jpeg 4:4:4": lambda: jpeg((1, 1)),
    "grey jpeg": lambda: jpeg((1, 1), grayscale=True),
    "inpaint": lambda: Inpainting(hole()),
    "average pooling": lambda: AveragePooling(4),
    "nearest": lambda: NearestNeighbour(2),
    "gaussian noise": lambda: GaussianNoise(0.2),
    "gaussian noise with headroom": lambda: GaussianNoise(0.2, headroom=3),
    "blur": lambda: Blur(sigma=2),
    "blur wider than the image": lambda: Blur(sigma=12),
    "blur out of focus": lambda: Blur(radius=3.3),
    "blur of motion": lambda: Blur(length=9, angle=30),
    "resized": lambda: Resized(2.67),
    "resized a lot": lambda: Resized(8, "bilinear"),
    "gray": lambda: Gray(),
    "gray on old film": lambda: Gray("ortho"),
    "sepia": lambda: Sepia(0.6),
    "cast": lambda: Cast(red=(0.9, 0.1, 0, 0.05), blue=(0.05, 0.1, 0.6, 0)),
    "fade": lambda: Fade(0.6, 0.2),
    "gray+fade+blur+upsample+noise+jpeg": lambda: Composition(
        [Gray(), Fade(0.6, 0.2), Blur(radius=2), Downsampling(2), Denoising(24, 0.16), JPEG(12)]
    ),
    "blur+resized+noise+jpeg": lambda: Composition([Blur(sigma=1), Resized(2), Denoising(24, 0.16), JPEG(12)]),
    "upsample+noise": lambda: Downsampling(2) + Denoising(24, 0.16),
    "noise+jpeg": lambda: Denoising(24, 0.16) + JPEG(12),
    "upsample+jpeg+inpaint": lambda: Composition([Downsampling(2), JPEG(12), Inpainting(hole(SIDE // 2))]),
    "upsample+noise+jpeg+inpaint": lambda: Composition(
        [Downsampling(4), Denoising(24, 0.16), JPEG(12), Inpainting(hole())]
    ),
}
RANDOM = {name for name in MAKERS if "noise" in name}
RANDOMLY_TRUE = RANDOM | {name for name in MAKERS if ("upsample" in name or "resized" in name) and name != "upsample:1"}
SMOOTH = [name for name in MAKERS if not any(kind in name for kind in ("noise", "jpeg", "sepia", "cast"))]


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def operator(name: str) -> Degradation:
    return MAKERS[name]()


def images(seed: int = 0) -> Tensor:
    """Some pixels are 0, some 1 and some out of range, [BATCH, 3, SIDE, SIDE]."""
    x = torch.rand(BATCH, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 1.4 - 0.2
    x[:, :, :4], x[:, :, 4:8] = 0, 1
    return x


def random(step: int = 0) -> ImageRandom:
    return ImageRandom(SEEDS, step)


def draws(is_random: bool) -> range:
    """The steps to average over."""
    return range(30 if is_random else 1)


def gradient_of(operator: Degradation, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    y = operator(x, random())
    weights = torch.linspace(0.5, 1.5, y.numel(), dtype=x.dtype).view_as(y)
    (gradient,) = torch.autograd.grad((weights * y).sum(), x)
    return gradient


def test_every_named_operator_is_here() -> None:
    tested = {type(stage) for make in MAKERS.values() for stage in Composition([make()]).stages}
    assert [name for name, operator in OPERATORS.items() if operator not in tested] == []


def test_sides_are_divided_by_the_factor(operator: Degradation) -> None:
    assert operator.factor is not None
    shape = (BATCH, 3, SIDE // operator.factor, SIDE // operator.factor)
    assert operator(images(), random()).shape == shape
    assert operator.degrade(images(), random()).shape == shape


def test_the_true_operator_gives_eight_bits(operator: Degradation) -> None:
    levels = operator.degrade(images().requires_grad_(), random()) * 255
    assert not levels.requires_grad
    assert levels.min() >= 0
    assert levels.max() <= 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)


def test_outputs_and_gradients_are_finite_and_not_zero(operator: Degradation) -> None:
    assert operator(images(), random()).isfinite().all()
    gradient = gradient_of(operator, images())
    assert gradient.isfinite().all()
    assert (gradient.flatten(1).norm(dim=1) > 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_is_kept(operator: Degradation, dtype: torch.dtype) -> None:
    x = images().to(dtype)
    assert operator(x, random()).dtype == dtype
    assert operator.degrade(x, random()).dtype == dtype
    assert gradient_of(operator, x).dtype == dtype


def test_the_input_is_left_alone(operator: Degradation) -> None:
    x = images()
    operator(x, random())
    operator.degrade(x, random())
    assert torch.equal(x, images())


def test_an_image_does_not_depend_on_its_batch(operator: Degradation) -> None:
    backwards = ImageRandom(SEEDS[::-1])
    reversed_images = images().flip(0)
    for run in (operator, operator.degrade):
        together = run(images(), random())
        torch.testing.assert_close(run(reversed_images, backwards).flip(0), together, atol=1e-6, rtol=0)
        backwards = ImageRandom(SEEDS[::-1])
        for index, seed in enumerate(SEEDS):
            alone = run(images()[index : index + 1], ImageRandom([seed]))
            torch.testing.assert_close(alone[0], together[index], atol=1e-6, rtol=0)


def test_gradients_do_not_mix_images(operator: Degradation) -> None:
    x = images().requires_grad_()
    (gradient,) = torch.autograd.grad(operator(x, random())[1].sum(), x)
    assert gradient[[0, 2, 3]].count_nonzero() == 0


def test_numbers_are_those_of_seed_and_step(operator: Degradation, name: str) -> None:
    first = operator(images(), random(step=1))
    assert torch.equal(first, operator(images(), random(step=1)))
    assert torch.equal(first, operator(images(), random(step=2))) == (name not in RANDOM)
    truly = operator.degrade(images(), random(step=1))
    assert torch.equal(truly, operator.degrade(images(), random(step=1)))
    others = [operator.degrade(images(), random(step)) for step in range(2, 7)]
    assert all(torch.equal(truly, other) for other in others) == (name not in RANDOMLY_TRUE)


@pytest.mark.parametrize("smooth", SMOOTH)
def test_gradients_are_those_of_finite_differences(smooth: str) -> None:
    operator = MAKERS[smooth]()
    x = torch.rand(1, 3, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: operator(x, ImageRandom(SEEDS[:1])), x, fast_mode=True)


def test_operators_that_degrade_differently_print_differently() -> None:
    printed = [
        repr(MAKERS[name]()) for name in ("upsample:2", "upsample:32", "noise:XS", "noise:XL", "jpeg:6", "jpeg:95")
    ]
    assert len(set(printed)) == len(printed)


def test_the_approximation_is_near_the_true_operator(photographs: Callable[[int], Tensor], name: str) -> None:
    operator, x = MAKERS[name](), photographs(SIDE)
    true = torch.stack([operator.degrade(x, random(step)) for step in draws(name in RANDOMLY_TRUE)]).mean(dim=0)
    near = torch.stack([operator(x, random(step)) for step in draws(name in RANDOM)]).mean(dim=0)
    assert (near - true).abs().mean() < 0.06


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    name=st.sampled_from([name for name in MAKERS if MAKERS[name]().factor == 1 and "upsample" not in name]),
)
def test_images_need_not_be_square(size: tuple[int, int], name: str) -> None:
    x = torch.rand(1, 3, *size)
    operator = MAKERS[name]()
    assert operator(x, ImageRandom([0])).shape == x.shape
    assert operator.degrade(x, ImageRandom([0])).shape == x.shape
