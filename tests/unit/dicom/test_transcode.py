"""Compression changes nothing but the size, or nothing at all."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import parse_basic_offsets, parse_fragments

from node.dicom import htj2k, transcode
from node.dicom.pixels import Frames
from node.dicom.transcode import compress, decompress, pixel_digest
from node.domain.route import Compression
from node.errors import Unreadable, UnsupportedSyntax
from tests.images import a_coded_image, an_image, saved, smooth
from tests.services import find_program

BOTH = [Compression.HTJ2K, Compression.JPEG_LS]
UIDS = {Compression.HTJ2K: "1.2.840.10008.1.2.4.202", Compression.JPEG_LS: "1.2.840.10008.1.2.4.80"}
RLE = "1.2.840.10008.1.2.5"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def colour_frames(count: int = 1) -> np.ndarray[Any, Any]:
    grey = smooth(48, 40, dtype="uint8", top=200, frames=count)
    return np.stack([grey, grey // 2, 255 - grey], axis=-1)


def written_and_read(ds: Dataset) -> Dataset:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    file.seek(0)
    return pydicom.dcmread(file)


@pytest.mark.parametrize("compression", BOTH)
@pytest.mark.parametrize(
    ("dtype", "stored", "top"),
    [
        ("uint16", 12, 4000),
        ("uint16", 16, 60000),
        ("int16", 16, 4000),
        ("int16", 12, 4000),
        ("uint8", 8, 250),
        ("int8", 8, 200),
    ],
)
def test_grey_images_come_back_bit_for_bit(compression: Compression, dtype: str, stored: int, top: int) -> None:
    frames = smooth(64, 50, dtype=dtype, top=top)
    ds = an_image(frames, stored=stored)
    before, plain = pixel_digest(ds), len(ds.PixelData)
    assert compress(ds, compression)
    assert ds.file_meta.TransferSyntaxUID == UIDS[compression]
    assert len(ds.PixelData) < plain
    again = written_and_read(ds)
    assert np.array_equal(Frames.of(again).decode(0).samples, frames[0])
    assert pixel_digest(again) == before
    assert (again.BitsAllocated, again.BitsStored, again.HighBit) == (frames.dtype.itemsize * 8, stored, stored - 1)


@pytest.mark.parametrize(("compression", "photometric"), [(Compression.HTJ2K, "YBR_RCT"), (Compression.JPEG_LS, "RGB")])
@pytest.mark.parametrize("planar", [0, 1])
def test_colour_images_say_how_their_colours_are_coded(compression: Compression, photometric: str, planar: int) -> None:
    frames = colour_frames(2)
    ds = an_image(frames)
    if planar:
        ds.PixelData, ds.PlanarConfiguration = frames.transpose(0, 3, 1, 2).tobytes(), 1
    before = pixel_digest(ds)
    assert compress(ds, compression)
    assert (ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.SamplesPerPixel) == (photometric, 0, 3)
    assert pixel_digest(ds) == before
    decoded = Frames.of(ds).decode(1)
    assert decoded.photometric == "RGB"
    assert np.array_equal(decoded.samples, frames[1])


def test_the_colour_transform_of_the_codestream_is_the_one_that_the_header_names() -> None:
    ds = an_image(colour_frames())
    compress(ds, Compression.HTJ2K)
    assert htj2k.parse(Frames.of(ds).stored(0)).colour_transform


def test_palette_indices_are_coded_and_the_palette_kept() -> None:
    ds = an_image(smooth(64, 64, dtype="uint8", top=200), PhotometricInterpretation="PALETTE COLOR")
    assert compress(ds, Compression.HTJ2K)
    assert ds.PhotometricInterpretation == "PALETTE COLOR"


def test_each_frame_is_one_fragment_that_the_basic_offset_table_points_to() -> None:
    ds = an_image(smooth(32, 32, frames=5))
    compress(ds, Compression.HTJ2K)
    buffer = io.BytesIO(ds.PixelData)
    offsets = parse_basic_offsets(buffer)
    begin = buffer.tell()
    count, fragments = parse_fragments(buffer)
    assert count == 5
    assert [begin + offset for offset in offsets] == fragments


def test_more_than_four_gigabytes_get_an_extended_offset_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcode, "BASIC_OFFSETS_LIMIT", 1000)
    frames = smooth(64, 64, frames=4)
    ds = an_image(frames)
    before = pixel_digest(ds)
    assert compress(ds, Compression.HTJ2K)
    assert len(ds.ExtendedOffsetTable) == len(ds.ExtendedOffsetTableLengths) == 4 * 8
    assert parse_basic_offsets(ds.PixelData) == []
    assert pixel_digest(written_and_read(ds)) == before


@pytest.mark.parametrize("compression", BOTH)
def test_run_length_coded_images_are_coded_anew(compression: Compression) -> None:
    ds = an_image(smooth(64, 64))
    before = pixel_digest(ds)
    ds.compress(RLE)
    assert compress(ds, compression)
    assert pixel_digest(ds) == before


@pytest.mark.parametrize("compression", BOTH)
def test_big_endian_words_are_turned_outside_the_pixels_too(compression: Compression) -> None:
    frames = smooth(64, 64)
    ds = an_image(frames, syntax=BIG_ENDIAN)
    ds["PixelData"].value = frames.astype(">u2").tobytes()
    ds.add_new(0x60003000, "OW", b"\x12\x34" * 8)
    ds.set_original_encoding(False, False)
    assert compress(ds, compression)
    again = written_and_read(ds)
    assert np.array_equal(Frames.of(again).decode(0).samples, frames[0])
    assert again[0x60003000].value == b"\x34\x12" * 8


def test_the_toolkit_reads_our_jpeg_ls() -> None:
    frames = smooth(40, 30, dtype="int16", frames=2)
    ds = an_image(frames, stored=12)
    compress(ds, Compression.JPEG_LS)
    assert np.array_equal(written_and_read(ds).pixel_array, frames)


@pytest.mark.parametrize("compression", BOTH)
def test_dcmtk_parses_what_was_written(compression: Compression, tmp_path: Path) -> None:
    ds = an_image(smooth(64, 64, frames=3))
    compress(ds, compression)
    dump = subprocess.run(
        [str(find_program("dcmdump", "dcmtk")), "+E", str(saved(ds, tmp_path))], capture_output=True, check=True
    )
    assert dump.stdout.count(b"(fffe,e000) pi") == 4
    assert dump.stderr == b""


UNTOUCHED = {
    "floating point": lambda: an_image(smooth(32, 32, dtype="float32")),
    "32 bits": lambda: an_image(smooth(32, 32, dtype="uint32")),
    "16-bit colour": lambda: an_image(colour_frames().astype("uint16")),
    "subsampled": lambda: an_image(colour_frames(), PhotometricInterpretation="YBR_FULL_422"),
    "YBR": lambda: an_image(colour_frames(), PhotometricInterpretation="YBR_FULL"),
    "data in unused bits": lambda: an_image(smooth(32, 32) | 0x8000, stored=12),
    "sign missing in unused bits": lambda: an_image(smooth(32, 32, dtype="int16") & 0x0FFF, stored=12),
    "high bit elsewhere": lambda: an_image(smooth(32, 32), stored=12, HighBit=15),
    "too few pixels": lambda: an_image(smooth(32, 32), NumberOfFrames=2),
    "more pixels than described": lambda: an_image(smooth(32, 32, frames=2), NumberOfFrames=1),
    "no description": lambda: an_image(smooth(32, 32), Rows=None),
    "empty": lambda: an_image(smooth(32, 32), PixelData=b""),
    "noise that only grows": lambda: an_image(np.random.default_rng(1).integers(0, 65536, (1, 64, 64), np.uint16)),
    "an unknown syntax": lambda: an_image(smooth(32, 32), syntax="1.2.3"),
    "already coded": lambda: a_coded_image(
        smooth(32, 32), "1.2.840.10008.1.2.4.201", [htj2k.encode(smooth(32, 32)[0])], LossyImageCompression="00"
    ),
    "a broken run length": lambda: a_coded_image(smooth(32, 32), RLE, [b"\xff" * 70]),
}


@pytest.mark.parametrize("compression", BOTH)
@pytest.mark.parametrize("what", sorted(UNTOUCHED))
def test_other_pixel_data_stays_as_stored(what: str, compression: Compression) -> None:
    ds, same = UNTOUCHED[what](), UNTOUCHED[what]()
    assert not compress(ds, compression)
    assert ds == same
    assert ds.file_meta == same.file_meta


def test_an_object_without_pixels_stays_as_stored() -> None:
    ds = an_image(smooth(8, 8), PixelData=None)
    assert not compress(ds, Compression.HTJ2K)


def test_no_compression_is_no_change() -> None:
    assert not compress(an_image(smooth(32, 32)), Compression.NONE)


@pytest.mark.parametrize("wrong_frame", [0, 2])
def test_a_frame_that_does_not_come_back_equal_leaves_everything_as_stored(
    wrong_frame: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def one_wrong(data: bytes) -> np.ndarray[Any, Any]:
        samples = np.array(true_decode(data))
        if len(seen) == wrong_frame:
            samples[3, 4] += 1
        seen.append(data)
        return samples

    true_decode = htj2k.decode
    monkeypatch.setattr(htj2k, "decode", one_wrong)
    ds = an_image(smooth(32, 32, frames=3))
    stored = bytes(ds.PixelData)
    assert not compress(ds, Compression.HTJ2K)
    assert ds.PixelData == stored
    assert len(seen) == wrong_frame + 1


def test_a_lost_sign_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    true_decode = htj2k.decode
    monkeypatch.setattr(htj2k, "decode", lambda data: true_decode(data).view("uint16"))
    assert not compress(an_image(smooth(32, 32, dtype="int16")), Compression.HTJ2K)


def test_the_log_says_nothing_of_the_patient(caplog: pytest.LogCaptureFixture) -> None:
    ds = an_image(smooth(32, 32) | 0x8000, stored=12, PatientName="Nguyen^Van A", PatientID="BN0001")
    with caplog.at_level("DEBUG"):
        compress(ds, Compression.HTJ2K)
    assert "left as stored" in caplog.text
    assert "Nguyen" not in caplog.text
    assert "BN0001" not in caplog.text
    assert "2.25.1" not in caplog.text


@pytest.mark.parametrize("compression", BOTH)
def test_decompressing_gives_back_native_pixels(compression: Compression) -> None:
    frames = smooth(33, 31, dtype="int16", frames=3)
    ds = an_image(frames)
    native = bytes(ds.PixelData)
    compress(ds, compression)
    decompress(ds)
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert ds.PixelData == native
    assert not ds["PixelData"].is_undefined_length
    assert np.array_equal(written_and_read(ds).pixel_array, frames)


def test_decompressed_colour_is_rgb() -> None:
    frames = colour_frames()
    ds = an_image(frames)
    compress(ds, Compression.HTJ2K)
    decompress(ds)
    assert (ds.PhotometricInterpretation, ds.PlanarConfiguration) == ("RGB", 0)
    assert np.array_equal(written_and_read(ds).pixel_array, frames[0])


def test_decompressing_big_endian_turns_the_words() -> None:
    frames = smooth(16, 16)
    ds = an_image(frames, syntax=BIG_ENDIAN)
    ds["PixelData"].value = frames.astype(">u2").tobytes()
    ds.set_original_encoding(False, False)
    decompress(ds)
    assert np.array_equal(written_and_read(ds).pixel_array, frames[0])


def test_what_cannot_be_decompressed_is_refused_in_words_and_stays() -> None:
    ds = a_coded_image(smooth(8, 8), "1.2.840.10008.1.2.4.102", [b"\0\0\0\1"])
    with pytest.raises(UnsupportedSyntax, match=r"H\.264"):
        decompress(ds)
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.102"


def test_a_broken_frame_has_no_digest() -> None:
    with pytest.raises(Unreadable, match="cannot be decoded"):
        pixel_digest(a_coded_image(smooth(8, 8), UIDS[Compression.JPEG_LS], [b"\xff\xd8\xff\xf7\0\0"]))
