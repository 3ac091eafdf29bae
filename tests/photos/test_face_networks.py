from pathlib import Path

import pytest
import torch
from photographs import photograph
from safetensors.torch import load_file
from torch import Tensor

from rsi.data.reading import decode
from rsi.photos.face_networks import DETECTOR_SIDE, MESH_SIDE, BlazeFace, FaceMesh, anchor_centers

# What ai-edge-litert 2.3.0 makes of the astronaut's head with Google's own files; a slow test of the script that
# converts these compares with the runtime itself.
RUNTIME = load_file(Path(__file__).with_name("runtime.safetensors"))


def _head(side: int) -> Tensor:
    return decode(photograph("astronaut").crop((130, 10, 330, 210)).resize((side, side), 3)).rgb[None]


def test_the_detector_is_that_of_its_runtime() -> None:
    logits, places = BlazeFace()(_head(DETECTOR_SIDE))
    torch.testing.assert_close(logits[0], RUNTIME["logits"], atol=1e-3, rtol=1e-4)
    best = RUNTIME["best"]
    anchors = anchor_centers()[best]
    shifts = torch.cat([anchors, torch.zeros_like(anchors), anchors.repeat(1, 6)], 1)
    torch.testing.assert_close((places[0, best] - shifts) * 128, RUNTIME["best_places"], atol=1e-3, rtol=1e-4)


def test_the_mesh_is_that_of_its_runtime() -> None:
    points, presence = FaceMesh()(_head(MESH_SIDE))
    torch.testing.assert_close(points[0] * 192, RUNTIME["mesh"], atol=1e-2, rtol=1e-4)
    torch.testing.assert_close(presence, RUNTIME["presence"], atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(("network", "side"), [(BlazeFace, DETECTOR_SIDE), (FaceMesh, MESH_SIDE)])
def test_what_is_found_in_a_picture_does_not_depend_on_others_beside_it(
    network: type[BlazeFace | FaceMesh], side: int
) -> None:
    images = torch.cat([_head(side), torch.rand(2, 3, side, side)])
    for together, alone in zip(network()(images), network()(images[:1]), strict=True):
        torch.testing.assert_close(together[:1], alone, atol=1e-3, rtol=1e-4)
