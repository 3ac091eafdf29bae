import hashlib
from functools import partial
from pathlib import Path

import lpips
import pytest
import torch
import torchvision
from PIL import Image

from rsi.errors import InputError
from rsi.perceptual import LpipsVgg, load_perceptual
from rsi.perceptual.lpips_vgg import WANTED

NO_WEIGHTS = rf"vgg16.pth is not a VGG16: it is no intact file of weights; {WANTED}$"


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    features = torchvision.models.vgg16().features.state_dict()
    torch.save({f"features.{name}": weight for name, weight in features.items()}, path)
    return path


def test_distance_is_that_of_the_lpips_package(vgg16: Path) -> None:
    ours = LpipsVgg(str(vgg16))
    theirs = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    theirs.net.load_state_dict(ours.lpips.net.state_dict())
    x, y = torch.rand(2, 2, 3, 64, 64)
    torch.testing.assert_close(ours(x, y), theirs(x, y, normalize=True).flatten(), rtol=1e-4, atol=1e-6)


def _note(sizes: list[int], saved: torch.Tensor) -> torch.Tensor:
    sizes.append(saved.numel())
    return saved


def test_large_images_are_compared_in_less_memory_to_the_same_bits(
    vgg16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = LpipsVgg(str(vgg16))
    x, y = torch.rand(2, 1, 3, 64, 64)
    results: list[list[torch.Tensor]] = []
    kept: list[list[int]] = []
    for large_side in (128, 64):
        for module in ("base", "lpips_vgg"):
            monkeypatch.setattr(f"rsi.perceptual.{module}.LARGE_SIDE", large_side)
        reference, leaf = ours.reference(y), x.clone().requires_grad_()
        kept.append([])
        with torch.autograd.graph.saved_tensors_hooks(partial(_note, kept[-1]), lambda saved: saved):
            distance = ours.distance(ours.each_stage(leaf), reference)
        results.append([distance, *torch.autograd.grad(distance.sum(), leaf)])
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))
    largest = [sizes.count(64 * 64 * 64) for sizes in kept]
    assert largest[1] < largest[0]


def test_gradient_is_finite_where_features_vanish(vgg16: Path) -> None:
    ours = LpipsVgg(str(vgg16))
    for parameter in ours.lpips.net.parameters():
        parameter.zero_()
    x = torch.rand(1, 3, 32, 32, requires_grad=True)
    ours(x, torch.rand(1, 3, 32, 32)).sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())


def test_missing_file() -> None:
    with pytest.raises(
        InputError, match=r"none/vgg16.pth does not exist: give the path of vgg16-397923af.pth, from https"
    ):
        load_perceptual("none/vgg16.pth")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path} is a folder: {WANTED}, or the name embedded or lpips-vgg"):
        load_perceptual(str(tmp_path))


def test_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "resnet.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=rf"resnet.pth is not a VGG16: it has no tensor features.0.weight; {WANTED}$"):
        load_perceptual(str(path))


def test_file_that_holds_no_dictionary(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "mean.pth")
    with pytest.raises(InputError, match=r"mean.pth is not a VGG16: it has no tensor features.0.weight"):
        load_perceptual(str(tmp_path / "mean.pth"))


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x80\x02.", b"\x80\x02}(.", b"hello world", b"PK\x03\x04"])
def test_file_of_other_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vgg16.pth").write_bytes(content)
    with pytest.raises(InputError, match=NO_WEIGHTS):
        load_perceptual(str(tmp_path / "vgg16.pth"))


def test_picture(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "vgg16.pth", "JPEG")
    with pytest.raises(InputError, match=NO_WEIGHTS):
        load_perceptual(str(tmp_path / "vgg16.pth"))


def test_whole_network_as_torch_pickles_it(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "vgg16.pth")
    with pytest.raises(InputError, match=NO_WEIGHTS):
        load_perceptual(str(tmp_path / "vgg16.pth"))


def test_truncated_file(tmp_path: Path, vgg16: Path) -> None:
    path = tmp_path / "vgg16.pth"
    path.write_bytes(vgg16.read_bytes()[:100_000])
    with pytest.raises(InputError, match=NO_WEIGHTS):
        load_perceptual(str(path))


def test_wrong_bytes_in_the_cache_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "vgg16-397923af.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"not a network")
    with pytest.raises(InputError, match=hashlib.sha256(b"not a network").hexdigest()[:8]):
        load_perceptual("lpips-vgg")
