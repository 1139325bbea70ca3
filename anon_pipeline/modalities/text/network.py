"""The token classifier: hashed n-gram vectors, then residual dilated convolutions over the tokens of a document.

Residual dilated convolutions after Strubell et al. 2017 (ID-CNN for sequence labelling); n-gram buckets after
Bojanowski et al. 2017. About 4.7 million parameters, nearly all of them in the bucket table.
Imported lazily: it needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anon_pipeline.modalities.text.labels import LABELS
from anon_pipeline.modalities.text.tokens import BUCKETS, GAPS, SHAPES

if TYPE_CHECKING:
    import torch

EMBEDDING = 64
SHAPE_DIMENSIONS = 24
GAP_DIMENSIONS = 8
DILATIONS = (1, 2, 4, 8, 16, 32, 1, 1)


def build(channels: int = 96, buckets: int = BUCKETS, dilations: tuple[int, ...] = DILATIONS) -> torch.nn.Module:
    """A fresh classifier. ``forward(words, shapes, gaps, mask) -> (batch, tokens, labels)`` logits.

    words: (batch, tokens, EMBEDDING) float, the mean of a token's n-gram rows (``module.table``);
    shapes, gaps: (batch, tokens) int64; mask: (batch, 1, tokens) float, 0 where there is padding.
    """
    import torch
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.EmbeddingBag(buckets, EMBEDDING, mode="mean")
            self.shape = nn.Embedding(SHAPES, SHAPE_DIMENSIONS)
            self.gap = nn.Embedding(GAPS, GAP_DIMENSIONS)
            self.inward = nn.Conv1d(EMBEDDING + SHAPE_DIMENSIONS + GAP_DIMENSIONS, channels, 3, padding=1)
            self.blocks = nn.ModuleList(nn.Conv1d(channels, channels, 3, padding=d, dilation=d) for d in dilations)
            self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in dilations)
            self.outward = nn.Conv1d(channels, len(LABELS), 1)
            self.drop = nn.Dropout(0.1)
            nn.init.normal_(self.table.weight, std=0.3)

        def forward(
            self, words: torch.Tensor, shapes: torch.Tensor, gaps: torch.Tensor, mask: torch.Tensor
        ) -> torch.Tensor:
            x = torch.cat([words, self.shape(shapes), self.gap(gaps)], dim=2).transpose(1, 2) * mask
            x = torch.relu(self.inward(self.drop(x))) * mask
            for block, norm in zip(self.blocks, self.norms, strict=True):
                x = (x + torch.relu(norm(block(x)))) * mask
            return self.outward(self.drop(x)).transpose(1, 2)

    return Classifier()
