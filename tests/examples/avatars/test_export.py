from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from examples.avatars.export import export_generator, export_judge, export_perceptual
from examples.avatars.judge import judge_network
from examples.avatars.perceptual import embedded_network
from examples.avatars.synthesis_network import TrainableSynthesis
from rsi.errors import InputError
from rsi.generators import StyleGAN2Architecture, load_generator
from rsi.generators.mapping import Mapping
from rsi.generators.statistics import mean_code, w_rms
from rsi.perceptual import JudgeDistance, load_perceptual

ARCHITECTURE = StyleGAN2Architecture(
    z_dim=64, c_dim=0, w_dim=16, img_resolution=32, mapping_layers=2, channel_base=256, channel_max=16
)
SHIPPED = Path(__file__).parents[3] / "rsi" / "generators" / "assets"


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata())


def test_exported_generator_draws_what_the_trained_network_does(tmp_path: Path) -> None:
    mapping, synthesis = Mapping(ARCHITECTURE), TrainableSynthesis(ARCHITECTURE)
    with torch.no_grad():
        for parameter in synthesis.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    export_generator(mapping, synthesis, ARCHITECTURE, tmp_path / "mine.safetensors", samples=1000)
    generator = load_generator(tmp_path / "mine.safetensors")
    z = torch.randn(3, 64)
    with torch.no_grad():
        trained = (synthesis(mapping(z)) + 1) / 2
        torch.testing.assert_close(generator(z), trained, atol=1e-4, rtol=1e-4)


def test_exported_generator_knows_its_scale_and_licence(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    export_generator(Mapping(ARCHITECTURE), TrainableSynthesis(ARCHITECTURE), ARCHITECTURE, path, samples=1000)
    generator, stored = load_generator(path), metadata(path)
    torch.testing.assert_close(generator.w_avg, mean_code(generator, 1000))
    assert float(stored["w_rms"]) == pytest.approx(w_rms(generator, 1000), abs=1e-3)
    assert generator.info.lr_scale == pytest.approx(float(stored["w_rms"]) / 9.95, abs=1e-3)
    assert "Johan Melin" in generator.info.license
    assert stored.keys() == metadata(SHIPPED / "avatars128.safetensors").keys()


def test_exported_perceptual_network_measures_with_the_trained_stages(tmp_path: Path) -> None:
    network = embedded_network()
    export_perceptual(network, tmp_path / "mine.safetensors")
    distance = load_perceptual(str(tmp_path / "mine.safetensors"))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        described = network.head(distance.features(images)[-1].mean((2, 3)))
        logits, colours = network(images)
    torch.testing.assert_close(described, torch.cat([*logits, colours], dim=1), atol=1e-5, rtol=1e-4)
    assert metadata(tmp_path / "mine.safetensors") == metadata(SHIPPED / "perceptual.safetensors")


def test_exported_judge_measures_with_the_trained_stages(tmp_path: Path) -> None:
    network, images = judge_network(), torch.rand(2, 3, 128, 128)
    for _ in range(3):
        network(images)  # statistics of the normalisation
    export_judge(network.eval(), tmp_path / "mine.safetensors")
    judge = JudgeDistance(tmp_path / "mine.safetensors")
    with torch.no_grad():
        described = network.head(judge.features(images)[-1].flatten(1))
        logits, colours = network(images)
    torch.testing.assert_close(described, torch.cat([*logits, colours], dim=1), atol=1e-2, rtol=1e-2)
    assert metadata(tmp_path / "mine.safetensors") == metadata(SHIPPED / "judge.safetensors")
    assert (SHIPPED / "judge.safetensors").stat().st_size <= 600_000


def test_shipped_weights_load_by_path_as_by_name() -> None:
    images = torch.rand(2, 2, 3, 32, 32)
    by_name, by_path = (
        load_perceptual(name)(*images) for name in ("embedded", str(SHIPPED / "perceptual.safetensors"))
    )
    assert torch.equal(by_name, by_path)


@pytest.mark.parametrize("name", ["missing.safetensors", "avatars128.safetensors"])
def test_other_files_are_refused_as_perceptual_networks(name: str) -> None:
    with pytest.raises(InputError, match=name):
        load_perceptual(str(SHIPPED / name))
