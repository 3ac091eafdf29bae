import pytest
import torch
from torch import nn

from rsi.callbacks.tensorboard_scalars import StepMeasures


def test_gradient_norm_is_per_image_over_all_variables() -> None:
    codes, noise = nn.Parameter(torch.zeros(2, 3, 4)), nn.Parameter(torch.zeros(2, 5))
    codes.grad, noise.grad = torch.full((2, 3, 4), 1.0), torch.zeros(2, 5)
    noise.grad[1] = 2.0
    measures = StepMeasures().measure({"codes": codes, "noise": noise})
    assert measures["gradient_norm"].tolist() == pytest.approx([12**0.5, (12 + 20) ** 0.5])
    assert measures.keys() == {"gradient_norm"}


def test_distance_is_that_of_one_code_however_many_there_are() -> None:
    codes = nn.Parameter(torch.randn(2, 3, 4))
    measures = StepMeasures()
    measures.start_phase({"codes": codes})
    with torch.no_grad():
        codes[0] += torch.tensor([0.0, 0.3, 0.4, 0.0])
    assert measures.measure({"codes": codes})["distance"].tolist() == pytest.approx([0.5, 0.0], abs=1e-6)
    measures.forget()
    assert measures.measure({"codes": codes}) == {}
