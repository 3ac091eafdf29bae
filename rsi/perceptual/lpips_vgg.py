"""LPIPS with a VGG16 backbone, the perceptual distance of the method."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from rsi.errors import InputError
from rsi.perceptual.base import LARGE_SIDE, PerceptualDistance
from rsi.storage.download import fetch
from rsi.storage.published import VGG16

WANTED = f"give the path of {VGG16.url.rpartition('/')[2]}, from {VGG16.url}"


class LpipsVgg(PerceptualDistance):
    """LPIPS-VGG (Zhang et al. 2018): the linear heads of the ``lpips`` package on torchvision's VGG16.

    Args:
        vgg16: Path of ``vgg16-397923af.pth``; ``None`` takes it from torch's cache or downloads it, checking the whole
            SHA-256 either way.

    Raises:
        InputError: The backbone cannot be had, or the file is not a VGG16.
    """

    epsilon = 1e-20

    def __init__(self, vgg16: str | None = None) -> None:
        super().__init__()
        import lpips  # torchvision's models take a while to import

        path = Path(vgg16) if vgg16 else fetch(VGG16.url, VGG16.sha256, size=VGG16.size)
        with warnings.catch_warnings():  # lpips calls torchvision with arguments it has since renamed
            warnings.simplefilter("ignore")
            self.lpips = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
        _load_backbone(self.lpips.net, path)
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def features(self, images: Tensor) -> list[Tensor]:
        """Five stages of VGG16, ``[B, C, h, w]`` each; see :class:`PerceptualDistance`."""
        return [*self.each_stage(images)]

    def each_stage(self, images: Tensor) -> Iterator[Tensor]:
        """The same, one by one; see :class:`PerceptualDistance`."""
        first, *others = self.lpips.net.children()
        x = self.lpips.scaling_layer(images * 2 - 1).contiguous(memory_format=torch.channels_last)
        if max(images.shape[-2:]) < LARGE_SIDE:
            x = first(x)
        else:  # the map between its two convolutions is computed again for the gradient: 0.3 GB less at 1024 px
            x = first[3:](checkpoint(first[:3], x, use_reentrant=False, preserve_rng_state=False))
        yield x
        for stage in others:
            with saved_tensors_hooks(_narrow, _wide):
                x = stage(x)
            yield x

    def weights(self) -> list[Tensor]:
        """The linear heads, ``[C]`` each; see :class:`PerceptualDistance`."""
        return [lin.model[-1].weight.flatten() for lin in self.lpips.lins]

    def distance(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        """The sum over the stages, ``[B]``; see :class:`PerceptualDistance`."""
        return self.stage_distances(features, reference).sum(0)


def _narrow(saved: Tensor) -> Tensor:
    """What pooling keeps to know where each maximum was, with half the bits."""
    return saved.int() if saved.dtype == torch.int64 else saved


def _wide(kept: Tensor) -> Tensor:
    return kept.long() if kept.dtype == torch.int32 else kept


def _load_backbone(net: torch.nn.Module, path: Path) -> None:
    """Load torchvision's VGG16 weights, ``features.N.*``, into the slices of the ``lpips`` package."""
    weights = _read_weights(path)
    renamed = {}
    for name in net.state_dict():
        _, layer, kind = name.split(".")
        try:
            renamed[name] = weights[f"features.{layer}.{kind}"]
        except (KeyError, TypeError, IndexError):  # a dictionary without it, or no dictionary at all
            raise InputError(f"{path} is not a VGG16: it has no tensor features.{layer}.{kind}; {WANTED}") from None
    try:
        net.load_state_dict(renamed)
    except RuntimeError as error:
        raise InputError(f"{path} is not a VGG16: {str(error).splitlines()[-1].strip()}; {WANTED}") from None


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {problem}: {WANTED}, or the name embedded or lpips-vgg")
    try:
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # bytes of anything make torch raise nearly anything, with advice that is of no use here
        raise InputError(f"{path} is not a VGG16: it is no intact file of weights; {WANTED}") from None
    return weights
