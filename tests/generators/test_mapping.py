from collections.abc import Callable

import numpy as np
import pytest
import torch

from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture

MakeGenerator = Callable[..., Generator]
CONDITIONAL = StyleGAN2Architecture(6, 4, 5, 8, 3, channel_base=32, channel_max=8)


def numpy_mapping(generator: Generator, z: np.ndarray, c: np.ndarray) -> np.ndarray:
    state = {name: tensor.double().numpy() for name, tensor in generator.mapping.state_dict().items()}
    x = z / np.sqrt((z**2).mean() + 1e-8)
    if generator.architecture.c_dim:
        label = state["embed.weight"] @ c / np.sqrt(len(c)) + state["embed.bias"]
        x = np.concatenate([x, label / np.sqrt((label**2).mean() + 1e-8)])
    for index in range(generator.architecture.mapping_layers):
        x = 0.01 * (state[f"fc{index}.weight"] @ x / np.sqrt(len(x)) + state[f"fc{index}.bias"])
        x = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
    return np.asarray(x)


@pytest.mark.parametrize("c_dim", [0, 4])
def test_codes_agree_with_a_literal_implementation(make_generator: MakeGenerator, c_dim: int) -> None:
    generator = make_generator(StyleGAN2Architecture(6, c_dim, 5, 8, 3, channel_base=32, channel_max=8))
    z, c = torch.randn(2, 6, generator=torch.Generator().manual_seed(0)), torch.eye(4)[:2]
    expected = [numpy_mapping(generator, z[k].double().numpy(), c[k].double().numpy()) for k in range(2)]
    torch.testing.assert_close(generator.mapping(z, c), torch.tensor(np.stack(expected)).float())


def test_labels_change_the_image(make_generator: MakeGenerator) -> None:
    generator = make_generator(CONDITIONAL)
    images = generator(torch.ones(2, 6), torch.eye(4)[:2])
    assert not torch.allclose(images[0], images[1])


def test_missing_labels(make_generator: MakeGenerator) -> None:
    with pytest.raises(InputError, match=r"conditional: give class labels \[B, 4\]"):
        make_generator(CONDITIONAL).mapping(torch.zeros(1, 6))


def test_wrong_shapes(make_generator: MakeGenerator) -> None:
    mapping = make_generator(CONDITIONAL).mapping
    with pytest.raises(InputError, match=r"z has the shape \[1, 7\]: give \[B, 6\]"):
        mapping(torch.zeros(1, 7), torch.eye(4)[:1])
    with pytest.raises(InputError, match=r"c has the shape \[1, 3\]: give \[B, 4\]"):
        mapping(torch.zeros(1, 6), torch.zeros(1, 3))
