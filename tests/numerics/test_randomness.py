import torch

from rsi.numerics.randomness import ImageRandom, image_seed


def test_an_image_draws_the_same_alone_and_anywhere_in_a_batch() -> None:
    alone = ImageRandom([7], 3).normal((2, 4))[0]
    assert torch.equal(ImageRandom([7, 8, 9], 3).normal((2, 4))[0], alone)
    assert torch.equal(ImageRandom([9, 8, 7], 3).normal((2, 4))[2], alone)


def test_steps_purposes_and_images_draw_differently() -> None:
    draws = [ImageRandom([seed], step).uniform((8,)) for seed in (1, 2) for step in (0, 1, "fill 0")]
    assert len({tuple(draw.flatten().tolist()) for draw in draws}) == len(draws)


def test_seed_depends_on_name_and_run() -> None:
    assert image_seed("a.png", 0) == image_seed("a.png", 0)
    assert len({image_seed("a.png", 0), image_seed("b.png", 0), image_seed("a.png", 1)}) == 3
    assert 0 <= image_seed("a.png", 0) < 2**63


def test_poisson_has_the_rate_as_mean_and_variance() -> None:
    draws = ImageRandom([0]).poisson(torch.full((1, 100_000), 6.0))
    assert abs(float(draws.mean()) - 6) < 0.05
    assert abs(float(draws.var()) - 6) < 0.15


def test_devices_that_cannot_draw_get_the_numbers_of_the_cpu() -> None:
    elsewhere = ImageRandom([0, 1], 2, "meta")
    drawn = [elsewhere.normal((3,)), elsewhere.uniform((3,)), elsewhere.poisson(torch.ones(2, 3))]
    assert {(numbers.device.type, numbers.shape) for numbers in drawn} == {("meta", (2, 3))}
    on_cpu = ImageRandom([0, 1], 2)
    for draw in (on_cpu.normal, on_cpu.uniform):
        draw((3,))
    on_cpu.poisson(torch.ones(2, 3))
    assert elsewhere.choice(1000) == on_cpu.choice(1000)


def test_choice_is_uniform() -> None:
    choices = ImageRandom(range(3000)).choice(3)
    assert all(abs(choices.count(option) - 1000) < 100 for option in range(3))
