from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from literal_stylegan3 import Reference, bessel_j1, random_generator
from torch import Tensor

from rsi.errors import InputError
from rsi.generators import Generator
from rsi.generators.stylegan3.settings import StyleGAN3Settings
from rsi.generators.stylegan3.synthesis import StyleGAN3Synthesis
from rsi.methods.restoration import expand

T = StyleGAN3Settings(
    3, 0, 4, 16, channel_base=48, channel_max=5, num_layers=5, margin_size=3, first_cutoff=1.0, first_stopband=2**1.1
)
R = replace(T, conv_kernel=1, use_radial_filters=True, channel_base=96, channel_max=6)
CLAMPED = replace(T, conv_clamp=0.9)
WIDE_T, WIDE_R = (replace(schedule, margin_size=10, channel_max=3) for schedule in (T, R))  # filters miss the borders
KINDS = pytest.mark.parametrize(
    "schedule", [T, R, CLAMPED, WIDE_T, WIDE_R], ids=["T", "R", "clamped", "wide T", "wide R"]
)
SPACES = pytest.mark.parametrize("space", ["W", "W+", "W++"])


generator_of = cache(random_generator)


def random_codes(generator: Generator, space: str, batch: int) -> Tensor:
    counts = {"W": (), "W+": (generator.num_ws,), "W++": (sum(generator.filters),)}
    return torch.randn(batch, *counts[space], generator.w_dim, generator=torch.Generator().manual_seed(batch))


def slots_of(codes: Tensor, generator: Generator) -> list[np.ndarray]:
    return [
        slot.double().numpy()
        for slot in torch.split(expand(codes[None], "W++", generator.filters)[0], [*generator.filters])
    ]


@KINDS
@SPACES
def test_images_agree_with_a_literal_implementation(schedule: StyleGAN3Settings, space: str) -> None:
    generator = generator_of(schedule)
    codes = random_codes(generator, space, 2)
    motion = torch.tensor([[0.9, -0.3, 0.1], [0.2, 1.1, -0.2], [0, 0, 1]]).expand(2, 3, 3)
    expected = Reference(schedule, generator).render(slots_of(codes[1], generator), motion[1].double().numpy())
    drawn = generator.synthesis(codes, None, motion)[1]
    torch.testing.assert_close(drawn, torch.from_numpy(expected).float(), atol=1e-5, rtol=0)


@KINDS
@SPACES
def test_gradients_agree_with_finite_differences(schedule: StyleGAN3Settings, space: str) -> None:
    tiny = replace(schedule, img_resolution=8, num_layers=3, margin_size=1, channel_base=12, channel_max=4)
    generator = random_generator(tiny).double()
    codes = random_codes(generator, space, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(generator.synthesis, codes, fast_mode=True)


@KINDS
@SPACES
def test_images_computed_together_are_those_computed_alone(schedule: StyleGAN3Settings, space: str) -> None:
    """As on GPUs, whose batches are not split."""
    generator = generator_of(schedule)
    synthesis = generator.synthesis
    assert isinstance(synthesis, StyleGAN3Synthesis)
    alone, together = (random_codes(generator, space, 2).requires_grad_() for _ in range(2))
    images, batch = synthesis(alone), synthesis._render(together, torch.float32)
    torch.testing.assert_close(batch, images, atol=1e-5, rtol=0)
    weights = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    torch.autograd.backward([(images * weights).sum(), (batch * weights).sum()])
    torch.testing.assert_close(together.grad, alone.grad, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("schedule", [T, R], ids=["T", "R"])
def test_bf16_differs_by_its_rounding(schedule: StyleGAN3Settings) -> None:
    generator = generator_of(schedule)
    rounded, exact = (random_codes(generator, "W++", 1).requires_grad_() for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        images = generator.synthesis(rounded)
    expected = generator.synthesis(exact)
    assert images.dtype == torch.float32
    assert 0 < (images - expected).abs().mean() < 0.02 * expected.std()
    torch.autograd.backward([images.sum(), expected.sum()])
    assert rounded.grad is not None
    assert exact.grad is not None
    assert torch.cosine_similarity(rounded.grad.flatten(), exact.grad.flatten(), dim=0) > 0.99


def test_the_gradient_keeps_a_byte_for_every_activated_sample() -> None:
    """Beside the maps that the layers read, of which neighbours share one."""
    generator = generator_of(T)
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        image = generator.synthesis(random_codes(generator, "W", 1).requires_grad_())
    layers = T.architecture.layers
    read = sum(4 * layer.in_channels * layer.in_size**2 for layer in layers)
    weights = sum(parameter.numel() * 4 for parameter in generator.synthesis.parameters())
    assert sum(kept.values()) < 1.3 * read + weights
    signs = [noted.signs for node in layer_nodes(image) for noted in node.signs]
    assert {tensor.dtype for tensor in signs} == {torch.int8}
    assert sum(tensor.numel() for tensor in signs) == sum(
        layer.out_channels * layer.activated_size**2 for layer in layers[:-1]
    )


def layer_nodes(image: Tensor) -> list[Any]:
    """What autograd notes of the layers."""
    found, todo, seen = [], [image.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            found += [node] * hasattr(node, "signs")
            todo += [following for following, _ in node.next_functions]
    return found


@pytest.mark.parametrize("schedule", [T, R], ids=["T", "R"])
def test_filters_are_those_of_the_formulas(schedule: StyleGAN3Settings) -> None:
    literal, filters = Reference(schedule, generator_of(schedule)), schedule.filters()
    for index, layer in enumerate(schedule.architecture.layers[:-1]):
        before, after = literal.band(index - 1), literal.band(index)
        rate = 2 * max(before[2], after[2])
        up, down = (filters[f"synthesis.{layer.name}.{name}_filter"].double() for name in ("up", "down"))
        expected = literal.kaiser(layer.up_taps, before[0], before[1], rate)
        torch.testing.assert_close(up, torch.from_numpy(expected), atol=1e-7, rtol=0)
        square = literal.design(layer.down_taps, after[0], after[1], rate, layer.radial)
        made = down if layer.radial else torch.outer(down, down)
        torch.testing.assert_close(made, torch.from_numpy(square), atol=1e-7, rtol=0)
        assert down.sum() == pytest.approx(1, abs=1e-6)


def test_the_schedules_cover_what_layers_can_be() -> None:
    layers = [layer for schedule in (T, R, WIDE_T, WIDE_R) for layer in schedule.architecture.layers]
    assert {layer.up for layer in layers} == {1, 2, 4}
    assert {layer.unread > layer.kernel - 1 for layer in layers} == {True, False}
    assert any(0 < layer.unread <= layer.kernel - 1 for layer in layers)
    assert {layer.radial for layer in layers} == {True, False}


def test_sizes_of_the_released_networks() -> None:
    """The numbers of codes in W++ that NVIDIA's networks have."""
    twice = {"conv_kernel": 1, "use_radial_filters": True, "channel_max": 1024}
    released = {
        StyleGAN3Settings(512, 0, 512, 1024): 4438,
        StyleGAN3Settings(512, 0, 512, 512): 4977,
        StyleGAN3Settings(512, 0, 512, 256, channel_base=16384): 4734,
        StyleGAN3Settings(512, 0, 512, 1024, channel_base=65536, **twice): 8870,  # type: ignore[arg-type]
        StyleGAN3Settings(512, 0, 512, 512, channel_base=65536, **twice): 9950,  # type: ignore[arg-type]
        StyleGAN3Settings(512, 0, 512, 256, **twice): 9463,  # type: ignore[arg-type]
    }
    for schedule, filters in released.items():
        architecture = schedule.architecture
        assert (sum(architecture.filters), architecture.num_ws) == (filters, 16)


def test_bessels_function() -> None:
    points = torch.linspace(0, 20, 50, dtype=torch.float64)
    literal = torch.tensor([bessel_j1(float(x)) for x in points], dtype=torch.float64)
    torch.testing.assert_close(torch.special.bessel_j1(points), literal, atol=2e-7, rtol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": {0: torch.ones(1, 1, 4, 4)}}, "a StyleGAN3 generator has no noise maps: leave them out"),
        ({"motion": torch.eye(3)}, r"the motion has the shape \[3, 3\]: give \[B, 3, 3\]"),
        ({"ws": torch.ones(2, 3, 4)}, r"codes have the shape \[2, 3, 4\]: give \[B, 4\] \(W\)"),
    ],
)
def test_what_cannot_be_drawn(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        generator_of(T).synthesis(**{"ws": torch.ones(1, 4), **change})
