from pathlib import Path

import numpy as np
import pytest
import torch

from rsi.errors import InputError
from rsi.estimation.evidence import Evidence
from rsi.estimation.learned import read_network
from rsi.estimation.networks import embedded_network, network_bytes, network_of
from rsi.estimation.training import train
from rsi.generators import load_generator


def test_it_does_not_answer_for_images_unlike_all_it_knows() -> None:
    checkerboard = np.indices((128, 128)).sum(0) % 2 * 255.0
    evidence = Evidence(np.stack([checkerboard] * 3), np.ones((128, 128), bool))
    assert embedded_network().guess(evidence, 12) is None


def test_a_network_is_trained_once_a_generator(tiny_generator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network_of.cache_clear()
    first = network_of(str(tiny_generator))
    network_of.cache_clear()
    monkeypatch.setattr("rsi.estimation.training.train", None)
    again = network_of(str(tiny_generator))
    numbers = first.mean[None]
    assert torch.allclose(again(numbers), first(numbers), atol=0.05)  # 16 bits a number


def test_training_is_repeatable(tiny_generator: Path) -> None:
    generator = load_generator(tiny_generator)
    assert network_bytes(train(generator)) == network_bytes(train(generator))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"network.safetensors is no network that estimates damages, delete it"):
        read_network(path)
