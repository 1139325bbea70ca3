"""Which torch device the work runs on."""

from __future__ import annotations

from anon_pipeline.errors import BadInput


def choose_device(wanted: str = "auto") -> str:
    """``auto`` is CUDA where torch finds one, else the CPU. Raises BadInput when CUDA is asked for and absent."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise BadInput(f"unknown device {wanted!r}: auto, cpu or cuda")
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise BadInput("cuda was asked for and torch finds no CUDA device")
    return "cpu"
