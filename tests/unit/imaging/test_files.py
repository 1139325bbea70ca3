"""Files as bytes: what cannot be understood or may not leave is held with its reason; nothing ever crashes."""

from __future__ import annotations

import json
import os
import random

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from anon_pipeline.modalities.imaging import bulk
from anon_pipeline.modalities.imaging.instance import Deidentifier
from anon_pipeline.modalities.imaging.profile import Profile
from anon_pipeline.modalities.imaging.quarantine import HeldBack

from .conftest import KEY, make, save


def reason(deidentifier, ds, tmp_path, data: bytes | None = None) -> str:
    source = tmp_path / "source.dcm"
    if data is None:
        save(ds, source)
    else:
        source.write_bytes(data)
    with pytest.raises(HeldBack) as held:
        deidentifier.file(source, tmp_path / "target.dcm")
    assert not (tmp_path / "target.dcm").exists()
    return held.value.reason


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"BodyPartExamined": "HEAD"}, "head_volume"),
        ({"BodyPartExamined": "CHEST", "SeriesDescription": "IRM cérébrale T1"}, "head_volume"),
        ({"BodyPartExamined": None, "PixelSpacing": ["15", "15"]}, "head_volume"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6"}, "whole_slide"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "encapsulated_document"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66"}, "raw_data"),
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, "unknown_sop_class"),
        ({"Rows": 32}, "pixel_length"),
    ],
)
def test_what_may_not_leave_is_held(deidentifier, tmp_path, attributes, expected):
    assert reason(deidentifier, make(**attributes), tmp_path) == expected


def test_head_may_leave_when_the_profile_says_so(cleaned):
    out = cleaned(make(BodyPartExamined="HEAD"), profile=Profile(recognizable_visual_features="keep"))
    assert out.BodyPartExamined == "HEAD"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"%PDF-1.7 " + bytes(200), "not_dicom"), (b"II*\0" + bytes(200), "whole_slide"), (b"", "not_dicom"),
     (bytes(128) + b"DICM", "truncated")],
)  # fmt: skip
def test_other_files_are_held(deidentifier, tmp_path, data, expected):
    assert reason(deidentifier, None, tmp_path, data) == expected


def test_cut_and_damaged_files_are_cleaned_or_held_never_more(tmp_path):
    deidentifier = Deidentifier(Profile(clean_pixel_data=False), KEY)
    source = save(make(PatientComments="ZQVOXIRMU"), tmp_path / "whole.dcm")
    whole, rng = source.read_bytes(), random.Random(3)
    outcomes = set()
    for number in range(150):
        data = bytearray(whole)
        if number % 3 == 0:
            del data[rng.randrange(140, len(data)) :]
        else:
            for _ in range(3):
                data[rng.randrange(132, len(data) - 512)] = rng.randrange(256)
        damaged, target = tmp_path / "damaged.dcm", tmp_path / f"out{number}.dcm"
        damaged.write_bytes(data)
        try:
            deidentifier.file(damaged, target)
        except HeldBack as held:
            outcomes.add(held.reason)
            assert not target.exists()
        else:
            outcomes.add("released")
            assert b"ZQVOXIRMU" not in target.read_bytes()
    assert {"released", "truncated"} <= outcomes


def test_compressed_frames_are_bit_identical(tmp_path, deidentifier):
    ds = make(PixelData=np.random.default_rng(0).integers(0, 900, 256, dtype="<u2").tobytes())
    save(ds, tmp_path / "plain.dcm")
    ds = pydicom.dcmread(tmp_path / "plain.dcm")
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(tmp_path / "rle.dcm")
    deidentifier.file(tmp_path / "rle.dcm", tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.file_meta.TransferSyntaxUID == RLELossless
    assert out.PixelData == ds.PixelData


def test_bytes_beyond_the_picture_do_not_leave(tmp_path, deidentifier):
    ds = make()
    ds.PixelData = ds.PixelData + b"ZQVOXIRMU KERBRA"
    save(ds, tmp_path / "in.dcm")
    deidentifier.file(tmp_path / "in.dcm", tmp_path / "out.dcm")
    assert b"ZQVOXIRMU" not in (tmp_path / "out.dcm").read_bytes()


def test_comments_in_a_jpeg_are_blanked_in_place():
    scan = b"\xff\xda\x00\x04\x01\x02\x10\x20\x30\xff\xd9"
    plain = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + scan
    assert bulk.clean_frame("1.2.840.10008.1.2.4.50", plain) == plain
    comment = b"DUPONT JEAN 1950"
    named = plain[:20] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + plain[20:] + b"DUPONT"
    cleaned = bulk.clean_frame("1.2.840.10008.1.2.4.50", named)
    assert len(cleaned) == len(named)
    assert b"DUPONT" not in cleaned
    codestream = b"\xff\x4f\xff\x64\x00\x0eKak" + b"\0" * 9 + b"\xff\xd9"
    assert bulk.clean_frame("1.2.840.10008.1.2.4.90", codestream) == codestream


def test_a_comment_between_the_scans_or_after_a_false_end_is_blanked():
    jpeg = "1.2.840.10008.1.2.4.50"
    scan = b"\xff\xda\x00\x04\x01\x02\x10\xff\x00\x30"
    comment = b"\xff\xfe\x00\x0bZQVOXIRMU"
    frame = b"\xff\xd8" + scan + comment + scan + b"\xff\xd9"
    cleaned = bulk.clean_frame(jpeg, frame + b"ZQVOXIRMU\xff\xd9")
    assert len(cleaned) == len(frame) + 11
    assert b"ZQVOXIRMU" not in cleaned
    assert cleaned[: len(frame)] == frame.replace(comment[4:], bytes(9))
    segment = b"\xff\xe1\x00\x0bZQVOXIRMU"
    assert b"ZQVO" not in bulk.clean_frame(jpeg, b"\xff\xd8" + segment + scan + b"\xff\xd9")
    with pytest.raises(HeldBack, match="pixel_unreadable"):
        bulk.clean_frame(jpeg, b"ZQVOXIRMU" * 9)


def test_bytes_that_no_rle_decoder_reads_are_blanked():
    plane = b"\x0f" + bytes(range(16))
    frame = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + plane
    assert bulk.clean_frame(RLELossless, frame, 1, 16) == frame
    cleaned = bulk.clean_frame(RLELossless, frame[:12] + b"ZQVOXIRMU" + frame[21:] + b"ZQVOXIRMU", 1, 16)
    assert cleaned == frame + bytes(9)
    with pytest.raises(HeldBack, match="pixel_unreadable"):
        bulk.clean_frame(RLELossless, frame, 2, 16)


def test_pixels_where_the_class_has_none_and_photographs_are_held(deidentifier, tmp_path):
    report = make(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR")
    assert reason(deidentifier, report, tmp_path) == "unexpected_pixels"
    photograph = make(SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.4", Modality="XC")
    assert reason(deidentifier, photograph, tmp_path) == "photograph"


def test_nothing_in_the_folder_is_passed_over(tmp_path):
    from anon_pipeline.modalities.imaging.engine import deidentify_folder

    source = tmp_path / "in"
    save(make(), source / "image.dcm")
    (tmp_path / "elsewhere").mkdir()
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    (source / "link.dcm").symlink_to(source / "image.dcm")
    os.mkfifo(source / "pipe")
    (source / "note.txt").write_text("KERBRATZ")
    (source / os.fsdecode(b"\xe9tude.dcm")).write_bytes(b"")
    report = deidentify_folder(source, tmp_path / "out", KEY, quarantine=tmp_path / "held")
    assert report.released == 1
    assert sorted(held.reason for held in report.held) == ["link", "link", "not_dicom", "not_dicom", "unopened"]
    for _ in range(2):  # a second run into the same quarantine adds nothing that is known
        deidentify_folder(source, tmp_path / "out", KEY, quarantine=tmp_path / "held", force=True)
        assert len(json.loads((tmp_path / "held" / "quarantine.json").read_text())) == 5


def test_same_key_same_bytes_other_key_other_bytes(tmp_path):
    from anon_pipeline.keys import Key

    source = save(make(), tmp_path / "in.dcm")
    for name, key in (("a", KEY), ("b", KEY), ("c", Key(bytes(range(9, 41))))):
        Deidentifier(Profile(), key).file(source, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_process_with_threads_of_a_library_does_not_fork():
    import cv2  # noqa: F401

    from anon_pipeline.modalities.imaging.engine import _context

    context = _context(None)
    assert context is not None
    assert context.get_start_method() == "forkserver"
    assert _context(lambda text, _: text) is None
