"""Choosing a transfer syntax for a peer, and encoding an object in it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.filereader import read_dataset

from node.dicom.network.convert import choose, convert, convert_file, passes
from node.dicom.transcode import pixel_digest
from node.errors import Unreadable, UnsupportedSyntax
from tests.images import a_coded_image, an_image, saved, smooth

IMPLICIT, EXPLICIT, DEFLATED, BIG = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2"))
JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS, NEAR, J2K_LOSSLESS, J2K, MPEG4, HTJ2K_RPCL, HTJ2K = (
    f"1.2.840.10008.1.2.4.{end}" for end in (50, 51, 80, 81, 90, 91, 102, 202, 203)
)
PRIVATE = "1.2.826.0.1.3680043.9.9"

CHOICES = [
    (J2K_LOSSLESS, {EXPLICIT, J2K_LOSSLESS}, J2K_LOSSLESS),
    (J2K_LOSSLESS, {IMPLICIT, J2K}, J2K),
    (J2K, {IMPLICIT, J2K_LOSSLESS}, IMPLICIT),
    (JPEG_BASELINE, {JPEG_EXTENDED}, JPEG_EXTENDED),
    (EXPLICIT, {IMPLICIT, JPEG_LS}, IMPLICIT),
    (EXPLICIT, {JPEG_LS, JPEG_BASELINE}, JPEG_LS),
    (J2K, {HTJ2K, NEAR}, HTJ2K),
    (BIG, {DEFLATED}, DEFLATED),
    (EXPLICIT, {JPEG_BASELINE, J2K}, None),
    (MPEG4, {MPEG4}, MPEG4),
    (MPEG4, {EXPLICIT, IMPLICIT}, None),
    (PRIVATE, {PRIVATE, EXPLICIT}, PRIVATE),
    (PRIVATE, {EXPLICIT}, None),
    (EXPLICIT, set(), None),
]


@pytest.mark.parametrize(("stored", "accepted", "expected"), CHOICES)
def test_as_stored_before_uncompressed_before_coded_anew(stored: str, accepted: set[str], expected: str | None) -> None:
    assert choose(stored, accepted) == expected


def test_a_stream_of_the_narrower_syntax_passes_as_it_is() -> None:
    assert passes(J2K_LOSSLESS, J2K)
    assert not passes(J2K, J2K_LOSSLESS)
    assert not passes(EXPLICIT, IMPLICIT)


@pytest.mark.parametrize("target", [IMPLICIT, EXPLICIT])
def test_pixels_and_texts_stay(tmp_path: Path, target: str) -> None:
    ds = an_image(smooth(16, 17), SpecificCharacterSet="ISO_IR 192", PatientName="Nguyễn^Đào")
    path = saved(ds, tmp_path)
    out = BytesIO()
    convert(path, EXPLICIT, target, out)
    again = read_dataset(BytesIO(out.getvalue()), target == IMPLICIT, True)
    assert again.PixelData == ds.PixelData
    assert str(again.PatientName) == "Nguyễn^Đào"


@pytest.mark.parametrize("target", [JPEG_LS, HTJ2K_RPCL, HTJ2K])
def test_pixels_coded_anew_are_the_same(tmp_path: Path, target: str) -> None:
    ds = an_image(smooth(64, 64))
    convert_file(str(saved(ds, tmp_path)), EXPLICIT, target, str(tmp_path / "out"))
    again = read_dataset(BytesIO((tmp_path / "out").read_bytes()), False, True)
    again.file_meta = dcmread(tmp_path / "image.dcm").file_meta
    again.file_meta.TransferSyntaxUID = target
    assert pixel_digest(again) == pixel_digest(ds)


def test_an_object_without_pixels_fits_a_coded_syntax(tmp_path: Path) -> None:
    ds = an_image(smooth(8, 8), PixelData=None)
    out = BytesIO()
    convert(saved(ds, tmp_path), EXPLICIT, JPEG_LS, out)
    assert read_dataset(BytesIO(out.getvalue()), False, True).SOPInstanceUID == ds.SOPInstanceUID


def test_noise_that_does_not_get_smaller_is_not_coded(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 65536, (1, 16, 16), dtype=np.uint16)
    with pytest.raises(UnsupportedSyntax):
        convert(saved(an_image(noise), tmp_path), EXPLICIT, JPEG_LS, BytesIO())


def test_damaged_pixels_are_a_refusal(tmp_path: Path) -> None:
    ds = a_coded_image(smooth(8, 8), J2K, [b"no codestream.."])
    with pytest.raises(UnsupportedSyntax):
        convert(saved(ds, tmp_path), J2K, EXPLICIT, BytesIO())


def test_what_is_no_object_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(b"\x08\x00\x05\x00CS\xff\xff" * 8)
    with pytest.raises(Unreadable):
        convert(path, EXPLICIT, IMPLICIT, BytesIO())


def test_a_missing_file_is_said_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "gone", EXPLICIT, IMPLICIT, BytesIO())


def test_without_bulk_data_everything_else_stays(tmp_path: Path) -> None:
    ds = a_coded_image(smooth(8, 8), MPEG4, [b"a video that nobody decodes."], PatientComments="stays")
    ds.add_new(0x60020010, "US", 8)
    ds.add_new(0x60023000, "OW", b"\0\0")
    icon, waveform = Dataset(), Dataset()
    icon.PixelData = b"\1\2"
    icon["PixelData"].VR = "OW"
    waveform.NumberOfWaveformChannels, waveform.WaveformData = 1, b"\0\0"
    waveform["WaveformData"].VR = "OW"
    ds.IconImageSequence, ds.WaveformSequence = [icon], [waveform]
    out = BytesIO()
    convert(saved(ds, tmp_path), MPEG4, IMPLICIT, out, bulk=False)
    again = read_dataset(BytesIO(out.getvalue()), True, True)
    assert (again.PatientComments, again.Rows, again[0x60020010].value) == ("stays", 8, 8)
    assert "PixelData" not in again
    assert (0x6002, 0x3000) not in again
    assert again.IconImageSequence[0].PixelData == b"\1\2"
    assert [element.keyword for element in again.WaveformSequence[0]] == ["NumberOfWaveformChannels"]


def test_texts_that_are_not_in_the_named_repertoire_stay_as_they_are(tmp_path: Path) -> None:
    item = Dataset()
    item.CodeMeaning = "nested"
    ds = an_image(smooth(8, 8), SpecificCharacterSet="ISO_IR 192", PatientName="WWWW^ZZ", InstitutionName="XXXX")
    ds.ProcedureCodeSequence = [item]
    ds.private_block(0x0029, "OURS", create=True).add_new(1, "LO", "YYYY")
    path = saved(ds, tmp_path)
    words = {b"WWWW": b"N\xe0\xe9a", b"XXXX": b"B\xe0n\xe9", b"nested": b"\xff\xfested", b"YYYY": b"\xb5\xb8\xb6\xb7"}
    content = path.read_bytes()
    for word, strange in words.items():
        content = content.replace(word, strange)
    path.write_bytes(content)
    there, back = tmp_path / "there", tmp_path / "back"
    convert_file(str(path), EXPLICIT, IMPLICIT, str(there))
    convert_file(str(there), IMPLICIT, EXPLICIT, str(back))
    for strange in words.values():
        assert strange in there.read_bytes()
        assert strange in back.read_bytes()
