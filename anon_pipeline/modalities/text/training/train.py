"""Making the token classifier: a stream of fresh fictional documents, cross-entropy, one cycle of AdamW.

The same function trains the model that ships (minutes), a tiny one in a test (seconds), and on a GPU where there is
one. Choosing thresholds is in ``thresholds``.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anon_pipeline.modalities.text import tokens as tk
from anon_pipeline.modalities.text.training.documents import Document, training_document
from anon_pipeline.modalities.text.training.names import NamePools

if TYPE_CHECKING:
    import torch

MEMORY = 0.997  # of the running mean, a step


def encode(document: Document) -> tuple[list[list[int]], list[int], list[int], list[int]]:
    """n-gram buckets, shapes, gaps and labels of the tokens of one document."""
    text = document.text
    offset = tk.style(text) * len(tk.CASES) * tk.LENGTHS
    grams, shapes, gaps, labels = [], [], [], []
    previous = -1
    for start, end in tk.tokenize(text):
        token = text[start:end]
        grams.append(tk.grams(token))
        shapes.append(tk.shape(token) + offset)
        gaps.append(tk.gap(text, previous, start))
        inside = document.labels[start:end]
        labels.append(max(set(inside), key=lambda v: (inside.count(v), v)) if inside[0] != inside[-1] else inside[0])
        previous = end
    return grams, shapes, gaps, labels


def batches(seed: int, size: int, dev: bool = False) -> Iterator[dict[str, Any]]:
    """Endless padded batches of about ``size`` tokens."""
    rng = random.Random(seed)
    pools = NamePools(dev)
    while True:
        made: list[Any] = []
        total = 0
        while total < size:
            encoded = encode(training_document(rng, pools))
            if encoded[1]:
                made.append(encoded)
                total += len(encoded[1])
        yield collate(made)


def collate(made: list[Any]) -> dict[str, Any]:
    """Padded parts of documents of similar lengths, so that little is computed on padding."""
    made = sorted(made, key=lambda m: len(m[1]))
    parts: list[list[Any]] = []
    for one in made:
        if not parts or len(one[1]) > 1.2 * len(parts[-1][0][1]) + 60:
            parts.append([])
        parts[-1].append(one)
    flat: list[int] = []
    offsets: list[int] = []
    for part in parts:
        for grams, *_ in part:
            for ids in grams:
                offsets.append(len(flat))
                flat.extend(ids)
    put = lambda ids: np.array(ids, np.int64)  # noqa: E731
    return {"flat": put(flat), "offsets": put(offsets), "parts": [_pad(part) for part in parts]}


def _pad(made: list[Any]) -> dict[str, np.ndarray]:
    width = max(len(m[1]) for m in made)
    count = len(made)
    shapes = np.zeros((count, width), np.int64)
    gaps = np.zeros((count, width), np.int64)
    labels = np.full((count, width), -100, np.int64)
    where = np.zeros((count, width), bool)
    for row, (_, s, g, y) in enumerate(made):
        n = len(s)
        shapes[row, :n], gaps[row, :n], labels[row, :n], where[row, :n] = s, g, y, True
    return {"shapes": shapes, "gaps": gaps, "labels": labels, "where": where}


def train(
    out: Path,
    *,
    seed: int = 0,
    steps: int = 3000,
    batch_tokens: int = 6000,
    channels: int = 96,
    rate: float = 3e-3,
    device: str = "auto",
    seconds: float | None = None,
    progress: bool = True,
    snapshots: bool = False,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train and write the weights to ``out``; returns losses and counts.

    What is written is the running mean of the weights over the last some hundred steps (Polyak and Juditsky 1992), so
    that a run that is stopped early leaves something good. ``seconds`` ends the run early: the learning rate follows
    whichever of steps or seconds is further along (without ``seconds``, seed and steps give the same weights).
    ``start`` continues from weights written before; ``snapshots`` writes them every 200 steps.
    """
    import torch
    from torch import nn
    from tqdm import tqdm

    from anon_pipeline.modalities.text import network

    torch.manual_seed(seed)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = network.build(channels).to(device)
    if start is not None:
        from anon_pipeline.modalities.text.weights_file import load

        weights, state = load(start), model.state_dict()
        model.load_state_dict({n: torch.from_numpy(weights[n]).to(state[n].dtype) for n in state})
    mean = {n: v.detach().clone() for n, v in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, fused=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.02)
    stream = batches(seed, batch_tokens)
    begun = time.monotonic()
    seen, losses = 0, []
    bar = tqdm(total=steps, disable=not progress or not sys.stderr.isatty(), desc="train")
    for step in range(steps):
        done = step / steps
        if seconds is not None:
            done = max(done, (time.monotonic() - begun) / seconds)
            if done >= 1:
                break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, step / 100 + 0.01) * (1 - done)
        model.train()
        optimiser.zero_grad()
        logits, labels = _forward(model, next(stream), device, torch)
        loss = loss_of(logits, labels)
        loss.backward()
        total = float(loss.detach())
        seen += len(labels)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.is_floating_point():
                    mean[name].lerp_(value, max(1 - MEMORY, 1 / (step + 1)))
        losses.append(total)
        bar.update(1)
        if progress and step % 50 == 49:
            bar.write(
                f"step {step + 1} loss {np.mean(losses[-100:]):.4f} tokens {seen} {time.monotonic() - begun:.0f} s",
                file=sys.stderr,
            )
        if snapshots and step % 200 == 199:
            save(mean, out)
    bar.close()
    save(mean, out)
    return {"steps": len(losses), "tokens": seen, "first_loss": losses[0], "last_loss": float(np.mean(losses[-50:]))}


def _forward(model: Any, batch: dict[str, Any], device: str, torch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (tokens, labels) and labels (tokens) of a batch, padding left out; the bucket table is read once."""
    put = lambda array: torch.from_numpy(array).to(device)  # noqa: E731
    vectors = model.table(put(batch["flat"]), put(batch["offsets"]))
    logits, labels, begin = [], [], 0
    for part in batch["parts"]:
        where = put(part["where"])
        count = int(part["where"].sum())
        words = torch.zeros((*where.shape, vectors.shape[1]), device=device)
        words[where] = vectors[begin : begin + count]
        begin += count
        mask = where.to(words.dtype).unsqueeze(1)
        logits.append(model(words, put(part["shapes"]), put(part["gaps"]), mask)[where])
        labels.append(put(part["labels"])[where])
    return torch.cat(logits), torch.cat(labels)


def save(state: dict[str, torch.Tensor], out: Path) -> None:
    """Weights in one compressed .npz, through a temporary name (format: ``weights_file``)."""
    from anon_pipeline.modalities.text.network import DILATIONS
    from anon_pipeline.modalities.text.weights_file import pack

    arrays = pack({name: value.detach().cpu().numpy() for name, value in state.items()})
    arrays["dilations"] = np.array(DILATIONS, np.int64)
    temporary = out.with_name(f".{out.name}.partial.npz")
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(temporary, allow_pickle=False, **arrays)
    temporary.replace(out)
