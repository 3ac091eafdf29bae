"""How far codes are from those that the mapping network makes."""

import torch
from torch import Tensor, nn

from rsi.generators import Generator
from rsi.generators.latent_statistics import random_codes
from rsi.numerics.per_image import threads_of_an_image

SAMPLES = 10_000
RIDGE = 1e-4  # is added to the variance of every direction, as a share of the largest: some directions have none


class CodePrior(nn.Module):
    """The squared Mahalanobis distance of codes to the distribution of W, a term that a loss may add.

    Where a target says little, codes drift away from those that the mapping makes, to images that nobody would draw.
    A small weight holds them there; where a target says much, its terms are far larger (Wulff & Torralba 2020, who
    weigh it by the codes before the mapping's last activation; RSI has no such term).

    Args:
        generator: Whose codes they are, of one class if it has several.
        weight: What the distance is multiplied by.

    Attributes:
        mean: Of 10,000 mapped codes, ``[w_dim]``.
        whitening: Makes their covariance the identity, ``[w_dim, w_dim]``.
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, generator: Generator, weight: float) -> None:
        super().__init__()
        self.weight = weight
        with torch.no_grad(), threads_of_an_image(0):
            (codes,) = random_codes(generator, SAMPLES)
            covariance = codes.T.double().cov()
            covariance.diagonal().add_(RIDGE * torch.linalg.matrix_norm(covariance, 2))
            whitening = torch.linalg.cholesky(torch.linalg.inv(covariance))
        self.register_buffer("mean", codes.mean(0), persistent=False)
        self.register_buffer("whitening", whitening.to(codes.dtype), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """The weighted distance as a share of ``w_dim``, ``[B]``: for codes of the mapping's at most about the weight.

        Args:
            codes: ``[B, w_dim]``, or ``[B, rows, w_dim]``, over whose rows it is averaged.
        """
        return self.weight * ((codes - self.mean) @ self.whitening).square().flatten(1).mean(1)
