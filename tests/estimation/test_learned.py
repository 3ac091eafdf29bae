from pathlib import Path

import numpy as np
import pytest
import torch

from rsi.errors import InputError
from rsi.estimation.evidence import Evidence
from rsi.estimation.learned import DamageNetwork, read_network
from rsi.estimation.networks import embedded_network, network_bytes, network_of
from rsi.estimation.training import train
from rsi.generators import Generator, load_generator


@pytest.fixture(scope="module")
def trained(tiny_generator: Path) -> DamageNetwork:
    return train(load_generator(tiny_generator))


def test_it_does_not_answer_for_images_unlike_all_it_knows() -> None:
    checkerboard = np.indices((128, 128)).sum(0) % 2 * 255.0
    evidence = Evidence(np.stack([checkerboard] * 3), np.ones((128, 128), bool))
    assert embedded_network().guess(evidence, 12) is None


def test_a_network_is_trained_once_a_generator(
    tiny_generator: Path, trained: DamageNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of: list[str] = []

    def note(generator: Generator) -> DamageNetwork:
        of.append(generator.info.name)
        return trained

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("rsi.estimation.training.train", note)
    for _ in range(2):
        network_of.cache_clear()
        again = network_of(str(tiny_generator))
    assert of == ["tiny"]
    numbers = trained.mean[None]
    assert torch.allclose(again(numbers), trained(numbers), atol=0.05)  # 16 bits a number


def test_training_is_repeatable(tiny_generator: Path, trained: DamageNetwork) -> None:
    assert network_bytes(train(load_generator(tiny_generator))) == network_bytes(trained)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"network.safetensors is no network that estimates damages, delete it"):
        read_network(path)
