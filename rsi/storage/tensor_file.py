"""Safetensors files whose bytes depend on their content alone."""

import json
from collections.abc import Mapping

from safetensors.torch import save
from torch import Tensor

ALIGNMENT = 8  # bytes; where safetensors starts the data


def tensor_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with its metadata in alphabetical order; the library's own order is random."""
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, dict(metadata))
    data = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:data])
    ordered = {"__metadata__": dict(sorted(metadata.items())), **{k: v for k, v in header.items() if k in tensors}}
    text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // ALIGNMENT) * ALIGNMENT)
    return len(text).to_bytes(8, "little") + text + content[data:]
