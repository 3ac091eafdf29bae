import colorsys
import re

import pytest
import torch

from examples.avatars.attributes import NAMES, choices, colours, describe, draw_latents, to_options
from examples.avatars.settings import HELD_OUT

Z = draw_latents(500)


def test_latents_have_unit_mean_square_and_depend_on_their_number_alone() -> None:
    torch.testing.assert_close(Z.square().mean(1), torch.ones(500))
    assert torch.equal(draw_latents(3, first=7), Z[7:10])


def test_held_out_latents_are_others_than_those_trained_on() -> None:
    trained_on, held_out = ({tuple(z.tolist()) for z in draw_latents(300, first)} for first in (0, HELD_OUT))
    assert len(trained_on | held_out) == 600


def test_every_choice_is_made_and_none_with_beard_and_rear_hair() -> None:
    picked = choices(Z)
    for part, names in zip(picked.unbind(1), NAMES.values(), strict=True):
        assert set(part.tolist()) == set(range(len(names)))
    rear_hair, beard = picked[:, 1], picked[:, 2]
    assert not (beard[rear_hair > 0] > 0).any()


def test_a_choice_follows_the_largest_number_of_its_group() -> None:
    z = torch.zeros(1, 64)
    z[0, [0 + 2, 4 + 0, 9 + 4, 17 + 1, 22 + 3, 27 + 1, 32 + 4]] = 1
    (options,) = to_options(z)
    assert {part: options.get(part) for part in NAMES} == {
        "hair": ["spiky"],
        "rearHair": None,
        "beard": ["fullBeard"],
        "eyebrows": ["angry"],
        "eyes": ["humble"],
        "mouth": ["angry"],
        "clothes": ["tShirt"],
    }
    assert options["rearHairProbability"] == 0
    assert options["beardProbability"] == 100


def test_skin_and_hair_colours_start_and_end_where_their_lines_do() -> None:
    z = torch.zeros(2, 64)
    z[:, 37:45] = torch.tensor([[-9.0], [9.0]])
    first, last = to_options(z)
    assert (first["skinColor"], last["skinColor"]) == (["f6d3bb"], ["5c3829"])
    assert (first["hairColor"], last["hairColor"]) == (["1d1210"], ["c9c4bf"])


def test_background_is_made_of_hue_saturation_and_value() -> None:
    u = torch.special.ndtr(Z[:50, 42:45]).tolist()
    expected = [colorsys.hsv_to_rgb(h, 0.1 + 0.4 * s, 0.55 + 0.42 * v) for h, s, v in u]
    torch.testing.assert_close(colours(Z[:50])[:, 3], torch.tensor(expected))


def test_descriptions_hold_one_choice_a_part_and_colours_in_the_unit_range() -> None:
    described = describe(Z)
    assert described.shape == (500, 47)
    torch.testing.assert_close(described[:, :35].sum(1), torch.full((500,), 7.0))
    assert ((described >= 0) & (described <= 1)).all()


@pytest.mark.parametrize("part", ["skin", "hair", "clothes", "background"])
def test_colours_are_written_as_six_hexadecimal_digits(part: str) -> None:
    assert all(re.fullmatch("[0-9a-f]{6}", options[f"{part}Color"][0]) for options in to_options(Z))
