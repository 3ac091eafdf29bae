from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from rsi.degradations import Blur, parse_degradation
from rsi.degradations.own_sources import sources_of
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

RANDOM = ImageRandom([0])
X = torch.rand(1, 3, 20, 31, generator=torch.Generator().manual_seed(0))
UNEVEN = np.array([[1, 2, 3], [0, 5, 0], [0, 0, 9]], dtype=np.uint8)


def seen(kernel: Tensor) -> np.ndarray:
    return kernel.numpy().round(3)


@pytest.mark.parametrize("sigma", [0.3, 1, 2.5, 9])
def test_a_gaussian_is_that_of_scipy(sigma: float) -> None:
    expected = ndimage.gaussian_filter(X.numpy(), (0, 0, sigma, sigma), mode="reflect")
    np.testing.assert_allclose(Blur(sigma=sigma)(X, RANDOM), expected, atol=1e-6)


def test_a_kernel_from_a_file_is_the_convolution_of_scipy(tmp_path: Path) -> None:
    np.save(tmp_path / "k.npy", UNEVEN)
    expected = ndimage.convolve(X.numpy(), (UNEVEN / UNEVEN.sum())[None, None], mode="reflect")
    np.testing.assert_allclose(Blur(kernel=str(tmp_path / "k.npy"))(X, RANDOM), expected, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(3, 3), (2, 4), (4, 3), (1, 2)])
def test_a_point_becomes_the_kernel_with_its_middle_there(tmp_path: Path, height: int, width: int) -> None:
    kernel = np.arange(1, height * width + 1, dtype=np.uint16).reshape(height, width)
    np.save(tmp_path / "k.npy", kernel)
    point = torch.zeros(1, 3, 11, 11)
    point[..., 5, 5] = 1
    expected = np.zeros((11, 11))
    top, left = 5 - height // 2, 5 - width // 2
    expected[top : top + height, left : left + width] = kernel / kernel.sum()
    np.testing.assert_allclose(Blur(kernel=str(tmp_path / "k.npy"))(point, RANDOM)[0, 1], expected, atol=1e-6)


def test_a_disc_has_its_area_and_no_direction() -> None:
    (kernel,) = Blur(radius=3.3).kernels
    assert kernel.shape == (7, 7)
    assert torch.equal(kernel, kernel.mT)
    assert torch.equal(kernel, kernel.flip(0))
    assert kernel.sum() == pytest.approx(1)
    assert kernel[3, 3] == pytest.approx(1 / (np.pi * 3.3**2), rel=2e-3)  # inside as a whole


def test_a_way_is_as_long_as_told_and_turns_counter_clockwise() -> None:
    (across,), (up,) = Blur(length=5).kernels, Blur(length=5, angle=90).kernels
    np.testing.assert_allclose(across, np.full((1, 5), 0.2), atol=1e-3)
    np.testing.assert_allclose(up, np.full((5, 1), 0.2), atol=1e-3)
    (slanted,) = Blur(length=9, angle=30).kernels
    rows, columns = np.nonzero(slanted.numpy())
    assert np.polyfit(columns, -rows, 1)[0] == pytest.approx(np.tan(np.radians(30)), abs=0.1)
    assert torch.equal(slanted, Blur(length=9, angle=210).kernels[0])


@pytest.mark.parametrize("name", ["k.png", "deep.png", "rgb.png", "k.tif", "float.tiff", "k.npy"])
def test_grey_files_are_read(tmp_path: Path, name: str) -> None:
    def rgb() -> None:
        Image.fromarray(UNEVEN).convert("RGB").save(tmp_path / name)

    writers: dict[str, Callable[[], object]] = {
        "k.png": lambda: Image.fromarray(UNEVEN).save(tmp_path / name),
        "deep.png": lambda: Image.fromarray(UNEVEN.astype(np.uint16)).save(tmp_path / name),
        "rgb.png": rgb,
        "k.tif": lambda: tifffile.imwrite(tmp_path / name, UNEVEN),
        "float.tiff": lambda: tifffile.imwrite(tmp_path / name, UNEVEN.astype(np.float32) / 1000),
        "k.npy": lambda: np.save(tmp_path / name, UNEVEN.astype(float)),
    }
    writers[name]()
    operator = parse_degradation(f"blur:kernel={tmp_path / name}")
    assert isinstance(operator, Blur)
    (kernel,) = operator.kernels
    np.testing.assert_allclose(kernel, UNEVEN / UNEVEN.sum(), atol=1e-6)
    assert operator.read_parameters(0) == {"blur_kernel": str(tmp_path / name)}


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        (np.zeros((3, 3)), "has to hold finite numbers of at least 0, some of them above"),
        (np.array([[1.0, -1, 3]]), "has to hold finite numbers of at least 0"),
        (np.array([[1.0, np.nan]]), "has to hold finite numbers of at least 0"),
        (np.ones(5), "has the shape 5: give grey numbers with two dimensions"),
        (np.arange(27.0).reshape(3, 3, 3), "has the shape 3x3x3: give grey numbers with two dimensions"),
        (np.ones((3, 256)), "is 256x3: give at most 255x255"),
        (np.ones((3, 3), dtype=complex), "holds no real numbers: save it as an array of floats"),
        (np.array([["a"]]), "holds no real numbers"),
    ],
)
def test_files_that_are_no_kernel_are_refused(tmp_path: Path, numbers: np.ndarray, reason: str) -> None:
    np.save(tmp_path / "k.npy", numbers)
    with pytest.raises(InputError) as caught:
        Blur(kernel=str(tmp_path / "k.npy"))
    assert str(caught.value).startswith(f"the blur kernel '{tmp_path / 'k.npy'}' {reason}")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the blur kernel '.*none.png' cannot be read: No such file or directory"):
        Blur(kernel=str(tmp_path / "none.png"))
    for name in ("damaged.npy", "damaged.png", "damaged.tif"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(InputError, match=rf"the blur kernel '.*{name}' cannot be read: ") as caught:
            Blur(kernel=str(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"blur:kernel=k.gif: give a file whose name ends in .npy, .png, .tif, .tiff"):
        Blur(kernel="k.gif")


def test_another_kernel_in_the_file_is_noticed(tmp_path: Path) -> None:
    name = str(tmp_path / "k.npy")
    np.save(name, UNEVEN)
    before = sources_of(Blur(kernel=name))
    np.save(name, UNEVEN.T)
    assert sources_of(Blur(kernel=name)) != before
