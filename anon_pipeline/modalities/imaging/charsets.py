"""Specific Character Set (0008,0005): bytes to text and back (PS3.3 C.12.1.1.2). No cleaning here."""

from __future__ import annotations

from functools import lru_cache

from anon_pipeline.modalities.imaging.text import fold


@lru_cache(maxsize=64)
def encodings(charset: bytes) -> tuple[str, ...]:
    """Python's names of the encodings of the attribute's terms."""
    from pydicom.charset import python_encoding

    out = []
    for term in charset.split(b"\\"):
        name = term.strip(b" \0").decode("ascii", "replace")
        out.append(python_encoding.get(name, "latin_1"))
    return tuple(out) or ("iso8859",)


def known(charset: bytes) -> bool:
    """Whether every term of the attribute is one of the standard's."""
    from pydicom.charset import python_encoding

    return all(t.strip(b" \0").decode("ascii", "replace") in python_encoding for t in charset.split(b"\\"))


def decode(value: bytes, charset: bytes) -> str:
    """Text of a value; bytes that the character set does not have become spaces."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    names = encodings(charset)
    if len(names) == 1 and b"\x1b" not in value:
        return value.decode(names[0], "replace").replace("\ufffd", " ")
    import warnings

    from pydicom.charset import decode_bytes

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning would quote the value
            return decode_bytes(value, list(names), set(b"\\\r\n^="))
    except (UnicodeError, LookupError, ValueError):
        return value.decode("latin-1").replace("\x1b", " ")


def encode(text: str, charset: bytes) -> bytes:
    """Bytes of a text in the first character set where it has one byte a character or is UTF-8, else plain ASCII."""
    if text.isascii():
        return text.encode()
    name = encodings(charset)[0]
    if name.startswith(("iso8859", "latin", "utf", "iso_ir", "cp", "gb18030")):
        try:
            return text.encode(name)
        except UnicodeError:
            pass
    return fold(text).encode("ascii", "ignore")
