from pathlib import Path

import pytest
import torch

from rsi.commands.convert import main
from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.safetensors"
    save_generator(Generator(StyleGAN2Architecture(6, 0, 5, 16, 2, channel_base=64, channel_max=8)), path)
    return path


def test_it_writes_the_same_generator_and_says_so(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = source.with_name("out.safetensors")
    assert main([str(source), str(target)]) == 0
    z = torch.randn(1, 6)
    assert torch.equal(load_generator(target)(z), load_generator(source)(z))
    printed = capsys.readouterr().out
    assert printed == f"wrote {target}: StyleGAN2-ADA, 16 px, z 6, c 0, w 5, {target.stat().st_size / 1e6:.1f} MB\n"


def test_an_existing_file_is_replaced_only_on_demand(source: Path) -> None:
    target = source.with_name("out.safetensors")
    target.write_text("precious")
    with pytest.raises(InputError, match=r"out.safetensors exists: give another name or --overwrite"):
        main([str(source), str(target)])
    assert target.read_text() == "precious"
    assert main([str(source), str(target), "--overwrite"]) == 0
    assert load_generator(target).resolution == (16, 16)


def test_the_input_is_not_replaced_even_on_demand(source: Path, tmp_path: Path) -> None:
    before, link = source.read_bytes(), tmp_path / "link.safetensors"
    link.symlink_to(source)
    for output in (source, link):
        with pytest.raises(InputError, match=rf"{output.name} is read by this command and would be replaced"):
            main([str(source), str(output), "--overwrite"])
    assert source.read_bytes() == before
    assert link.is_symlink()


def test_a_tilde_is_the_home_folder(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main([f"~/{source.name}", "~/out.safetensors"]) == 0
    assert load_generator(tmp_path / "out.safetensors").resolution == (16, 16)


def test_nothing_is_written_from_a_bad_file(tmp_path: Path) -> None:
    bad, target = tmp_path / "bad.pkl", tmp_path / "out.safetensors"
    bad.write_bytes(b"\x80\x03cos\nsystem\n.")
    with pytest.raises(InputError, match=r"bad.pkl: it names 'os.system'"):
        main([str(bad), str(target)])
    assert not target.exists()


def test_a_folder_as_output(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        main([str(source), str(tmp_path), "--overwrite"])


def test_one_class_of_a_conditional_generator(tmp_path: Path) -> None:
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    generator = Generator(StyleGAN2Architecture(6, 3, 5, 16, 2, channel_base=64, channel_max=8))
    save_generator(generator, source)
    main([str(source), str(target), "--class_label", "1"])
    z, loaded = torch.randn(2, 6), load_generator(target)
    assert loaded.architecture.c_dim == 0
    assert torch.allclose(loaded(z), generator(z, torch.eye(3)[1].expand(2, -1)), rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="3 classes: give --class_label 0 to 2, not 3"):
        main([str(source), str(target), "--class_label", "3", "--overwrite"])
