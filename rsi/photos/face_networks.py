"""BlazeFace and FaceMesh, the networks that find faces, in plain PyTorch.

The weights are Google's, as ``examples/convert_face_networks.py`` converts them; ``assets/NOTICE`` says more.
"""

from collections.abc import Callable, Sequence
from importlib import resources

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn

Activation = Callable[[int], nn.Module]
DETECTOR_SIDE = 128
MESH_SIDE = 192
KEYPOINTS = 6
LANDMARKS = 468


class BlazeFace(nn.Module):
    """Detects faces in squares of 128 px (Bazarevsky et al. 2019), the short-range network.

    For every anchor there are a logit and 16 numbers, in widths of the square: x and y of the box's centre, its width
    and height, then x and y of the eye on the left, the eye on the right, the nose, the mouth and both ears.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 5, 2)
        self.fine = _stages(24, [24, 28, -32, 36, 42, -48, 56, 64, 72, 80, 88], _relu)
        self.coarse = _stages(88, [-96, 96, 96, 96, 96], _relu)
        self.scores = nn.ModuleList([nn.Conv2d(88, 2, 1), nn.Conv2d(96, 6, 1)])
        self.places = nn.ModuleList([nn.Conv2d(88, 2 * 16, 1), nn.Conv2d(96, 6 * 16, 1)])
        _load(self, "blazeface")

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``[n, 896]`` and places ``[n, 896, 16]`` of images ``[n, 3, 128, 128]`` in [0, 1]."""
        fine = self.fine(F.relu(self.stem(F.pad(images * 2 - 1, (1, 2, 1, 2)))))
        maps = fine, self.coarse(fine)
        logits, places = (_by_anchor(heads, maps, size) for heads, size in ((self.scores, 1), (self.places, 16)))
        places = places / DETECTOR_SIDE
        anchors = anchor_centers().to(places)
        return logits[..., 0], torch.cat(
            [places[..., :2] + anchors, places[..., 2:4], places[..., 4:] + anchors.repeat(1, KEYPOINTS)], -1
        )


class FaceMesh(nn.Module):
    """Locates 468 points of a face in squares of 192 px (Kartynnik et al. 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.PReLU(16))
        widths = [16, 16, -32, 32, 32, -64, 64, 64, -128, 128, 128, -128, 128, 128]
        self.trunk = _stages(16, widths, nn.PReLU)
        self.mesh = nn.Sequential(*_stages(128, [-128, 128, 128], nn.PReLU), *_narrow(), nn.Conv2d(32, 1404, 3))
        self.presence = nn.Sequential(*_stages(128, [-128], nn.PReLU), *_narrow(), nn.Conv2d(32, 1, 3))
        _load(self, "facemesh")

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Points and certainty of the faces in images.

        Args:
            images: ``[n, 3, 192, 192]`` in [0, 1].

        Returns:
            ``[n, 468, 3]``, x, y and depth in widths of the square from its upper left corner, and ``[n]``, the logit
            that there is a face.
        """
        features = self.trunk(self.stem(F.pad(images, (0, 1, 0, 1))))
        return self.mesh(features).view(-1, LANDMARKS, 3) / MESH_SIDE, self.presence(features).flatten()


class Block(nn.Module):
    """A depthwise 3 x 3 and a pointwise convolution beside a shortcut that has zeros for channels it lacks.

    Args:
        before: Channels that come in.
        after: Channels that go out.
        stride: 1, or 2 to halve the sides.
        activation: Of the sum.
    """

    def __init__(self, before: int, after: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(before, before, 3, stride, groups=before)
        self.pointwise = nn.Conv2d(before, after, 1)
        self.activation = activation(after)
        self.stride, self.added = stride, after - before

    def forward(self, x: Tensor) -> Tensor:
        """Features ``[n, before, h, w]`` as ``[n, after, h / stride, w / stride]``."""
        first = 2 - self.stride  # as TensorFlow's SAME pads even sides
        branch: Tensor = self.pointwise(self.depthwise(F.pad(x, (first, 1, first, 1))))
        shortcut = F.max_pool2d(x, 2) if self.stride == 2 else x
        activated: Tensor = self.activation(branch + F.pad(shortcut, (0, 0, 0, 0, 0, self.added)))
        return activated


def anchor_centers() -> Tensor:
    """``[896, 2]``: x and y of the anchors, in widths of the square: two in each of 16 x 16 cells, six in 8 x 8."""
    grids = []
    for cells, number in ((16, 2), (8, 6)):
        middles = (torch.arange(cells) + 0.5) / cells
        y, x = torch.meshgrid(middles, middles, indexing="ij")
        grids.append(torch.stack([x, y], -1).reshape(-1, 1, 2).expand(-1, number, -1).reshape(-1, 2))
    return torch.cat(grids)


def _stages(before: int, widths: Sequence[int], activation: Activation) -> nn.Sequential:
    """Blocks of so many channels; those with a minus halve the sides."""
    inputs = [before, *map(abs, widths)]
    blocks = [Block(i, abs(o), 2 if o < 0 else 1, activation) for i, o in zip(inputs, widths, strict=False)]
    return nn.Sequential(*blocks)


def _narrow() -> list[nn.Module]:
    return [nn.Conv2d(128, 32, 1), nn.PReLU(32), Block(32, 32, 1, nn.PReLU)]


def _relu(_: int) -> nn.Module:
    return nn.ReLU()


def _by_anchor(heads: nn.ModuleList, maps: Sequence[Tensor], size: int) -> Tensor:
    """The heads' outputs as ``[n, anchors, size]``."""
    outputs = [head(x) for head, x in zip(heads, maps, strict=True)]
    return torch.cat([each.movedim(1, -1).reshape(len(each), -1, size) for each in outputs], 1)


def _load(network: nn.Module, name: str) -> None:
    stored = load((resources.files("rsi.photos.assets") / f"{name}.safetensors").read_bytes())
    network.load_state_dict({key: value.float() for key, value in stored.items()})
    network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # measured to take half the time
