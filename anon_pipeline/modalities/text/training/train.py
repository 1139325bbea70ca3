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
    made = sorted(made, key=lambda m: len(m[1]))
    half = len(made) * 3 // 4  # two parts of similar lengths waste less on padding
    parts = [_pad(part) for part in (made[:half], made[half:]) if part]
    return {"parts": parts}


def _pad(made: list[Any]) -> dict[str, np.ndarray]:
    width = max(len(m[1]) for m in made)
    count = len(made)
    shapes = np.zeros((count, width), np.int64)
    gaps = np.zeros((count, width), np.int64)
    labels = np.full((count, width), -100, np.int64)
    flat: list[int] = []
    offsets: list[int] = []
    where = np.zeros((count, width), bool)
    for row, (grams, s, g, y) in enumerate(made):
        n = len(s)
        shapes[row, :n], gaps[row, :n], labels[row, :n], where[row, :n] = s, g, y, True
        for ids in grams:
            offsets.append(len(flat))
            flat.extend(ids)
    return {"flat": np.array(flat, np.int64), "offsets": np.array(offsets, np.int64), "shapes": shapes, "gaps": gaps,
            "labels": labels, "where": where}  # fmt: skip


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
    """Train and write the weights (float16) to ``out``; returns losses and counts.

    ``seconds`` ends the run early: the learning rate follows whichever of steps or seconds is further along.
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
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    loss_of = nn.CrossEntropyLoss(ignore_index=-100, label_smoothing=0.02)
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
        total = 0.0
        for part in next(stream)["parts"]:
            logits, labels = _forward(model, part, device, torch)
            loss = loss_of(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))
            weight = float((part["labels"] != -100).sum()) / batch_tokens
            (loss * weight).backward()
            total += float(loss.detach()) * weight
            seen += int((part["labels"] != -100).sum())
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(total)
        bar.update(1)
        if progress and step % 100 == 99:
            bar.write(
                f"step {step + 1} loss {np.mean(losses[-100:]):.4f} tokens {seen} {time.monotonic() - begun:.0f} s",
                file=sys.stderr,
            )
        if snapshots and step % 200 == 199:
            save(model, out)
    bar.close()
    save(model, out)
    return {"steps": len(losses), "tokens": seen, "first_loss": losses[0], "last_loss": float(np.mean(losses[-50:]))}


def _forward(model: Any, part: dict[str, np.ndarray], device: str, torch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    put = lambda name: torch.from_numpy(part[name]).to(device)  # noqa: E731
    where = put("where")
    vectors = model.table(put("flat"), put("offsets"))
    words = torch.zeros((*where.shape, vectors.shape[1]), device=device)
    words[where] = vectors
    mask = where.to(words.dtype).unsqueeze(1)
    return model(words, put("shapes"), put("gaps"), mask), put("labels")


def save(model: Any, out: Path) -> None:
    """Weights in one compressed .npz, through a temporary name (format: ``weights_file``)."""
    from anon_pipeline.modalities.text.weights_file import pack

    arrays = pack({name: value.detach().cpu().numpy() for name, value in model.state_dict().items()})
    temporary = out.with_name(f".{out.name}.partial.npz")
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(temporary, allow_pickle=False, **arrays)
    temporary.replace(out)
