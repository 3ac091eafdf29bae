"""Quantisation tables as libjpeg makes them."""

from collections.abc import Sequence

import torch
from torch import Tensor

QUALITIES = range(1, 101)

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)


def standard_tables(quality: int) -> Tensor:
    """The tables of Y, Cb and Cr that libjpeg uses at a quality.

    Args:
        quality: 1 to 100.

    Returns:
        ``[3, 8, 8]`` float32, whole numbers from 1 to 255, in row-major order.

    Source: ITU-T T.81, tables K.1 and K.2; their scaling is that of the Independent JPEG Group's libjpeg.
    """
    percentage = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = torch.tensor([_LUMA, _CHROMA, _CHROMA])
    return ((tables * percentage + 50) // 100).clamp(1, 255).float()


def quality_of(tables: Tensor) -> int:
    """The libjpeg quality whose tables are nearest in the sum of absolute differences.

    Args:
        tables: ``[3, 8, 8]`` of Y, Cb and Cr or ``[1, 8, 8]`` of Y alone, in row-major order.

    Returns:
        1 to 100; exact for files that libjpeg wrote with a quality.
    """
    return min(QUALITIES, key=lambda quality: _distance(tables, standard_tables(quality)))


def _distance(tables: Tensor, others: Tensor) -> float:
    return float((tables.cpu() - others[: len(tables)]).abs().sum())


def sampling_name(sampling: Sequence[int]) -> str:
    """Chroma sampling in the usual notation: (2, 2) is ``4:2:0``."""
    across, down = sampling
    if across not in (1, 2, 4) or down not in (1, 2):
        return f"{across}x{down}"
    return f"4:{4 // across}:{4 // across if down == 1 else 0}"
