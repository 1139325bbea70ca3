"""What a contig is: its plain name, its place in the order of the genome, its build and its length.

Facts only (Genome Reference Consortium, GRCh37 and GRCh38 primary assemblies); reading files belongs to ``reading``.
"""

from __future__ import annotations

CHR1_LENGTH = {249_250_621: "GRCh37", 248_956_422: "GRCh38"}
LENGTHS = {
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
        135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
        48129895, 51304566, 155270560, 59373566, 16569,
    ),
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
        135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
        46709983, 50818468, 156040895, 57227415, 16569,
    ),
}  # fmt: skip
ORDER = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
_ALIASES = {"23": "X", "24": "Y", "25": "X", "26": "MT", "M": "MT"}


def plain_name(contig: str) -> str:
    """``chr7`` -> ``7``, ``chrM`` -> ``MT``: the name without its naming convention."""
    name = contig[3:] if contig.lower().startswith("chr") else contig
    name = name.upper() if name.upper() in ("X", "Y", "M", "MT") else name
    return _ALIASES.get(name, name)


def build_of(lengths: dict[str, int]) -> str | None:
    """The build that the header's contig lengths agree with, or None when they say nothing."""
    for contig, length in lengths.items():
        name = plain_name(contig)
        if name not in ORDER or name == "MT":
            continue
        for build, known in LENGTHS.items():
            if known[ORDER.index(name)] == length:
                return build
    return None


def length_of(contig: str, build: str | None) -> int | None:
    """The reference length of a contig in bases, when the build and the contig are known."""
    name = plain_name(contig)
    return LENGTHS[build][ORDER.index(name)] if build and name in ORDER else None


def is_autosome(contig: str) -> bool:
    """False for X, Y and MT; contigs with other names count as autosomes."""
    return plain_name(contig) not in ("X", "Y", "MT")
