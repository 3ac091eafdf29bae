import pytest

from rsi.degradations import (
    JPEG,
    LEVEL_SETTINGS,
    LEVELS,
    AveragePooling,
    Blur,
    Cast,
    Composition,
    Degradation,
    Denoising,
    Downsampling,
    Fade,
    GaussianNoise,
    Gray,
    Inpainting,
    NearestNeighbour,
    Resized,
    Sepia,
)
from rsi.degradations.spec import OPERATORS, parse_degradation, parse_harmless
from rsi.errors import InputError


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("jpeg", JPEG()),
        ("JPEG", JPEG()),
        ("jpeg:quality=12", JPEG(12)),
        ("jpeg:M", JPEG(12)),
        ("jpeg:xl", JPEG(6)),
        ("noise:M", Denoising(24, 0.16)),
        ("noise:k_p=24,k_b=0.16", Denoising(24, 0.16)),
        ("noise:k_p=24,k_b=0.16,offset=0", Denoising(24, 0.16, 0)),
        ("noise:M,offset=0", Denoising(24, 0.16, 0)),
        (" noise:K_P = 2.5e1, k_b=.5 ", Denoising(25, 0.5)),
        ("upsample", Downsampling()),
        ("upsample:factor=8", Downsampling(8)),
        ("upsample:L", Downsampling(16)),
        ("inpaint", Inpainting()),
        ("average_pooling:factor=8", AveragePooling(8)),
        ("nearest", NearestNeighbour()),
        ("gaussian:sigma=0.5", GaussianNoise(0.5)),
        ("gaussian:sigma=0.5,headroom=3", GaussianNoise(0.5, 3)),
        ("blur:M", Blur(sigma=2)),
        ("blur:sigma=2", Blur(sigma=2)),
        ("Blur: Radius = 3", Blur(radius=3)),
        ("blur:length=9,angle=30", Blur(length=9, angle=30)),
        ("blur:length=9", Blur(length=9, angle=0)),
        ("resized:factor=2.67", Resized(2.67)),
        ("gray", Gray()),
        ("gray:film=Ortho", Gray("ortho")),
        ("sepia", Sepia()),
        ("sepia:M", Sepia(0.6)),
        ("cast", Cast()),
        ("cast:red=.9/.1/0/.05,blue=0/0/.6/0", Cast(red=(0.9, 0.1, 0, 0.05), blue=(0, 0, 0.6, 0))),
        ("fade", Fade()),
        ("fade:contrast=.6,black=.2", Fade(0.6, 0.2)),
        ("fade:M", Fade(0.6, 0.2)),
        ("resized:L,filter=Lanczos", Resized(16, "lanczos")),
    ],
)
def test_single_degradations(spec: str, expected: Degradation) -> None:
    parsed = parse_degradation(spec)
    assert type(parsed) is type(expected)
    assert repr(parsed) == repr(expected)


def test_compositions() -> None:
    composed = parse_degradation("upsample+noise:M+jpeg + inpaint")
    assert isinstance(composed, Composition)
    assert [type(stage) for stage in composed.stages] == [Downsampling, Denoising, JPEG, Inpainting]
    assert composed.factor is None


@pytest.mark.parametrize("name", LEVEL_SETTINGS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_understood(name: str, level: str) -> None:
    assert isinstance(parse_degradation(f"{name}:{level}"), OPERATORS[name])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "smear",
            'unknown degradation "smear": one of upsample, noise, jpeg, inpaint, average_pooling, nearest, '
            "gaussian, blur, resized, gray, sepia, cast, fade, joined with +, or a class path such as my_module.MyBlur",
        ),
        ("jpeg+", 'unknown degradation "": one of'),
        ("", 'unknown degradation "": one of'),
        (
            "noise",
            "noise needs k_p and k_b: give a level (XS, S, M, L, XL), as in noise:M, or settings, as in "
            "noise:k_p=24,k_b=0.16",
        ),
        ("noise:k_p=24", "noise needs k_b: give a level"),
        ("jpeg:XXL", 'jpeg has no level "XXL": give a level (XS, S, M, L, XL), as in jpeg:M'),
        (
            "jpeg:12",
            'jpeg has no level "12": give a level (XS, S, M, L, XL), as in jpeg:M, or settings',
        ),
        ("jpeg:factor=2", 'jpeg has no setting "factor": give a level'),
        ("jpeg:quality=good", 'jpeg:quality="good" is not a whole number: give a level'),
        ("jpeg:quality=12.5", 'jpeg:quality="12.5" is not a whole number'),
        ("noise:k_p=a,k_b=1", 'noise:k_p="a" is not a number'),
        ("jpeg:quality=0", "jpeg:quality=0: give a whole number from 1 to 100"),
        ("inpaint:M", 'inpaint has no level "M": write inpaint alone'),
        ("inpaint:known=1", 'inpaint has no setting "known": write inpaint alone'),
        ("gaussian", "gaussian needs sigma: it takes sigma and headroom"),
        ("nearest:M", 'nearest has no level "M": it takes factor'),
        ("noise:M+Smear", 'unknown degradation "Smear"'),
        ("blur", "blur takes one of sigma, radius, length (with angle) and kernel, not none: as in blur:sigma=2"),
        ("blur:M,radius=3", "blur takes one of sigma, radius, length (with angle) and kernel, not sigma and radius"),
        ("blur:sigma=0", "blur:sigma=0.0: give a number of pixels above 0, at most 100"),
        ("blur:radius=nan", "blur:radius=nan: give a number of pixels"),
        ("blur:sigma=2,angle=30", "blur:angle=30.0: give a finite number of degrees, with length=9 or so"),
        ("blur:sigma=wide", 'blur:sigma="wide" is not a number: give a level (XS, S, M, L, XL), as in blur:M'),
        ("gray:film=red", 'gray:film="red" is not one of pan, ortho, blue: it takes film'),
        ("gray:M", 'gray has no level "M": it takes film'),
        ("sepia:strength=0", "sepia:strength=0.0: give a number above 0, at most 1"),
        ("fade:contrast=.6", "fade takes contrast and black, or neither to fit both: as in fade:contrast=.6,black=.2"),
        ("fade:contrast=2,black=0", "fade:contrast=2.0: give a number above 0, at most 1"),
        ("fade:contrast=.6,black=.5", "fade:black=0.5: give a number from 0 to 1 - contrast, 0.4"),
        (
            "cast:red=1/2",
            "cast:red=1/2: give the shares of red, green and blue and an offset, as in cast:red=",
        ),
        ("cast:red=a", 'cast:red="a" is not a row of numbers with / between them: it takes red and green and blue'),
        ("resized:factor=1", "resized:factor=1.0: give a number above 1, such as 2.67"),
        ("resized:M,filter=box", 'resized:filter="box" is not one of bilinear, bicubic, lanczos'),
    ],
)
def test_errors_say_what_is_possible(spec: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_degradation(spec)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["os.system", "blur:kernel=/etc/passwd", "blur:Kernel=k.npy", "jpeg; rm", "unknown", "", "my_module.MyBlur"]
)
def test_text_names_no_program_and_no_file(text: str) -> None:
    with pytest.raises(InputError, match="is not known here: write upsample, noise, jpeg"):
        parse_harmless(text)


def test_text_of_what_is_known_is_taken() -> None:
    parse_harmless("upsample + noise:M+resized:factor=2.5,filter=bicubic+cast:red=.9/.1/0/.05+jpeg:quality=12")
    with pytest.raises(InputError, match="give a whole number from 1 to 100"):
        parse_harmless("jpeg:quality=1000")
