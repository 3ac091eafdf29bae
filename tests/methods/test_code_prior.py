import literal
import numpy as np
import pytest
import torch

import rsi
from rsi.benchmark.methods import select_methods
from rsi.benchmark.tasks import select_tasks
from rsi.degradations import parse_degradation
from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.generators.latent_statistics import random_codes
from rsi.methods.code_prior import CodePrior
from rsi.methods.measurements import targets_of


@pytest.fixture(scope="module")
def prior() -> CodePrior:
    return CodePrior(load_generator("avatars128"), weight=3.0)


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    with torch.no_grad():
        return next(random_codes(load_generator("avatars128"), 10_000))


def test_it_is_the_mahalanobis_distance(prior: CodePrior, samples: torch.Tensor) -> None:
    codes = 2 * samples[:6]
    covariance = np.cov(samples.double().numpy().T)
    inverse = np.linalg.inv(covariance + 1e-4 * np.linalg.norm(covariance, 2) * np.eye(128))
    apart = (codes - samples.mean(0)).double().numpy()
    wanted = 3 * np.einsum("bi,ij,bj->b", apart, inverse, apart) / 128
    np.testing.assert_allclose(prior(codes).numpy(), wanted, rtol=1e-3)
    assert prior(codes.view(2, 3, 128)).tolist() == pytest.approx(wanted.reshape(2, 3).mean(1), rel=1e-3)


def test_codes_of_the_mapping_are_within_the_weight_and_their_mean_at_0(
    prior: CodePrior, samples: torch.Tensor
) -> None:
    assert 0.3 < prior(samples).mean().item() < 3.0
    assert prior(samples.mean(0, keepdim=True)).item() == pytest.approx(0, abs=1e-6)


def test_codes_of_the_mapping_are_nearer_than_others_as_far_from_the_mean(
    prior: CodePrior, samples: torch.Tensor
) -> None:
    away = torch.randn(100, 128, generator=torch.Generator().manual_seed(0))
    lengths = (samples[:100] - samples.mean(0)).norm(dim=1, keepdim=True)
    others = samples.mean(0) + lengths * away / away.norm(dim=1, keepdim=True)
    assert prior(others).median() > 2 * prior(samples[:100]).median()


def test_gradient_is_that_of_finite_differences(prior: CodePrior, samples: torch.Tensor) -> None:
    codes = samples[:2, None].double().requires_grad_()
    assert torch.autograd.gradcheck(prior.double(), codes)
    prior.float()


@pytest.mark.parametrize(
    ("settings", "weight"),
    [({}, 2e-4), ({"loss": "program"}, 0), ({"prior_weight": 0.0}, 0), ({"loss": "paper", "prior_weight": 0.5}, 0.5)],
)
def test_its_weight_is_the_recommended_one_of_the_default_loss_unless_given(
    settings: dict[str, object], weight: float
) -> None:
    module = rsi.Restoration(**settings)  # type: ignore[arg-type]
    module.configure_model()
    assert module.hyperparameters["prior_weight"] == weight
    assert ("prior_weight" in module.settings) == (weight > 0)


@pytest.mark.parametrize("recipe", ["paper", "no_prior"])
def test_the_paper_has_none_and_an_ablation(recipe: str) -> None:
    module = select_methods(recipe)[0].build(select_tasks("UNAP")[0], generator="avatars128", perceptual="embedded")
    module.configure_model()
    assert module.hyperparameters["prior_weight"] == 0


@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_weights_that_make_no_sense_are_refused(weight: float) -> None:
    with pytest.raises(InputError, match=f"prior_weight is {weight}"):
        rsi.Restoration(prior_weight=weight)


def test_it_keeps_codes_of_a_target_that_says_little_near_those_of_the_mapping(samples: torch.Tensor) -> None:
    target = targets_of(torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1)))
    found = []
    for weight in (0.0, None):
        schedule = [rsi.Phase("W", 20, 0.4), rsi.Phase("W++", 20, 0.05)]
        module = rsi.Restoration(
            degradation=parse_degradation("upsample:factor=32"), schedule=schedule, prior_weight=weight
        )
        module.configure_model()
        module.restore(target)
        found.append(literal.mahalanobis(module.codes.detach()[0], samples).item())
    assert found[1] < 0.8 * found[0]
