"""Networks that are taken for a StyleGAN2, told by the names of their tensors, and why they cannot be used."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rsi.generators.files.inert_pickle import dictionary

STYLES = "the methods need the styles of StyleGAN2's filters"
ALONE = "a discriminator alone: give the file with the generator"
FASTGAN = f"a FastGAN, or a Projected GAN with its generator: {STYLES}"
RESNET = "a StyleGAN2 of architecture resnet, which adds up features instead of pictures: only skip is supported"
CLEAN = (
    "GFPGAN's clean network, which is no StyleGAN2: it enlarges before it convolves, so that its pictures differ from "
    "the borders inwards; use the StyleGAN2 that it was made of"
)
GFPGAN = (
    "GFPGAN, which restores faces by itself: its generator was tuned for the features of its encoder, which a "
    "generator alone does not get"
)
OTHERS = (  # the pattern of a name that only this network has, and what it is
    (r"stylegan_decoder\.constant_input\.weight", GFPGAN),
    (r"style_conv1\.bias", CLEAN),
    (r"synthesis\.b\d+\.skip\.weight", RESNET),
    (r"(?:synthesis\.)?(?:init\.init\..*|se_64\.main\..*|to_big\..*)", FASTGAN),
    (
        r"GE?\.initial_block|[SG]E?\.net\.0\.weight",
        f"a network of lucidrains's stylegan2-pytorch, which is one of its own: {STYLES}",
    ),
    (
        r"synthesis\.layer0\.style\.weight|truncation\.w_avg",
        "a StyleGAN2 with GenForce's names, which are not supported: give the file that it was converted from",
    ),
    (
        r"synthesis\.input\.freqs",
        "the state dict of a StyleGAN3 or StyleGAN-XL, which lacks sizes that the .pkl has: give that",
    ),
    (r"final_linear\..*|b4\.out\.weight|discriminator\..*", ALONE),
)
NESTED = ("GAN", "generator_smooth")
DISCRIMINATORS, GENERATORS = ("d", "D"), {"g", "G", "g_ema", "G_ema"}
WRAPPED = r"(?:generator_ema\.|generator\.|decoder\.|module\.|G\.)*"


def name_other_network(root: object, states: Iterable[Mapping[Any, Any]]) -> str:
    """What a file holds instead of a StyleGAN2 that can be used; empty if that is not known.

    Args:
        root: The file.
        states: The state dicts that may be a generator's.
    """
    named = dictionary(root)
    nested = NESTED if GENERATORS & named.keys() else NESTED + DISCRIMINATORS
    names = [str(name) for state in (*states, *(dictionary(named.get(key)) for key in nested)) for name in state]
    for pattern, kind in OTHERS:
        whole = re.compile(WRAPPED + f"(?:{pattern})")
        if any(map(whole.fullmatch, names)):
            return kind
    if {"params", "params_ema"} & named.keys():
        return "a network made with BasicSR that is no StyleGAN2: most of its networks restore images by themselves"
    return ""
