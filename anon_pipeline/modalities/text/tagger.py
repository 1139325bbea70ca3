"""Running the token classifier: weights from a file, batches of documents in, probabilities of tokens out.

Vectors of tokens that were seen before are kept (a bounded table), so that most of a document costs a look-up.
Training is in ``training``; turning probabilities into spans is in ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.text import tokens as tk
from anon_pipeline.modalities.text.weights_file import load

WEIGHTS = Path(__file__).parent / "weights" / "classifier.npz"
BATCH_TOKENS = 4096
CACHE_ROWS = 1 << 17


@dataclass(frozen=True)
class Tags:
    """``spans``: (n, 2) offsets of the tokens; ``scores``: (n, labels) probabilities, float32."""

    spans: NDArray[np.int64]
    scores: NDArray[np.float32]


class Tagger:
    """One loaded classifier on one device."""

    def __init__(self, weights: Path = WEIGHTS, device: str = "cpu") -> None:
        import torch

        if not weights.is_file():
            raise BadInput(f"no classifier weights at {weights.name}: run 'anon-pipeline text --train'")
        arrays = load(weights)
        arrays.setdefault("dilations", np.array((1, 2, 4, 8, 16, 1)))
        self.torch, self.device = torch, device
        self.table = arrays["table.weight"]
        put = lambda name: torch.from_numpy(arrays[name]).to(device)  # noqa: E731
        self.shape_rows, self.gap_rows = put("shape.weight"), put("gap.weight")
        self.inward = (put("inward.weight"), put("inward.bias"))
        self.blocks: list[tuple[Any, Any, int]] = []
        for i, dilation in enumerate(
            arrays["dilations"].tolist()
        ):  # batch normalisation folds into the convolution before it
            weight, bias = put(f"blocks.{i}.weight"), put(f"blocks.{i}.bias")
            scale = put(f"norms.{i}.weight") / torch.sqrt(put(f"norms.{i}.running_var") + 1e-5)
            shift = put(f"norms.{i}.bias") - put(f"norms.{i}.running_mean") * scale
            self.blocks.append((weight * scale[:, None, None], bias * scale + shift, dilation))
        self.outward = (put("outward.weight"), put("outward.bias"))
        self._forget()

    def _forget(self) -> None:
        self.rows: dict[str, int] = {}
        self.vectors = np.zeros((4096, self.table.shape[1]), np.float32)
        self.shapes = np.zeros(4096, np.int64)

    def _row(self, token: str) -> int:
        row = len(self.rows)
        if row == len(self.vectors):
            self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)])
            self.shapes = np.concatenate([self.shapes, np.zeros_like(self.shapes)])
        self.vectors[row] = self.table[tk.grams(token)].mean(axis=0)
        self.shapes[row] = tk.shape(token)
        self.rows[token] = row
        return row

    def _encode(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
        found = tk.tokenize(text)
        spans = np.array(found, np.int64).reshape(-1, 2)
        rows = self.rows
        ids = np.empty(len(found), np.int64)
        for i, (start, end) in enumerate(found):
            token = text[start : min(end, start + 64)]
            row = rows.get(token)
            ids[i] = self._row(token) if row is None else row
        width = spans[1:, 0] - spans[:-1, 1]
        gaps = np.full(len(found), 3, np.int64)
        gaps[1:] = np.minimum(width, 2)
        if "\t" in text:
            for after in np.flatnonzero(width == 1) + 1:
                if text[spans[after, 0] - 1] == "\t":
                    gaps[after] = 2
        return spans, ids, gaps, tk.style(text) * len(tk.CASES) * tk.LENGTHS

    def predict(self, texts: list[str]) -> list[Tags]:
        """Probabilities for every token of every text; texts should be at most some 10,000 characters."""
        if len(self.rows) > CACHE_ROWS:
            self._forget()
        encoded = [self._encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i][1]))
        labels = self.outward[0].shape[0]
        out: list[Tags] = [Tags(e[0], np.zeros((len(e[1]), labels), np.float32)) for e in encoded]
        group: list[int] = []
        for i in order:
            if group and (len(group) + 1) * len(encoded[i][1]) > BATCH_TOKENS:
                self._score(group, encoded, out)
                group = []
            if len(encoded[i][1]):
                group.append(i)
        if group:
            self._score(group, encoded, out)
        return out

    def _score(self, group: list[int], encoded: list[Any], out: list[Tags]) -> None:
        torch = self.torch
        functional = torch.nn.functional
        width = max(len(encoded[i][1]) for i in group)
        ids = np.zeros((len(group), width), np.int64)
        shapes = np.zeros((len(group), width), np.int64)
        gaps = np.zeros((len(group), width), np.int64)
        mask = np.zeros((len(group), 1, width), np.float32)
        for row, i in enumerate(group):
            _, tokens, gap, offset = encoded[i]
            n = len(tokens)
            ids[row, :n], gaps[row, :n], mask[row, 0, :n] = tokens, gap, 1
            shapes[row, :n] = self.shapes[tokens] + offset
        with torch.inference_mode():
            put = lambda array: torch.from_numpy(array).to(self.device)  # noqa: E731
            held = put(mask)
            words = put(self.vectors[ids.ravel()].reshape(*ids.shape, -1))
            x = torch.cat([words, self.shape_rows[put(shapes)], self.gap_rows[put(gaps)]], dim=2).transpose(1, 2) * held
            x = torch.relu_(functional.conv1d(x, *self.inward, padding=1)).mul_(held)
            for weight, bias, dilation in self.blocks:
                x = (
                    torch.relu_(functional.conv1d(x, weight, bias, padding=dilation, dilation=dilation))
                    .add_(x)
                    .mul_(held)
                )
            logits = functional.conv1d(x, *self.outward).transpose(1, 2)
            scores = torch.softmax(logits, dim=2).cpu().numpy()
        for row, i in enumerate(group):
            out[i].scores[:] = scores[row, : len(encoded[i][1])]
