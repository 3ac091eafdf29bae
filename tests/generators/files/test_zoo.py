import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rsi.errors import InputError
from rsi.generators import load_generator
from rsi.generators.files.obtain import obtain
from rsi.generators.files.zoo import find_by_checksum, zoo

UNVERIFIED = (
    *("ffhq256", "celebahq256", "afhqcat512", "afhqdog512", "afhqwild512"),
    *("metfaces1024", "brecahad512", "lsundog256", "cifar10"),
)
STYLEGAN3 = tuple(
    f"stylegan3-{configuration}-{images}"
    for configuration in "tr"
    for images in (
        *("ffhq-1024x1024", "ffhqu-1024x1024", "ffhqu-256x256"),
        *("metfaces-1024x1024", "metfacesu-1024x1024", "afhqv2-512x512"),
    )
)
HOSTS = (
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/",
    "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/stylegan3-",
)
NAMES = ("ffhq1024", *UNVERIFIED, *STYLEGAN3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("RSI_OFFLINE", "1")
    monkeypatch.delenv("RSI_ALLOW_UNVERIFIED", raising=False)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@pytest.fixture
def published(tiny_generator: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A zoo whose ffhq1024 is a tiny generator, already downloaded."""
    data = tiny_generator.read_bytes()
    (cache / "ffhq.pkl").write_bytes(data)
    entry = replace(zoo()["ffhq1024"], sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    monkeypatch.setitem(zoo(), "ffhq1024", entry)
    return entry.name


def test_the_table() -> None:
    assert tuple(zoo()) == NAMES
    for entry in zoo().values():
        assert entry.url.startswith(HOSTS[entry.name in STYLEGAN3])
        assert "non-commercial" in entry.license
        assert entry.resolution & (entry.resolution - 1) == 0
        assert (entry.sha256 is None) == (entry.size is None)
        assert entry.sha256 is None or re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert len({entry.path for entry in zoo().values()}) == len(NAMES)


def test_ffhq_is_the_published_file() -> None:
    entry = zoo()["ffhq1024"]
    assert entry.sha256 == "a205a346e86a9ddaae702e118097d014b7b8bd719491396a162cca438f2f524c"
    assert (entry.size, entry.lr_scale) == (381_624_121, 1.0)


def test_a_missing_file_says_where_to_put_which(cache: Path) -> None:
    with pytest.raises(
        InputError, match=rf"{cache}/ffhq.pkl is missing .*put the file from https.*ffhq.pkl \(381624121"
    ):
        load_generator("ffhq1024")


@pytest.mark.parametrize("name", UNVERIFIED)
def test_what_nobody_vouches_for_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: the SHA-256 of https.* --allow-unverified .* or the path"):
        load_generator(name)


def test_unless_it_is_allowed(tiny_generator: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSI_ALLOW_UNVERIFIED", "1")
    with pytest.raises(InputError, match="SHA-256 unknown"):
        load_generator("cifar10")
    (cache / "cifar10.pkl").write_bytes(tiny_generator.read_bytes())
    assert load_generator("cifar10").resolution == (32, 32)
    (cache / "cifar10.pkl").write_bytes(b"other")
    with pytest.raises(InputError, match="instead of"):
        load_generator("cifar10")


def test_its_licence_is_told_once(published: str, capsys: pytest.CaptureFixture[str]) -> None:
    obtain(zoo()[published])
    obtain(zoo()[published])
    assert capsys.readouterr().err.count("licence of the weights: NVIDIA, non-commercial") == 1


def test_a_file_of_the_zoo_is_recognised_wherever_it_is(published: str, cache: Path, tmp_path: Path) -> None:
    copy = (cache / "ffhq.pkl").rename(tmp_path / "mine.bin")
    entry = find_by_checksum(hashlib.sha256(copy.read_bytes()).hexdigest())
    assert entry is not None
    assert entry.name == load_generator(copy).info.name == published


def test_the_cache_is_checked_every_time(published: str, cache: Path) -> None:
    load_generator(published)
    with (cache / "ffhq.pkl").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    with pytest.raises(InputError, match=r"ffhq.pkl has the SHA-256 .* instead of .*: delete it, or put"):
        load_generator(published)
