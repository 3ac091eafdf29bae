import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.data.target import Target
from rsi.degradations import STROKES, Inpainting, draw_strokes
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size


def half_known(side: int) -> Tensor:
    known = torch.ones(1, side, side)
    known[..., : side // 2] = 0
    return known


def target(known: Tensor, frame: tuple[int, int, int, int] = (0, 0, 8, 8)) -> Target:
    return Target("hole.png", torch.zeros(3, 8, 8), known, seed=0, frame=frame)


def test_unknown_pixels_are_black_and_others_untouched() -> None:
    known, x = torch.stack([half_known(8), half_known(8).flip(-1)]), torch.rand(2, 3, 8, 8)
    y = Inpainting(known)(x, ImageRandom([0, 1]))
    assert torch.equal(y, x * known)


def test_masks_come_from_the_targets_in_order() -> None:
    masks = [half_known(8), half_known(8).mT]
    bound = Inpainting().bind([target(mask) for mask in masks], resolution=Size.square(8))
    assert torch.equal(bound(torch.ones(2, 3, 8, 8), ImageRandom([0, 1]))[:, :1], torch.stack(masks))


def test_a_mask_is_enlarged_to_an_image_before_upsampling() -> None:
    bound = Inpainting().bind([target(half_known(8))], resolution=Size.square(32))
    assert torch.equal(bound(torch.ones(1, 3, 32, 32), ImageRandom([0]))[0, :1], half_known(32))


def test_a_given_mask_is_kept() -> None:
    known = half_known(8)[None]
    bound = Inpainting(known).bind([target(half_known(8).mT)], resolution=Size.square(8))
    assert bound.known is not None
    assert torch.equal(bound.known, known)


def test_a_target_without_a_hole_is_named() -> None:
    message = "'hole.png' has no hole to inpaint: .*alpha channel.*--mask_dir or --mask_color"
    with pytest.raises(InputError, match=message):
        Inpainting().bind([target(half_known(8)), target(torch.ones(1, 8, 8))], resolution=Size.square(8))


def test_padding_is_no_hole() -> None:
    with pytest.raises(InputError, match="has no hole"):
        Inpainting().bind([target(half_known(8), frame=(4, 0, 4, 8))], resolution=Size.square(8))


def test_a_missing_mask_is_an_error() -> None:
    with pytest.raises(InputError, match="inpaint has no mask yet"):
        Inpainting()(torch.rand(1, 3, 8, 8), ImageRandom([0]))


@pytest.mark.parametrize("strokes", STROKES.values())
def test_strokes_are_binary_and_hide_a_part(strokes: int) -> None:
    known = draw_strokes(ImageRandom(range(4)), Size.square(64), strokes)
    assert known.shape == (4, 1, 64, 64)
    assert torch.equal(known, known.bool().float())
    assert 0 < known.mean() < 1


def test_a_stroke_crosses_the_middle_third() -> None:
    holes = 1 - draw_strokes(ImageRandom(range(50)), Size.square(96), 1)[:, 0]
    columns, rows = holes.any(dim=1), holes.any(dim=2)
    across, down = columns[:, 32:64].all(dim=1), rows[:, 32:64].all(dim=1)
    assert (across | down).all()
    assert (across & ~down).any()
    assert (down & ~across).any()


def test_a_stroke_is_8_percent_wide() -> None:
    holes = 1 - draw_strokes(ImageRandom(range(20)), Size.square(200), 1)
    assert all(disc_fits(hole, 7) and not disc_fits(hole, 9.5) for hole in holes)


def disc_fits(hole: Tensor, radius: float) -> bool:
    offsets = torch.arange(-10.0, 11)
    disc = (offsets[:, None].square() + offsets.square() <= radius**2).float()
    return bool((F.conv2d(hole[None], disc[None, None], padding=10) == disc.sum()).any())


def test_no_strokes_hide_nothing() -> None:
    assert draw_strokes(ImageRandom([0]), Size.square(16), 0).all()


def test_strokes_depend_on_the_image_alone() -> None:
    together = draw_strokes(ImageRandom([3, 4]), Size.square(64), 5)
    assert torch.equal(draw_strokes(ImageRandom([4]), Size.square(64), 5)[0], together[1])
    assert not torch.equal(together[0], together[1])
