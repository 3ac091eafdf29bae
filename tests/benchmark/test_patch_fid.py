import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_fid import fid_statistics_to_metric

from rsi.benchmark.patch_fid import (
    JudgeFeatures,
    PatchFID,
    crop_plan,
    find_inception,
    load_features,
    random_crops,
)
from rsi.errors import InputError
from rsi.numerics.size import Size

CLEAN = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
RESTORED = (CLEAN + 0.3 * torch.rand(CLEAN.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)


class Moments(nn.Module):
    """Means and deviations of the channels."""

    num_features = 6

    def forward(self, crops: Tensor) -> Tensor:
        x = crops.float().flatten(2) / 255
        return torch.cat([x.mean(2), x.std(2)], 1)


def named(images: Tensor) -> list[tuple[str, Tensor]]:
    return [(f"image {index}", image) for index, image in enumerate(images)]


def statistics(images: Tensor, features: nn.Module) -> dict[str, np.ndarray]:
    crops = torch.cat([random_crops(image, name) for name, image in named(images)])
    found = features(crops).double().numpy()
    return {"mu": found.mean(0), "sigma": np.cov(found, rowvar=False)}


@pytest.mark.parametrize("features", [Moments(), JudgeFeatures()], ids=["moments", "judge"])
def test_it_is_the_distance_of_torch_fidelity_and_of_the_formula(features: nn.Module) -> None:
    fid = PatchFID(features)
    fid.add_clean(named(CLEAN))
    found = fid.compare(named(RESTORED))
    a, b = statistics(CLEAN, features), statistics(RESTORED, features)
    metric = fid_statistics_to_metric(a, b, verbose=False)["frechet_inception_distance"]
    root = sqrtm(a["sigma"] @ b["sigma"]).real
    formula = np.square(a["mu"] - b["mu"]).sum() + np.trace(a["sigma"] + b["sigma"] - 2 * root)
    assert found == pytest.approx(metric, rel=1e-3)
    assert found == pytest.approx(formula, rel=1e-3)


def test_clean_images_are_kept_from_one_comparison_to_the_next() -> None:
    fid = PatchFID(Moments())
    fid.add_clean(named(CLEAN))
    first = fid.compare(named(RESTORED))
    assert fid.compare(named(CLEAN)) == pytest.approx(0, abs=1e-6)
    assert fid.compare(named(RESTORED)) == first


@pytest.mark.parametrize(("side", "plan"), [(1024, (1000, 128)), (256, (250, 64)), (128, (125, 45))])
def test_crops_of_the_paper_and_between(side: int, plan: tuple[int, int]) -> None:
    assert crop_plan(Size.square(side)) == plan


def test_crops_are_parts_of_the_image_at_places_of_its_name() -> None:
    image = torch.arange(3 * 64 * 64).reshape(3, 64, 64) % 251 / 255
    crops = random_crops(image, "a")
    assert crops.shape == (62, 3, 32, 32)
    assert torch.equal(crops, random_crops(image, "a"))
    assert not torch.equal(crops, random_crops(image, "b"))
    windows = (image * 255).round().byte().unfold(1, 32, 1).unfold(2, 32, 1)[0].reshape(-1, 32, 32)
    assert all((windows == crop[0]).all(2).all(1).any() for crop in crops[:5])


def test_inception_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert find_inception(None) is None
    assert isinstance(load_features(None), JudgeFeatures)
    monkeypatch.setenv("RSI_OFFLINE", "1")
    with pytest.raises(InputError, match=r"6726825d.pth is missing .* put the file from https://github.com/toshas"):
        find_inception("download")
    with pytest.raises(InputError, match=r"nowhere.pth does not exist: give the path of torch-fidelity's weights"):
        find_inception("nowhere.pth")
    cached = tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    cached.parent.mkdir()
    cached.write_text("no weights")
    with pytest.raises(InputError, match=r"has the SHA-256 .* instead of 6726825d.*: delete it, or put the file from"):
        find_inception(None)
    assert find_inception(str(cached)) == cached
    with pytest.raises(InputError, match="is not torch-fidelity's weights-inception"):
        load_features(cached)


class Untrained(FeatureExtractorInceptionV3):  # type: ignore[misc]
    """Inception with random weights: made without loading any."""

    def load_state_dict(self, *arguments: object, **settings: object) -> None:
        return None


@pytest.mark.slow
def test_inception_reads_its_weights_from_a_file(tmp_path: Path) -> None:
    nothing, weights = tmp_path / "nothing.pth", tmp_path / "inception.pth"
    torch.save({}, nothing)
    untrained = Untrained("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(nothing))
    torch.save(untrained.state_dict(), weights)
    crops = torch.randint(256, (2, 3, 45, 45), dtype=torch.uint8)
    features = load_features(weights)(crops)
    assert features.shape == (2, 2048)
    torch.testing.assert_close(features, untrained.eval()(crops)[0])


def test_inception_file_is_not_executed(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "run"),)

    path = tmp_path / "inception.pth"
    torch.save({"weight": Hostile()}, path)
    with pytest.raises(InputError, match=r"is not torch-fidelity's weights-inception"):
        load_features(path)
    assert not (tmp_path / "run").exists()
