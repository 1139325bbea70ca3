"""Burned-in text: found and filled on every frame, compressed or not; pictures without text are left alone."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless, RLELossless

from anon_pipeline.modalities.imaging import detect
from anon_pipeline.modalities.imaging.instance import Deidentifier
from anon_pipeline.modalities.imaging.profile import PixelRegions, Profile

from .conftest import KEY, make, save

US = "1.2.840.10008.5.1.4.1.1.6.1"


def ultrasound(text: str = "", frames: int = 1) -> np.ndarray:
    """Frames x 240 x 320: a bright disc of speckle on black, and a text at the top of the last frame."""
    import cv2

    yy, xx = np.mgrid[:240, :320]
    disc = (yy - 140) ** 2 + (xx - 160) ** 2 < 80**2
    speckle = np.random.default_rng(0).rayleigh(40, (240, 320))
    frame = np.where(disc, cv2.GaussianBlur(np.clip(speckle, 0, 255), (0, 0), 1.2), 0).astype(np.uint8)
    out = np.repeat(frame[None], frames, 0)
    if text:
        cv2.putText(out[-1], text, (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1, cv2.LINE_AA)
    return out


def picture(array: np.ndarray, **attributes: object):
    ds = make(SOPClassUID=US, Modality="US", PixelSpacing=None, ImageType=["ORIGINAL", "PRIMARY"], **attributes)
    ds.Rows, ds.Columns = array.shape[1:3]
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.BurnedInAnnotation, ds.PixelData = 7, "NO", array.tobytes()
    if len(array) > 1:
        ds.SOPClassUID, ds.NumberOfFrames = "1.2.840.10008.5.1.4.1.1.3.1", len(array)
    return ds


@pytest.mark.parametrize(("compress", "frames"), [(False, 1), (True, 1), (False, 3)])
def test_a_burned_in_name_goes_on_every_frame(tmp_path, compress, frames):
    array = ultrasound("KERBRATZ Ludivine", frames)
    source = save(picture(array), tmp_path / "in.dcm")
    if compress:
        ds = pydicom.dcmread(source)
        ds.compress(RLELossless, generate_instance_uid=False)
        ds.save_as(source)
    done = Deidentifier(Profile(), KEY).file(source, tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    pixels = out.pixel_array.reshape(frames, 240, 320)
    assert done.examined
    assert done.boxes >= 1
    assert done.recompressed is compress
    assert pixels[:, 14:36, 8:200].max() < 40
    assert np.array_equal(pixels[:, 60:], array[:, 60:])
    assert out.BurnedInAnnotation == "NO"
    assert "113101" in {item.CodeValue for item in out.DeidentificationMethodCodeSequence}


def test_a_picture_without_text_is_bit_identical(tmp_path):
    source = save(picture(ultrasound()), tmp_path / "in.dcm")
    done = Deidentifier(Profile(), KEY).file(source, tmp_path / "out.dcm")
    assert done.boxes == 0
    assert pydicom.dcmread(tmp_path / "out.dcm").PixelData == pydicom.dcmread(source).PixelData


def test_technical_text_stays(tmp_path):
    source = save(picture(ultrasound("Thorax 2.0 mm")), tmp_path / "in.dcm")
    assert Deidentifier(Profile(), KEY).file(source, tmp_path / "out.dcm").boxes == 0


def test_regions_of_a_known_device_are_filled(tmp_path):
    array = ultrasound()
    source = save(picture(array, Manufacturer="Acme Ultra"), tmp_path / "in.dcm")
    profile = Profile(pixel_regions=[PixelRegions(manufacturer="acme", boxes=[(100, 100, 50, 40)])])
    Deidentifier(profile, KEY).file(source, tmp_path / "out.dcm")
    pixels = pydicom.dcmread(tmp_path / "out.dcm").pixel_array
    assert pixels[100:140, 100:150].max() == 0
    assert np.array_equal(pixels[150:], array[0, 150:])


def test_scanner_frames_are_screened_for_marks_at_the_maximum():
    import cv2

    rng = np.random.default_rng(1)
    frame = np.clip(rng.normal(900, 80, (256, 256)), 0, 4000).astype(np.uint16)
    assert not detect.plateau_text(frame)
    text = np.zeros((256, 256), np.uint8)
    cv2.putText(text, "KERBRATZ L", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1)
    assert detect.plateau_text(np.where(text > 0, 4095, frame).astype(np.uint16))


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_a_name_burned_into_a_compressed_volume_goes(tmp_path, syntax):
    import cv2

    frame = np.clip(np.random.default_rng(1).normal(900, 80, (200, 240)), 0, 4000).astype("<u2")
    text = np.zeros(frame.shape, np.uint8)
    cv2.putText(text, "KERBRATZ Ludivine", (8, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
    ds = make(Rows=200, Columns=240, PixelSpacing=["2", "2"], PixelData=np.where(text > 0, 4095, frame).tobytes())
    source = save(ds, tmp_path / "in.dcm")
    ds = pydicom.dcmread(source)
    ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(source)
    done = Deidentifier(Profile(), KEY).file(source, tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm").pixel_array
    assert done.recompressed
    assert out[text > 0].max() < 4095
    assert np.array_equal(out[80:], frame[80:])


def test_old_overlays_in_unused_bits_are_cleared(tmp_path):
    ds = make()
    values = np.arange(256, dtype="<u2")
    ds.PixelData = (values | 0x8000).tobytes()
    ds.add_new(0x60000102, "US", 15)
    source = save(ds, tmp_path / "in.dcm")
    Deidentifier(Profile(), KEY).file(source, tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert np.array_equal(np.frombuffer(out.PixelData, "<u2"), values)
