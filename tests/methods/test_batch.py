import pytest
import torch

from rsi.callbacks import Stage
from rsi.data.target import Target
from rsi.degradations import Degradation
from rsi.methods.batch import Batch, Observation


def batch(**variables: torch.Tensor) -> Batch[None]:
    blank = torch.zeros(2, 3, 4, 4)
    targets = [Target(name, blank[0], blank[0, :1], 0, (0, 0, 4, 4)) for name in "ab"]
    observation = Observation(targets, Degradation(), blank[:, :1], blank)
    return Batch(observation, None, variables, Stage("W", 3))


def test_gradient_norm_is_per_image_over_all_variables() -> None:
    going = batch(codes=torch.zeros(2, 3, 4), noise=torch.zeros(2, 5))
    going.variables["codes"].grad, noise = torch.full((2, 3, 4), 1.0), torch.zeros(2, 5)
    noise[1] = 2.0
    going.variables["noise"].grad = noise
    measures = going.measures()
    assert measures["gradient_norm"].tolist() == pytest.approx([12**0.5, (12 + 20) ** 0.5])
    assert measures.keys() == {"gradient_norm"}


def test_distance_is_that_of_one_code_however_many_there_are() -> None:
    going = batch(codes=torch.randn(2, 3, 4))
    going.begin_stage(Stage("W+", 3), in_the_middle=False)
    with torch.no_grad():
        going.variables["codes"][0] += torch.tensor([0.0, 0.3, 0.4, 0.0])
    assert going.measures()["distance"].tolist() == pytest.approx([0.5, 0.0], abs=1e-6)
    going.begin_stage(Stage("W+", 3), in_the_middle=True)
    assert going.measures() == {}
