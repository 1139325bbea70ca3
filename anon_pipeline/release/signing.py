"""Signatures: an in-toto Statement (v1) in a DSSE envelope, signed with Ed25519 (RFC 8032).

The envelope and the keys are securesystemslib's, the statement is in-toto-attestation's. What is said in a
statement belongs to ``manifest``.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anon_pipeline.errors import BadInput, PermanentFailure

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

PAYLOAD_TYPE = "application/vnd.in-toto+json"
SIGNING_KEY_VARIABLE = "ANON_PIPELINE_SIGNING_KEY_FILE"


class SignatureInvalid(PermanentFailure):
    """The envelope is not what it should be, or no signature of the given key verifies."""


def new_signing_key(path: Path) -> Path:
    """Write a new Ed25519 private key (PKCS #8 PEM, mode 0600) and ``PATH.pub``; never replaces a file."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(f"signing key {path} exists already") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    path.with_name(path.name + ".pub").write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return path


def load_signer(path: Path | None) -> CryptoSigner:
    """The signer of a private key file; without ``path``, of the file that ANON_PIPELINE_SIGNING_KEY_FILE names.

    Raises BadInput when it is missing, readable by others, or not an Ed25519 key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner

    if path is None:
        named = os.environ.get(SIGNING_KEY_VARIABLE)
        if not named:
            raise BadInput(f"no signing key: set {SIGNING_KEY_VARIABLE} (a PEM file of mode 0600)")
        path = Path(named)
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise BadInput(f"signing key {path}: {error.strerror}") from None
    if mode & 0o077:
        raise BadInput(f"signing key {path} is readable by others: its mode must be 0600")
    try:
        private = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError):
        raise BadInput(f"signing key {path}: not an unencrypted PEM private key") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput(f"signing key {path}: not an Ed25519 key")
    return CryptoSigner(private)


def public_pem(signer: CryptoSigner) -> str:
    """The public key of a signer, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer.public_key.keyval["public"]))
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def sign(statement: dict[str, Any], signer: CryptoSigner) -> dict[str, Any]:
    """A DSSE envelope over the statement, as JSON data. Ed25519 is deterministic, and so is the envelope."""
    from google.protobuf import json_format
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope

    subjects = [ResourceDescriptor(name=s["name"], digest=s["digest"]).pb for s in statement["subject"]]
    checked = Statement(subjects, statement["predicateType"], statement["predicate"])
    checked.validate()
    payload = json.dumps(json_format.MessageToDict(checked.pb), sort_keys=True, separators=(",", ":"))
    envelope = Envelope(payload.encode(), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return envelope.to_dict()


def opened(document: dict[str, Any], pem: str) -> dict[str, Any]:
    """The statement inside an envelope, once a signature of the public key verifies. Raises SignatureInvalid."""
    from cryptography.hazmat.primitives import serialization
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import Error
    from securesystemslib.signer import SSlibKey

    try:
        envelope = Envelope.from_dict(json.loads(json.dumps(document)))
        key = SSlibKey.from_crypto(serialization.load_pem_public_key(pem.encode()))
    except (KeyError, TypeError, ValueError, AttributeError, Error):
        raise SignatureInvalid("the envelope or the public key cannot be read") from None
    if envelope.payload_type != PAYLOAD_TYPE:
        raise SignatureInvalid("the envelope does not hold an in-toto statement")
    try:
        envelope.verify([key], 1)
        return json.loads(envelope.payload)
    except (Error, ValueError):
        raise SignatureInvalid("no signature of this key verifies") from None
