import pytest
import torch
from torch import Tensor

from rsi.degradations import AveragePooling, GaussianNoise, Inpainting, NearestNeighbour, parse_degradation
from rsi.errors import InputError
from rsi.methods.ddrm_operators import (
    BlockCentres,
    BlockMeans,
    LinearOperator,
    Pixels,
    linear_operator,
    split_linear,
    unstore,
)
from rsi.numerics.randomness import ImageRandom

SIDE = 6


def _known(side: int) -> Tensor:
    """All but a corner of 2 x 1."""
    known = torch.ones(1, 1, side, side, dtype=torch.float64)
    known[..., :2, :1] = 0
    return known


CASES = {
    "denoising": Pixels(torch.ones(1, 1, SIDE, SIDE, dtype=torch.float64)),
    "inpainting": Pixels(_known(SIDE)),
    "pooling by 2": BlockMeans(_known(3), 2),
    "pooling by 3": BlockMeans(torch.ones(1, 1, 2, 2, dtype=torch.float64), 3),
    "nearest by 2": BlockCentres(_known(3), 2),
    "nearest by 3": BlockCentres(torch.ones(1, 1, 2, 2, dtype=torch.float64), 3),
}
every_operator = pytest.mark.parametrize("operator", CASES.values(), ids=CASES)


def _matrix(operator: LinearOperator) -> Tensor:
    """``H``, a column per coordinate of the image."""
    units = torch.eye(3 * SIDE**2, dtype=torch.float64).view(-1, 3, SIDE, SIDE)
    return operator.observe(units).flatten(1).T


@every_operator
def test_singular_values_are_those_of_the_matrix(operator: LinearOperator) -> None:
    values = torch.linalg.svdvals(_matrix(operator))
    observed = 3 * int(operator.known.sum())
    torch.testing.assert_close(values[:observed], torch.full_like(values[:observed], operator.singular_value))
    assert torch.all(values[observed:] < 1e-12)


@every_operator
def test_lift_is_the_pseudo_inverse(operator: LinearOperator) -> None:
    matrix = _matrix(operator)
    units = torch.eye(len(matrix), dtype=torch.float64).view(-1, 3, *operator.known.shape[-2:])
    lift = operator.lift(units).flatten(1).T
    torch.testing.assert_close(lift, torch.linalg.pinv(matrix))


@every_operator
def test_project_keeps_what_is_observed_and_nothing_else(operator: LinearOperator) -> None:
    _, values, directions = torch.linalg.svd(_matrix(operator), full_matrices=False)
    observed = directions[values > 1e-9]
    x = torch.randn(2, 3, SIDE, SIDE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = x.flatten(1) @ observed.T @ observed
    torch.testing.assert_close(operator.project(x).flatten(1), expected)


@pytest.mark.parametrize("degradation", [AveragePooling(4), NearestNeighbour(4), NearestNeighbour(2)])
def test_operator_is_the_file_exact_degradation(degradation: AveragePooling | NearestNeighbour) -> None:
    x = torch.randint(256, (2, 3, 16, 16), generator=torch.Generator().manual_seed(0)) / 255
    side = 16 // (degradation.factor or 1)
    operator = linear_operator(degradation, torch.ones(2, 1, side, side))
    torch.testing.assert_close(operator.observe(x), degradation.degrade(x, ImageRandom([0, 1])), atol=0.6 / 255, rtol=0)


def test_mask_of_the_operator_and_of_the_targets_are_both_obeyed() -> None:
    mask, known = torch.ones(1, 1, 4, 4), torch.ones(2, 1, 4, 4)
    mask[..., :2] = 0
    known[1, :, 0] = 0
    operator = linear_operator(Inpainting(mask), known)
    assert torch.equal(operator.observe(torch.ones(2, 3, 4, 4)), (mask * known).expand(2, 3, 4, 4))


@pytest.mark.parametrize("spec", ["average_pooling", "nearest:factor=2", "inpaint"])
def test_linear_map_may_be_followed_by_noise(spec: str) -> None:
    linear, noise = split_linear(parse_degradation(f"{spec}+gaussian:sigma=0.1,headroom=3"))
    assert type(linear) is type(parse_degradation(spec))
    assert (noise.sigma, noise.headroom) == (0.1, 3)


def test_noise_alone_observes_everything() -> None:
    linear, noise = split_linear(GaussianNoise(0.5))
    assert linear is None
    assert noise.sigma == 0.5


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("jpeg", "JPEG"),
        ("upsample:factor=8", "Downsampling"),
        ("noise:M", "Denoising"),
        ("average_pooling+inpaint", r"AveragePooling\+Inpainting"),
        ("gaussian:sigma=0.1+average_pooling", r"GaussianNoise\+AveragePooling"),
    ],
)
def test_what_is_not_linear_is_named_with_what_is_supported(spec: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"which {name} is not: use average_pooling, nearest, inpaint, gaussian"):
        split_linear(parse_degradation(spec))


def test_unstore_undoes_the_headroom_of_a_file() -> None:
    noise = GaussianNoise(sigma=0.05, headroom=6)
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    noisy = x + 0.05 * ImageRandom([7]).normal((3, 32, 32))
    stored = noise.degrade(x, ImageRandom([7]))
    torch.testing.assert_close(unstore(stored, noise), noisy, atol=(1 + 2 * 0.3) * 0.51 / 255, rtol=0)
