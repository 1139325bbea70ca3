"""The vocabulary: words of the trade pass, everything else does not; dates and codes as their own files say."""

from __future__ import annotations

import pytest

from anon_pipeline.errors import BadInput
from anon_pipeline.modalities.imaging import codes, dates, icc
from anon_pipeline.modalities.imaging.profile import load_profile
from anon_pipeline.modalities.imaging.text import Vocabulary, words

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CT CHEST WITHOUT CONTRAST", "CT CHEST WITHOUT CONTRAST"),
        ("TDM thorax DUPONT", "TDM thorax"),
        ("T2 TSE 3.0 mm", "T2 TSE 3.0 mm"),
        ("AbdomenRoutine", "AbdomenRoutine"),
        ("appeler le 06 12 34 56 78", "le"),
        ("NIR 2850578006084 91", ""),
        ("12/03/2021 thorax", "thorax"),
        ("jean@dupont.fr foie", "foie"),
        ("8012345", ""),
        ("poumon gauche; DURAND", "poumon gauche"),
        ("D U P O N T thorax", "thorax"),
        ("d.u.p.o.n.t thorax", "thorax"),
        ("né 12/3/57 thorax", "thorax"),
        ("homme 92 ans", "homme"),
        ("山 田 thorax", "thorax"),
    ],
)
def test_words(text, expected):
    assert Vocabulary().clean(text, NOBODY) == expected


def test_uids_in_text_are_replaced():
    cleaned = Vocabulary().clean("image 1.2.840.113619.2.1.99 normal", NOBODY, lambda uid: "2.25.7")
    assert cleaned == "image normal 2.25.7"


def test_no_common_surname_or_first_name_is_in_the_vocabulary():
    from anon_pipeline.modalities.imaging.text import fold
    from anon_pipeline.surrogates import words as lists

    technical = {"bravo", "constant", "european", "female", "grand", "green", "iris", "italian", "long", "male",
                 "masse",
                 "near", "other", "parent",
                 "particles", "portal", "rest", "shin", "vial", "white"}  # fmt: skip
    folder = lists.__file__.rsplit("/", 1)[0]
    for name in ("surnames", "first_names"):
        with open(f"{folder}/data/{name}.txt", encoding="utf-8") as stream:  # noqa: PTH123
            found = {fold(part) for line in stream for part in line.split()} & set(words())
        assert not {word for word in found - technical if len(word) > 3}


def test_dates():
    assert dates.shift_date("20200301", -1) == "20200229"
    assert dates.shift_date("2020.03.01", -1) == "2020.02.29"
    assert dates.shift_date("20201301", -1) is None
    assert dates.shift_datetime("202003", -31) == "202002"
    assert dates.shift_datetime("20200301101112.123456-0500", -1) == "20200229101112.123456-0500"
    assert dates.cap_age("089Y") == "089Y"
    assert dates.cap_age("091Y") == "090Y"
    assert dates.cap_age("999M") == "999M"
    assert dates.cap_age("forty") is None
    assert dates.valid_time("101112.5")
    assert not dates.valid_time("1011DUPONT")


def test_codes():
    assert codes.verhoeff("51185008")
    assert not codes.verhoeff("51185009")
    assert codes.is_public("SCT", "51185008")
    assert codes.is_public("DCM", "121106")
    assert codes.is_public("LN", "18748-4")
    assert not codes.is_public("LN", "18748-5")
    assert not codes.is_public("SCT", "2850578006084")
    assert not codes.is_public("99CHU", "1")
    assert codes.published_meaning("DCM", "121106") == "Comment"


def test_icc_profiles_lose_their_texts():
    head = bytes(36) + b"acsp" + bytes(88)
    text = b"text\0\0\0\0Owned by KERBRATZ\0"
    curve = b"curv" + bytes(8)
    table = (2).to_bytes(4, "big")
    place = 128 + 4 + 24
    for name, data in ((b"cprt", text), (b"rTRC", curve)):
        table += name + place.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        place += len(data)
    cleaned = icc.clean(head + table + text + curve)
    assert cleaned is not None
    assert b"KERBRATZ" not in cleaned
    assert cleaned.endswith(curve)
    assert icc.clean(b"KERBRATZ" * 40) is None


def test_a_wrong_profile_is_told_by_its_keys(tmp_path):
    path = tmp_path / "profile.yaml"
    path.write_text("schema: anon-pipeline/imaging-profile/1\nretain_everything: true\n")
    with pytest.raises(BadInput, match="retain_everything"):
        load_profile(path)
    path.write_text("schema: anon-pipeline/imaging-profile/1\nretain_uids: true\n")
    assert load_profile(path).retain_uids
