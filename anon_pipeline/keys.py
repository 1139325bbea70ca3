"""Secrets and everything that is derived from them: keyed bytes, keyed integers, seeded generators.

One secret of at least 32 bytes per hospital. Each use derives its own sub-key (HMAC-SHA-256, NIST
SP 800-108 in counter mode with one block), so that what one modality publishes says nothing about
another's. Reading keys from Dagster's configuration does not belong here.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anon_pipeline.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

MINIMUM_KEY_BYTES = 32
KEY_VARIABLE = "ANON_PIPELINE_KEY"
KEY_FILE_VARIABLE = "ANON_PIPELINE_KEY_FILE"


def _joined(labels: tuple[str | int, ...]) -> bytes:
    parts = [str(label).encode("utf-8", "surrogatepass") for label in labels]
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


@dataclass(frozen=True, repr=False)
class Key:
    """A secret; it never prints itself."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) < MINIMUM_KEY_BYTES:
            raise BadInput(f"the key has {len(self.secret)} bytes; at least {MINIMUM_KEY_BYTES} are needed")
        if len(set(self.secret)) < 8:
            raise BadInput("the key is too regular to be a secret (fewer than 8 distinct bytes)")

    def __repr__(self) -> str:
        return "Key(...)"

    def digest(self, *labels: str | int) -> bytes:
        """32 bytes that only the holder of the key can compute from ``labels`` (purpose first)."""
        return hmac.new(self.secret, _joined(labels), hashlib.sha256).digest()

    def derive(self, purpose: str) -> Key:
        """A sub-key for one purpose."""
        return Key(self.digest("derive", purpose))

    def integer(self, below: int, *labels: str | int) -> int:
        """An integer in [0, below), uniform to within 2^-128."""
        wide = self.digest("integer-1", *labels) + self.digest("integer-2", *labels)
        return int.from_bytes(wide, "big") % below

    def rng(self, *labels: str | int) -> np.random.Generator:
        """A numpy generator that is a function of the key and the labels."""
        import numpy as np

        return np.random.Generator(np.random.PCG64(int.from_bytes(self.digest("rng", *labels), "big")))


def seeded_rng(seed: int, *labels: str | int) -> np.random.Generator:
    """A generator for uses without a key (the fictional hospital, attacks): a function of seed and labels."""
    import numpy as np

    digest = hashlib.sha256(_joined((seed, *labels))).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def key_from_file(path: Path | str) -> Key:
    """Read a key file: raw bytes, or hexadecimal or other text on one line.

    Raises BadInput when the file is missing, readable by others than its owner, or weak.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        content = path.read_bytes().strip(b"\r\n")
    except OSError as error:
        raise BadInput(f"key file {path}: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise BadInput(f"key file {path} is readable by others: its mode must be 0600")
    return Key(content)


def key_from_environment() -> Key:
    """The key named by ANON_PIPELINE_KEY_FILE or held by ANON_PIPELINE_KEY. Raises BadInput when neither is set."""
    if path := os.environ.get(KEY_FILE_VARIABLE):
        return key_from_file(path)
    if value := os.environ.get(KEY_VARIABLE):
        return Key(value.encode())
    raise BadInput(f"no key: set {KEY_FILE_VARIABLE} (a file of mode 0600) or {KEY_VARIABLE}")


def new_key_file(path: Path | str) -> Path:
    """Write a fresh random key with mode 0600; refuses to replace a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(os.urandom(32).hex() + "\n")
    return path
