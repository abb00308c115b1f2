"""Dropout without state: what is dropped of a photo depends on seed, step and its place in the batch.

So a step that is repeated after a kill drops the same, and so does a batch that is computed in shares, one after the
other or on several devices.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class BatchShare:
    """Photos ``start`` up to ``stop`` of a batch of ``size``."""

    start: int
    stop: int
    size: int


class Dropout(nn.Module):
    """As ``nn.Dropout`` on features of shape (B, D); ``set_batch_share`` says beforehand what is dropped."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.seed = 0
        self.batch_share: BatchShare | None = None

    def forward(self, features: Tensor) -> Tensor:
        if not self.training or not self.share:
            return features
        batch_share = self.batch_share or BatchShare(0, len(features), len(features))
        generator = torch.Generator(features.device).manual_seed(self.seed)
        drawn = torch.rand(batch_share.size, features.shape[1], generator=generator, device=features.device)
        kept = drawn[batch_share.start : batch_share.stop] >= self.share
        return features * kept / (1 - self.share)


def set_batch_share(model: nn.Module, seed: int, batch_share: BatchShare) -> None:
    """Say to all dropouts of a model which share of which batch comes next."""
    for number, module in enumerate(module for module in model.modules() if isinstance(module, Dropout)):
        module.seed, module.batch_share = seed + number, batch_share
