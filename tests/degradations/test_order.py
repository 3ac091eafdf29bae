"""Which degradations can follow which."""

import pytest

from rsi.degradations import Composition, parse_degradation
from rsi.errors import InputError


@pytest.mark.parametrize(
    "spec",
    [
        "blur:M+upsample+noise:M+jpeg+inpaint",
        "blur:sigma=1+blur:length=9",
        "gray+blur:M+resized:factor=2.67+jpeg",
        "gray:film=blue+sepia+noise:M+jpeg",
        "gray+cast",
        "fade:M+sepia",
        "sepia:M+fade",
        "fade+blur:M+upsample+noise:M",
        "fade+gaussian:sigma=.1",
        "noise:M+blur:M",
        "inpaint+blur:M",
        "jpeg:quality=30+blur:M+jpeg",
        "resized:M+jpeg:quality=30+resized:L",
        "resized:M+upsample:factor=2",
    ],
)
def test_what_cameras_files_and_programs_do(spec: str) -> None:
    composed = parse_degradation(spec)
    assert isinstance(composed, Composition)
    assert len(composed.stages) == spec.count("+") + 1


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("upsample+blur:M", "blur after upsample: its pixels are those of the generator's images, so put it before"),
        ("blur:sigma=3+blur:sigma=4", "blur after blur: two Gaussians are one, write blur:sigma=5"),
        ("resized:M+resized:L", "resized after resized: the larger factor alone decides what is left"),
        ("gray+gray", "gray after gray: the picture has no colours of its own any more"),
        ("sepia+gray", "gray after sepia: the picture has no colours of its own any more"),
        ("sepia+blur:M+sepia", "sepia after sepia: the last toning alone is seen, write it once"),
        ("fade:M+fade:L", "fade after fade: two of them are one, write that one"),
        ("cast+cast", "cast after cast: two of them are one, write that one"),
        ("fade+gray", "gray after fade: without numbers, fade is fitted to the colours that the file has at last"),
        ("cast+blur:M+fade", "fade after cast: without numbers, cast is fitted to the colours"),
        ("fade+gaussian:sigma=.1,headroom=3", "gaussian:headroom=3 after fade: without numbers, fade is fitted to"),
        ("jpeg+blur:M", "blur after jpeg: a file's header tells how it was saved last, so give the quality"),
        ("jpeg+gray", "gray after jpeg: a file's header tells"),
        ("jpeg+fade", "fade after jpeg: a file's header tells"),
        ("jpeg+resized:M", "resized after jpeg: a file's header tells"),
        ("jpeg+upsample", "upsample after jpeg: a file's header tells"),
    ],
)
def test_what_nothing_does_is_refused_with_the_reason(spec: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_degradation(spec)
    assert str(caught.value).startswith(reason)
