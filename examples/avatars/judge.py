"""The judge's network while it is trained: with normalisation, which goes into the convolutions afterwards."""

from copy import deepcopy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from examples.avatars.perceptual import AttributeNetwork
from rsi.perceptual.judge import CHANNELS, judge_stages

LR = 4e-3
ALL_SPOILED_FROM = 0.7  # share of the steps; small parts are found on intact faces first
CELLS = 8  # with one mean of all positions, as for the other network, mouths and eyebrows are learnt many times slower
NORMALISED = ("enter", "leave")


def judge_network() -> AttributeNetwork:
    """The judge's network, untrained; with PyTorch's own initial weights or without normalisation little is learnt."""
    stages = judge_stages()
    for stage in stages:
        for name in (*NORMALISED, "shortcut"):
            conv = getattr(stage, name)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu" if name in NORMALISED else "linear")
            nn.init.zeros_(conv.bias)
        for name in NORMALISED:
            conv = getattr(stage, name)
            setattr(stage, name, nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels)))
    return AttributeNetwork(stages, CHANNELS[-1], pool=False, cells=CELLS)


def folded(stages: nn.ModuleList) -> nn.ModuleList:
    """The same stages as :class:`rsi.perceptual.JudgeDistance` has them, without normalisation."""
    stages = deepcopy(stages).eval()
    for stage in stages:
        for name in NORMALISED:
            setattr(stage, name, fuse_conv_bn_eval(*getattr(stage, name)))
    return stages
