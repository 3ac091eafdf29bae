from pathlib import Path

import pytest
import torch
import torchvision

from rsi.benchmark.judges import choose_judges
from rsi.benchmark.patch_fid import JudgeFeatures
from rsi.errors import InputError
from rsi.perceptual import JudgeDistance, LpipsVgg


def test_methods_of_drawings_are_judged_by_a_network_that_none_of_them_minimises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    cached = tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    cached.parent.mkdir()
    cached.write_text("what is in the cache does not count for drawings")
    judges = choose_judges("embedded")
    assert isinstance(judges.distance, JudgeDistance)
    assert judges.distance_name == "the judge of drawings, which no method minimises"
    assert isinstance(judges.features, JudgeFeatures)
    assert judges.features_name == "the judge's 96 features"
    with pytest.raises(InputError, match="is not torch-fidelity's weights-inception"):
        choose_judges("embedded", str(cached))


def test_methods_of_photographs_are_judged_as_in_the_paper(tmp_path: Path) -> None:
    vgg16 = tmp_path / "vgg16.pth"
    features = torchvision.models.vgg16().features.state_dict()
    torch.save({f"features.{name}": weight for name, weight in features.items()}, vgg16)
    judges = choose_judges(str(vgg16))
    assert isinstance(judges.distance, LpipsVgg)
    assert judges.distance_name == str(vgg16)
    assert judges.features_name == "the judge's 96 features"  # there is no Inception in the cache
