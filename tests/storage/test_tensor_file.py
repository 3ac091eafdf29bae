from pathlib import Path

import torch
from safetensors import safe_open

from rsi.storage.tensor_file import tensor_bytes


def test_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    tensors = {"b": torch.randn(3, 4), "a": torch.arange(5), "c": torch.rand(2, 2).T}
    metadata = {"name": "é\n\"'\x1b😀", "empty": ""}
    (tmp_path / "file").write_bytes(tensor_bytes(tensors, metadata))
    with safe_open(tmp_path / "file", "pt") as file:
        assert file.metadata() == metadata
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in tensors.items())


def test_bytes_depend_on_the_content_alone() -> None:
    tensors = {"a": torch.zeros(3)}
    metadata = {str(number): "" for number in range(20)}
    assert len({tensor_bytes(tensors, metadata) for _ in range(20)}) == 1
    assert tensor_bytes(tensors, dict(reversed(metadata.items()))) == tensor_bytes(tensors, metadata)
