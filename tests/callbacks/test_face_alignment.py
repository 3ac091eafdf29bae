import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from photographs import photograph
from PIL import Image

from rsi.commands.main import main
from rsi.generators import load_generator, save_generator
from rsi.photos.alignment import why_not_aligned
from rsi.photos.face_crop import crop_around, cut
from rsi.photos.face_finder import FaceFinder, make_finder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return make_finder()


@pytest.fixture(scope="module")
def aligned(finder: FaceFinder) -> Image.Image:
    photo = photograph("astronaut")
    return cut(photo, crop_around(finder.find(photo)[0]), 256)


CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], str | None]] = {
    "as it is": (lambda face: face, None),
    "small": (lambda face: face.resize((64, 64)), None),
    "turned": (lambda face: face.rotate(40, Image.Resampling.BICUBIC), "turned by (39|40|41) degrees"),
    "far away": (lambda face: face.resize((128, 128)).crop((-64, -64, 192, 192)), "smaller than an aligned one"),
    "aside": (lambda face: face.crop((60, 0, 316, 256)), "not in the middle"),
    "no face": (lambda _: photograph("coffee").crop((0, 0, 256, 256)), "no face is found"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_aligned_is_told_from_what_is(finder: FaceFinder, aligned: Image.Image, change: str) -> None:
    apply, expected = CHANGES[change]
    reason = why_not_aligned(apply(aligned), finder)
    if expected is None:
        assert reason is None
    else:
        assert reason is not None
        assert re.search(expected, reason)


def test_fit_warns_of_targets_that_a_face_generator_cannot_draw(
    tiny_generator: Path, tmp_path: Path, aligned: Image.Image, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = load_generator(tiny_generator)
    generator.info = replace(generator.info, draws_aligned_faces=True)
    save_generator(generator, tmp_path / "faces.safetensors")
    targets = tmp_path / "targets"
    targets.mkdir()
    aligned.resize((32, 32), Image.Resampling.LANCZOS).rotate(40).save(targets / "tilted.png")
    fit = ["fit", "--config", str(SHORT), "--target_dir", str(targets), "--degradation", "noise:M", "--report", "false"]
    for name, told in (("faces.safetensors", True), (str(tiny_generator), False)):
        output = str(tmp_path / f"out-{told}")
        assert main([*fit, "--generator", str(tmp_path / name), "--output_dir", output]) == 0
        assert ("tilted.png does not look aligned" in capsys.readouterr().err) is told
