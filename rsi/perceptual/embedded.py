"""The small perceptual network that comes with the embedded generator."""

from importlib import resources

from safetensors import safe_open
from torch import Tensor, nn

from rsi.perceptual.base import PerceptualDistance, normalise

CHANNELS = (16, 24, 48, 64, 96)


class EmbeddedDistance(PerceptualDistance):
    """A distance shaped like LPIPS over a small network trained on drawings of faces, for the embedded generator.

    The mean over five stages of the squared distance between normalised features, plus ``rgb_weight`` times the squared
    distance between the images themselves, without which colours drift under noise and JPEG.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *CHANNELS)
        self.stages = nn.ModuleList(_stage(i, o) for i, o in zip(widths, CHANNELS, strict=False))
        self.rgb_weight = self._load()
        self.requires_grad_(False)

    def features(self, images: Tensor) -> list[Tensor]:
        """Five normalised stages and the weighted image; see :class:`PerceptualDistance`."""
        maps, x = [images * self.rgb_weight**0.5], images * 2 - 1
        for index, stage in enumerate(self.stages):
            x = stage(x if index == 0 else nn.functional.max_pool2d(x, 2))
            maps.append(normalise(x, 1e-10) * len(self.stages) ** -0.5)
        return maps

    def _load(self) -> float:
        asset = resources.files("rsi.generators") / "assets" / "perceptual.safetensors"
        with resources.as_file(asset) as path, safe_open(path, "pt") as file:
            self.load_state_dict({name: file.get_tensor(name) for name in self.state_dict()})
            return float(file.metadata()["rgb_weight"])


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
    )
