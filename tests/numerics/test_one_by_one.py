import pytest
import torch
from torch import Tensor

from rsi.data.target import JpegHeader
from rsi.degradations.jpeg_codec import JpegCodec
from rsi.degradations.jpeg_tables import standard_tables
from rsi.generators import load_generator
from rsi.methods.restoration import expand
from rsi.numerics.per_image import one_by_one, parts
from rsi.perceptual import EmbeddedDistance


def numbers(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
def test_images_and_gradients_of_a_batch_are_those_of_each_alone_to_the_last_bit(space: str) -> None:
    generator = load_generator("avatars128")
    codes = expand(generator.mapping(numbers(3, 64)), space, generator.filters).requires_grad_()  # type: ignore[arg-type]
    images = generator.synthesis(codes)
    (gradient,) = torch.autograd.grad(images.square().sum(), codes)
    for index, code in enumerate(codes.detach()):
        alone = code[None].requires_grad_()
        image = generator.synthesis(alone)
        assert torch.equal(image[0], images[index])
        assert torch.equal(torch.autograd.grad(image.square().sum(), alone)[0][0], gradient[index])


def test_distances_of_a_batch_are_those_of_each_pair_alone_to_the_last_bit() -> None:
    distance, x, y = EmbeddedDistance(), numbers(3, 3, 64, 64), 1 - numbers(3, 3, 64, 64)
    assert torch.equal(distance(x, y), torch.cat([distance(x[i : i + 1], y[i : i + 1]) for i in range(3)]))


def test_jpegs_of_a_batch_are_those_of_each_alone_to_the_last_bit() -> None:
    headers = [JpegHeader(standard_tables(quality), (2, 2)) for quality in (6, 12, 18)]
    x = numbers(3, 3, 40, 40)
    alone = [JpegCodec([header])(x[index : index + 1]) for index, header in enumerate(headers)]
    assert torch.equal(JpegCodec(headers)(x), torch.cat(alone))


def test_function_of_several_batches_with_several_results() -> None:
    x, y = numbers(2, 3), numbers(2, 4)
    total, kept = one_by_one(lambda a, b: [a.sum(1) + b.sum(1), a], x, y)
    torch.testing.assert_close(total, x.sum(1) + y.sum(1))
    assert torch.equal(kept, x)


def test_other_devices_compute_a_batch_at_once() -> None:
    sizes: list[int] = []
    one_by_one(lambda x: sizes.append(len(x)) or x, torch.empty(5, 2, device="meta"))  # type: ignore[func-returns-value]
    assert sizes == [5]
    assert parts(5, torch.device("meta")) == [slice(0, 5)]
    assert parts(2, torch.device("cpu")) == [slice(0, 1), slice(1, 2)]
