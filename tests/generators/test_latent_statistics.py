import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from rsi.errors import InputError
from rsi.generators import latent_statistics as module
from rsi.generators import load_generator
from rsi.generators.latent_statistics import latent_statistics, measure_statistics, random_codes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics are measured anew in every test."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))


def test_blocks_add_up_to_the_statistics_of_all_codes(tiny_generator: Path) -> None:
    generator = load_generator(tiny_generator)
    found = measure_statistics(generator, 25_000)
    codes = torch.cat(list(random_codes(generator, 25_000)))
    normal = F.leaky_relu(codes, 5.0).double()
    assert codes.shape == (25_000, 8)
    torch.testing.assert_close(found.mean, normal.mean(0).float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.std, normal.std(0, correction=0).float(), rtol=1e-4, atol=1e-6)


def test_codes_do_not_depend_on_the_size_of_blocks_that_were_mapped_before(tiny_generator: Path) -> None:
    generator = load_generator(tiny_generator)
    many, few = (torch.cat(list(random_codes(generator, samples))) for samples in (21_000, 12_000))
    torch.testing.assert_close(many[:12_000], few)


def test_no_block_is_larger_than_the_limit(tiny_generator: Path) -> None:
    assert [len(block) for block in random_codes(load_generator(tiny_generator), 20_001)] == [10_000, 10_000, 1]


def test_is_kept_beside_the_generator(tiny_generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(shutil.copy(tiny_generator, tmp_path / "mine.safetensors"))
    generator = load_generator(path)
    first = latent_statistics(generator, 1000)
    (kept,) = tmp_path.glob("*1000.latent_statistics.safetensors")
    assert kept.name.startswith(generator.info.sha256)
    monkeypatch.setattr(module, "measure_statistics", lambda *_: pytest.fail("measured again"))
    again = latent_statistics(generator, 1000)
    assert torch.equal(first.mean, again.mean)
    assert torch.equal(first.std, again.std)


def test_is_kept_in_the_cache_where_the_folder_cannot_be_written(tiny_generator: Path, tmp_path: Path) -> None:
    generator = load_generator(tiny_generator)
    (tmp_path / "file").touch()
    generator.info = replace(generator.info, source=tmp_path / "file" / "below.safetensors")
    latent_statistics(generator, 1000)
    assert len(list((tmp_path / "hub" / "rsi").glob("*.latent_statistics.safetensors"))) == 1


def test_embedded_generator_leaves_nothing_in_the_package(tmp_path: Path) -> None:
    generator = load_generator("avatars128")
    latent_statistics(generator, 1000)
    assert generator.info.source is not None
    assert not list(generator.info.source.parent.glob("*latent_statistics*"))
    assert len(list((tmp_path / "hub" / "rsi").iterdir())) == 1


def test_damaged_file_is_replaced(tiny_generator: Path, tmp_path: Path) -> None:
    generator = load_generator(shutil.copy(tiny_generator, tmp_path / "mine.safetensors"))
    first = latent_statistics(generator, 1000)
    (kept,) = tmp_path.glob("*.latent_statistics.safetensors")
    kept.write_bytes(b"cut")
    assert torch.equal(latent_statistics(generator, 1000).mean, first.mean)
    assert len(kept.read_bytes()) > 3


def test_too_few_samples(tiny_generator: Path) -> None:
    with pytest.raises(InputError, match=r"statistics of 1 codes cannot be taken: give --model.samples 2 or more"):
        latent_statistics(load_generator(tiny_generator), 1)
