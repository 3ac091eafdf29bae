from collections.abc import Callable
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture, load_generator
from rsi.methods.restoration import expand

MakeGenerator = Callable[..., Generator]
SMALL = StyleGAN2Architecture(
    z_dim=3, c_dim=0, w_dim=4, img_resolution=8, mapping_layers=1, channel_base=32, channel_max=6
)


@pytest.fixture(scope="module")
def avatars() -> Generator:
    return load_generator("avatars128")


def random_codes(generator: Generator, space: str, batch: int) -> Tensor:
    counts = {"W": (), "W+": (generator.num_ws,), "W++": (sum(generator.filters),)}
    return torch.randn(batch, *counts[space], generator.w_dim, generator=torch.Generator().manual_seed(batch))


class Reference:
    """StyleGAN2 in numpy, by the letter: one filter at a time, weights modulated, zeros inserted."""

    def __init__(self, generator: Generator) -> None:
        self.state = {name: tensor.double().numpy() for name, tensor in generator.state_dict().items()}
        assert isinstance(generator.architecture, StyleGAN2Architecture)
        self.architecture = generator.architecture

    def render(self, slots: list[np.ndarray]) -> np.ndarray:
        image = np.zeros((3, 4, 4))
        x = self.state["synthesis.b4.const"]
        for index, side in enumerate(self.architecture.resolutions):
            prefix = f"synthesis.b{side}."
            if side > 4:
                x = self.layer(x, slots[2 * index - 1], f"{prefix}conv0.", up=True)
                image = self.filter(self.insert_zeros(image), before=2, after=1)
            x = self.layer(x, slots[2 * index], f"{prefix}conv1.", up=False)
            image = image + self.to_rgb(x, slots[2 * index + 1], f"{prefix}torgb.")
        return (image + 1) / 2

    def layer(self, x: np.ndarray, codes: np.ndarray, prefix: str, up: bool) -> np.ndarray:
        theta = self.state[f"{prefix}weight"]
        maps = []
        for index in range(len(theta)):
            weight = theta[index] * self.style(codes[index], prefix)[:, None, None]
            weight = weight / np.sqrt((weight**2).sum() + 1e-8)
            maps.append(
                self.convolve_up(x, weight) if up else self.correlate(np.pad(x, ((0, 0), (1, 1), (1, 1))), weight)
            )
        y = self.filter(np.stack(maps), before=1, after=1) if up else np.stack(maps)
        y = y + self.state[f"{prefix}noise_const"] * self.state[f"{prefix}noise_strength"]
        y = y + self.state[f"{prefix}bias"][:, None, None]
        return self.clamp(np.where(y > 0, y, 0.2 * y) * np.sqrt(2))

    def to_rgb(self, x: np.ndarray, codes: np.ndarray, prefix: str) -> np.ndarray:
        theta = self.state[f"{prefix}weight"][:, :, 0, 0]
        styles = np.stack([self.style(code, prefix) for code in codes[:3]]) / np.sqrt(theta.shape[1])
        y = np.einsum("oi,ihw->ohw", theta * styles, x) + self.state[f"{prefix}bias"][:, None, None]
        return self.clamp(y)

    def style(self, code: np.ndarray, prefix: str) -> np.ndarray:
        weight, bias = self.state[f"{prefix}affine.weight"], self.state[f"{prefix}affine.bias"]
        return np.asarray(weight @ code / np.sqrt(len(code)) + bias)

    def clamp(self, y: np.ndarray) -> np.ndarray:
        bound = self.architecture.conv_clamp
        return y if bound is None else np.clip(y, -bound, bound)

    def convolve_up(self, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        zeros = self.insert_zeros(x)[:, :-1, :-1]
        return self.correlate(np.pad(zeros, ((0, 0), (2, 2), (2, 2))), weight[:, ::-1, ::-1])

    @staticmethod
    def insert_zeros(x: np.ndarray) -> np.ndarray:
        y = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2]))
        y[:, ::2, ::2] = x
        return y

    @staticmethod
    def correlate(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[1:], axis=(1, 2))
        return np.asarray(np.einsum("ihwkl,ikl->hw", windows, weight))

    @classmethod
    def filter(cls, x: np.ndarray, before: int, after: int) -> np.ndarray:
        taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64 * 4
        padded = np.pad(x, ((0, 0), (before, after), (before, after)))
        return np.stack([cls.correlate(channel[None], taps[None]) for channel in padded])


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
@pytest.mark.parametrize(("channel_max", "conv_clamp"), [(7, None), (7, 1.5), (2, None)])
def test_images_agree_with_a_literal_implementation(
    make_generator: MakeGenerator, space: str, channel_max: int, conv_clamp: float | None
) -> None:
    sizes = StyleGAN2Architecture(3, 0, 4, 16, 1, channel_base=64, channel_max=channel_max, conv_clamp=conv_clamp)
    generator = make_generator(sizes)
    codes = random_codes(generator, space, 2)
    per_filter = expand(codes, "W++", generator.filters).double()
    slots = [slot.numpy() for slot in torch.split(per_filter[1], [*generator.filters])]
    expected = torch.from_numpy(Reference(generator).render(slots)).float()
    torch.testing.assert_close(generator.synthesis(codes)[1], expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("space", ["W+", "W++"])
def test_equal_codes_give_equal_images_in_every_space(avatars: Generator, space: str) -> None:
    codes = avatars.mapping(torch.randn(2, 64, generator=torch.Generator().manual_seed(0)))
    repeated = expand(codes, "W++" if space == "W++" else "W+", avatars.filters)
    torch.testing.assert_close(avatars.synthesis(repeated), avatars.synthesis(codes), atol=1e-5, rtol=0)


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
@pytest.mark.parametrize("conv_clamp", [None, 1.0])
def test_gradients_agree_with_finite_differences(
    make_generator: MakeGenerator, space: str, conv_clamp: float | None
) -> None:
    generator = make_generator(replace(SMALL, conv_clamp=conv_clamp)).double()
    codes = random_codes(generator, space, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(generator.synthesis, codes, fast_mode=True)


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
def test_an_image_does_not_depend_on_its_batch(avatars: Generator, space: str) -> None:
    codes = avatars.w_avg + 0.3 * random_codes(avatars, space, 3)
    alone = torch.cat([avatars.synthesis(code.unsqueeze(0)) for code in codes])
    assert torch.equal(avatars.synthesis(codes), alone)


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
def test_every_code_of_every_image_has_an_influence(make_generator: MakeGenerator, space: str) -> None:
    generator = make_generator()
    codes = random_codes(generator, space, 2).requires_grad_()
    (gradient,) = torch.autograd.grad(generator.synthesis(codes).square().sum(), codes)
    assert (gradient.norm(dim=-1) > 0).all()


@pytest.mark.parametrize(
    "architecture",
    [
        StyleGAN2Architecture(16, 0, 24, 8, 8, channel_base=128, channel_max=512),
        StyleGAN2Architecture(5, 0, 3, 64, 1, channel_base=100, channel_max=9),
        StyleGAN2Architecture(7, 4, 6, 32, 2, channel_base=32, channel_max=16),
    ],
)
def test_other_sizes(make_generator: MakeGenerator, architecture: StyleGAN2Architecture) -> None:
    generator = make_generator(architecture)
    for space in ("W", "W+", "W++"):
        images = generator.synthesis(random_codes(generator, space, 2))
        assert images.shape == (2, 3, architecture.img_resolution, architecture.img_resolution)
        assert images.isfinite().all()


def test_codes_of_another_shape(avatars: Generator) -> None:
    for shape in [(1, 64), (1, 13, 128), (128,), (1, 12, 1, 128), (1, 12, 64)]:
        with pytest.raises(InputError, match=r"give \[B, 128\] \(W\), \[B, 12, 128\] \(W\+\) or \[B, 867, 128\]"):
            avatars.synthesis(torch.zeros(shape))


def test_tensor_names_are_those_of_the_shipped_file(avatars: Generator) -> None:
    path = resources.files("rsi.generators") / "assets" / "avatars128.safetensors"
    shipped = load_file(str(path))
    assert avatars.state_dict().keys() == shipped.keys()
    assert [name for name, tensor in avatars.state_dict().items() if not torch.equal(tensor, shipped[name])] == []


def test_the_embedded_generator_draws_what_z_describes(avatars: Generator) -> None:
    z = torch.randn(24, 64, generator=torch.Generator().manual_seed(3))
    unit = z / z.square().mean(1, keepdim=True).sqrt()
    hue, saturation, value = torch.special.ndtr(unit[:, 42:45]).unbind(1)
    expected = hsv_to_rgb(hue, 0.1 + 0.4 * saturation, 0.55 + 0.42 * value)
    background = avatars(z)[:, :, 110:118, 1:5].mean((2, 3))
    assert (background - expected).abs().mean() < 0.02


def hsv_to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Each channel is the value less a share that rises and falls linearly with the distance of the hues."""
    distance = (torch.tensor([5.0, 3.0, 1.0]) + 6 * hue[:, None]) % 6
    share = torch.minimum(distance, 4 - distance).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * share)


def test_loading_weights_refreshes_what_follows_from_them(make_generator: MakeGenerator) -> None:
    source, target = make_generator(seed=1), make_generator(seed=2, noise=0.0)
    target.load_state_dict(source.state_dict())
    codes = random_codes(source, "W", 2)
    assert torch.equal(target.synthesis(codes), source.synthesis(codes))


@pytest.mark.parametrize("space", ["W", "W++"])
def test_bfloat16_autocast(avatars: Generator, space: str) -> None:
    codes = expand(
        avatars.mapping(torch.randn(2, 64, generator=torch.Generator().manual_seed(5))),
        "W++" if space == "W++" else "W",
        avatars.filters,
    )

    def run() -> tuple[Tensor, Tensor]:
        leaf = codes.clone().requires_grad_()
        images = avatars.synthesis(leaf)
        return images.detach(), torch.autograd.grad(images.square().sum(), leaf)[0]

    images, gradient = run()
    with torch.autocast("cpu", torch.bfloat16):
        rough_images, rough_gradient = run()
    assert rough_images.dtype == rough_gradient.dtype == torch.float32
    assert (rough_images - images).abs().mean() < 0.005
    assert torch.cosine_similarity(rough_gradient.flatten(), gradient.flatten(), dim=0) > 0.99


def test_the_weights_are_frozen(avatars: Generator) -> None:
    assert not any(parameter.requires_grad for parameter in avatars.parameters())
    assert not avatars.training


def test_attributes(avatars: Generator) -> None:
    assert (avatars.w_dim, avatars.num_ws, avatars.resolution) == (128, 12, (128, 128))
    assert sum(avatars.filters) == 867
    assert torch.equal(avatars.w_avg, avatars.state_dict()["mapping.w_avg"])
