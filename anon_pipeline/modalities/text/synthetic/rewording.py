"""A hospital's own language model rewords avatars' notes, named by a line of the policy:

    modalities: {text: {options: {language_model: models/our-writer}}}

A model may invent, and may have learnt what a patient's note said. Each rewording is checked against the note that was
composed from the avatar's facts, and only one that says the same in shared words is taken; else the note stays.
The folder is local (``save_pretrained``); nothing is ever fetched. ``transformers`` is an optional dependency.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.text.folding import fold_text

Writer = Callable[[Sequence[str]], list[str]]

PROMPT = "Reformuler ce compte rendu, sans rien y ajouter ni en retirer.\n\n{note}\n\nCompte rendu reformulé :\n"
AT_ONCE = 8
KEPT_WORDS = 0.6
_TOKEN = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+")
NEGATIONS = frozenset(
    ("pas", "sans", "aucun", "aucune", "absence", "absent", "absente", "absents", "absentes", "ni", "non", "jamais",
     "negatif", "negative", "no", "not", "without", "none", "never", "denies")
)  # fmt: skip


def faithful(note: str, reworded: str, shared: frozenset[str]) -> bool:
    """Whether ``reworded`` says what ``note`` says.

    The same numbers and dates in the same order, each after a word that led to it; as many negations; three
    fifths of the words; and no word that is neither in the note nor in ``shared`` (folded words of phrases that enough
    patients share).
    """
    before, after = _tokens(note), _tokens(reworded)
    words = {t for t in before if not t[0].isdigit()}
    new = {t for t in after if not t[0].isdigit()}
    if not after or not new <= words | shared:
        return False
    if len({w for w in words if len(w) > 3} & new) < KEPT_WORDS * len({w for w in words if len(w) > 3}):
        return False
    if sum(t in NEGATIONS for t in before) != sum(t in NEGATIONS for t in after):
        return False
    one, other = _numbers(before), _numbers(after)
    if [number for number, _ in one] != [number for number, _ in other]:
        return False
    return all(not own or own & near for (_, own), (_, near) in zip(one, other, strict=True))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(fold_text(text))


def _numbers(tokens: list[str]) -> list[tuple[str, frozenset[str]]]:
    """Each number with the words of three letters or more that stand between the one before and it."""
    found: list[tuple[str, frozenset[str]]] = []
    words: set[str] = set()
    for token in tokens:
        if token[0].isdigit():
            found.append((token, frozenset(words)))
            words = set()
        elif len(token) > 2:
            words.add(token)
    return found


def reword(notes: Sequence[str], shared: frozenset[str], writer: Writer) -> tuple[list[str], int]:
    """The notes, reworded where the rewording is ``faithful``, and how many were."""
    out, taken = list(notes), 0
    for first in range(0, len(notes), AT_ONCE):
        for place, text in enumerate(writer(notes[first : first + AT_ONCE]), first):
            if text.strip() != notes[place].strip() and faithful(notes[place], text, shared):
                out[place] = text.strip()
                taken += 1
    return out, taken


def words_of(phrases: Sequence[str]) -> frozenset[str]:
    """The folded words of phrases, without their slots."""
    return frozenset(
        t for phrase in phrases for t in _tokens(re.sub("⟨[A-Z0-9_]+⟩", " ", phrase)) if not t[0].isdigit()
    )


def local_writer(folder: Path, device: str = "cpu") -> Writer:
    """A writer over a local causal or sequence-to-sequence model: greedy, so that the same notes give the same text.

    Raises BadInput when it cannot be loaded.
    """
    try:
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
    except ImportError:
        raise BadInput("the policy names a language model, but the package 'transformers' is not installed") from None
    if not folder.is_dir():
        raise BadInput(f"no language model at {folder}")
    try:
        answers = bool(AutoConfig.from_pretrained(folder, local_files_only=True).is_encoder_decoder)
        kind = AutoModelForSeq2SeqLM if answers else AutoModelForCausalLM
        model = kind.from_pretrained(folder, local_files_only=True).eval().to(device)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, padding_side="left")
    except (OSError, ValueError) as error:
        raise BadInput(f"language model at {folder}: {type(error).__name__}") from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    limit = int(getattr(model.config, "max_position_embeddings", 2048) or 2048)

    def write(notes: Sequence[str]) -> list[str]:
        import torch

        prompts = [PROMPT.format(note=note) for note in notes]
        encoded = tokenizer(prompts, return_tensors="pt", padding=True).to(device)
        length = encoded["input_ids"].shape[1]
        room = min(length, limit if answers else limit - length)
        if length > limit or room < 1:
            return list(notes)
        with torch.inference_mode():
            made = model.generate(
                input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], max_new_tokens=room,
                do_sample=False, pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
        return list(tokenizer.batch_decode(made if answers else made[:, length:], skip_special_tokens=True))

    return write
