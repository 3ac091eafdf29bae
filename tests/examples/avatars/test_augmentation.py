import torch

from examples.avatars.augmentation import augment

IMAGES = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_every_image_is_changed_and_keeps_its_shape() -> None:
    spoiled = augment(IMAGES, torch.Generator().manual_seed(1))
    assert spoiled.shape == IMAGES.shape
    assert ((spoiled - IMAGES).abs().mean((1, 2, 3)) > 0.01).all()


def test_same_random_numbers_spoil_in_the_same_way() -> None:
    first, again = (augment(IMAGES, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)


def test_colours_that_fill_an_image_survive_apart_from_noise_and_mask() -> None:
    plain = torch.full((64, 3, 32, 32), 0.25)
    centre = augment(plain, torch.Generator().manual_seed(2)).flatten(1).median(1).values
    assert (centre - 0.25).abs().median() < 0.02


def test_a_share_of_the_images_is_spoiled_and_the_others_are_left_as_they_are() -> None:
    spoiled = augment(IMAGES, torch.Generator().manual_seed(1), 0.5)
    changed = (spoiled != IMAGES).flatten(1).any(1)
    assert 3 <= int(changed.sum()) <= 13
    assert torch.equal(augment(IMAGES, torch.Generator().manual_seed(1), 0.0), IMAGES)
