import runpy
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from photographs import photograph
from safetensors.torch import load_file

from rsi.photos.face_networks import BlazeFace, FaceMesh

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_networks_are_converted_from_the_wheel_again_and_agree_with_their_runtime(tmp_path: Path) -> None:
    interpreter = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="ai-edge-litert has no wheel for this system"
    )
    script = runpy.run_path(str(ROOT / "examples" / "convert_face_networks.py"))
    try:
        contents = script["download"](tmp_path)
    except subprocess.CalledProcessError:
        pytest.skip("the package registry cannot be reached")
    networks = {"blazeface": (BlazeFace(), 128), "facemesh": (FaceMesh(), 192)}
    for name, content in contents.items():
        again = script["convert"](content, script["SOURCES"][name].layers)
        kept = load_file(ROOT / "rsi" / "photos" / "assets" / f"{name}.safetensors")
        assert again.keys() == kept.keys()
        assert all(torch.equal(again[key], kept[key]) for key in kept)
        network, side = networks[name]
        head = np.asarray(photograph("astronaut").resize((side, side)), np.float32) / 255
        runtime = interpreter.Interpreter(model_content=content)
        runtime.allocate_tensors()
        given = head[None] * 2 - 1 if name == "blazeface" else head[None]
        runtime.set_tensor(runtime.get_input_details()[0]["index"], given)
        runtime.invoke()
        outputs = [runtime.get_tensor(detail["index"]) for detail in runtime.get_output_details()]
        ours = network(torch.from_numpy(head).movedim(-1, 0)[None])
        certainty = min(outputs, key=np.size)
        np.testing.assert_allclose(min(ours, key=torch.Tensor.numel).flatten(), certainty.flatten(), atol=1e-3)
