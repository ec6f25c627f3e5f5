"""Masks: black outside the regions, untouched inside, and no mask that nobody could rely on."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from node.dicom.deidentify import Deidentifier, Pseudonyms
from node.dicom.masks import ULTRASOUND, mask_outside_regions
from node.dicom.pixels import Frames
from node.dicom.profile import Profile, from_domain
from node.dicom.transcode import compress, pixel_digest
from node.domain.route import Compression, DeidentificationProfile
from node.errors import BurnedInText, Held, Invalid
from tests.images import a_coded_image, an_image

ROWS, COLUMNS = 40, 60
REGION = (5, 12, 49, 39)  # x0, y0, x1, y1: the banner is above, 12 rows high
BIG_ENDIAN, JPEG_BASELINE, JPEG_2000 = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91"

Box = tuple[int, int, int, int]


def pixels(*shape: int, dtype: str = "uint8", top: int = 255) -> NDArray[Any]:
    """Noise, so that no pixel is black by chance of the picture: (frames, rows, columns[, 3])."""
    return np.random.default_rng(7).integers(1, top, shape, dtype=dtype, endpoint=True)


def a_region(box: Box, *, kind: int = 1) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = kind, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box
    return item


def an_ultrasound(frames: NDArray[Any], *boxes: Box, **more: Any) -> Dataset:
    ds = an_image(frames, **{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.3.1", **more})
    ds.Modality, ds.BurnedInAnnotation, ds.ImageType = "US", "YES", ["ORIGINAL", "PRIMARY", "CARDIOLOGY"]
    ds.PatientName, ds.PatientID, ds.SpecificCharacterSet = "Nguyễn^Thị Ánh", "BN-0012345", "ISO_IR 192"
    ds.SequenceOfUltrasoundRegions = [a_region(box) for box in boxes]
    return ds


def inside(*boxes: Box) -> NDArray[np.bool_]:
    mask = np.zeros((ROWS, COLUMNS), bool)
    for x0, y0, x1, y1 in boxes:
        mask[y0 : y1 + 1, x0 : x1 + 1] = True
    return mask


def decoded(ds: Dataset) -> NDArray[Any]:
    """All frames of the object as it would be read by a receiver."""
    frames = Frames.of(written_and_read(ds))
    return np.stack([frames.decode(index).samples for index in range(frames.count)])


def written_and_read(ds: Dataset) -> Dataset:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    file.seek(0)
    return dcmread(file)


def is_untouched(ds: Dataset, before: bytes) -> bool:
    return as_file(ds) == before


def as_file(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def deidentified(ds: Dataset, burned_in: str = "mask") -> Pseudonyms:
    return Deidentifier(b"k" * 32, "dinh-hoa", Profile(frozenset({"cleanDescOpt"}), burned_in)).apply(ds)


@pytest.mark.parametrize("sop_class", sorted(ULTRASOUND))
def test_a_grey_image_is_black_outside_and_the_same_inside(sop_class: str) -> None:
    frames = pixels(1, ROWS, COLUMNS)
    ds = an_ultrasound(frames, REGION, SOPClassUID=sop_class)
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, 0))


def test_every_frame_of_a_cine_is_masked() -> None:
    frames = pixels(5, ROWS, COLUMNS)
    ds = an_ultrasound(frames, REGION)
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, 0))
    assert ds.NumberOfFrames == 5


@pytest.mark.parametrize("planar", [0, 1])
def test_a_colour_image_is_written_by_pixel(planar: int) -> None:
    frames = pixels(2, ROWS, COLUMNS, 3)
    ds = an_ultrasound(frames, REGION)
    if planar:
        ds.PixelData, ds.PlanarConfiguration = frames.transpose(0, 3, 1, 2).tobytes(), 1
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION)[..., None], frames, 0))
    assert (ds.PhotometricInterpretation, ds.PlanarConfiguration) == ("RGB", 0)


def test_of_several_regions_all_are_kept() -> None:
    boxes = [(0, 14, 19, 39), (30, 14, 59, 25), (10, 20, 40, 22)]
    frames = pixels(1, ROWS, COLUMNS)
    ds = an_ultrasound(frames, *boxes)
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(*boxes), frames, 0))


def test_a_region_that_ends_one_pixel_behind_the_image_is_a_habit_of_some_scanners() -> None:
    frames = pixels(1, ROWS, COLUMNS)
    ds = an_ultrasound(frames, (5, 12, COLUMNS, ROWS))
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside((5, 12, 59, 39)), frames, 0))


def test_drawn_regions_and_lines_are_masked_too() -> None:
    frames = pixels(1, ROWS, COLUMNS)
    ds = an_ultrasound(frames, REGION, (55, 3, 55, 11))
    ds.SequenceOfUltrasoundRegions.append(a_region((0, 0, 40, 8), kind=5))
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, 0))


@pytest.mark.parametrize(
    ("boxes", "why"),
    [
        ([], "none"),
        ([(0, 0, COLUMNS - 1, ROWS - 1)], "the whole image"),
        ([(0, 0, COLUMNS, ROWS)], "the whole image, as some scanners write it"),
        ([(0, 7, COLUMNS - 1, ROWS - 1)], "no room for a text outside"),
        ([(0, 0, 30, 39), (31, 0, 59, 39)], "the whole image together"),
        ([REGION, (5, 12, 49, ROWS + 1)], "one that is of another image"),
        ([(50, 12, 20, 39)], "one that ends before it begins"),
        ([(COLUMNS, 12, COLUMNS, 39)], "one beside the image"),
        ([(0, 0, 0, 0)], "zeros"),
    ],
)
def test_regions_that_cannot_be_relied_on_change_nothing(boxes: list[Box], why: str) -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), *boxes)
    before = as_file(ds)
    assert not mask_outside_regions(ds), why
    assert is_untouched(ds, before), why


@pytest.mark.parametrize("keyword", ["RegionLocationMinX0", "RegionLocationMaxY1"])
def test_a_region_without_a_corner_changes_nothing(keyword: str) -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION, REGION)
    delattr(ds.SequenceOfUltrasoundRegions[1], keyword)
    before = as_file(ds)
    assert not mask_outside_regions(ds)
    assert is_untouched(ds, before)


def test_an_image_without_the_sequence_or_of_another_kind_is_not_masked() -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION)
    del ds.SequenceOfUltrasoundRegions
    assert not mask_outside_regions(ds)
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    assert not mask_outside_regions(ds)


def test_when_all_is_dark_outside_the_text_must_be_inside() -> None:
    frames = np.where(inside(REGION), pixels(3, ROWS, COLUMNS), 3).astype("uint8")
    ds = an_ultrasound(frames, REGION)
    assert not mask_outside_regions(ds)
    frames[2, 3, 3:9] = 200  # it shows in the last frame only
    assert mask_outside_regions(an_ultrasound(frames, REGION))


@pytest.mark.parametrize(
    ("photometric", "dtype", "stored", "black"),
    [
        ("MONOCHROME1", "uint8", 8, 255),
        ("MONOCHROME1", "uint16", 12, 4095),
        ("MONOCHROME2", "uint16", 12, 0),
        ("MONOCHROME2", "int16", 12, -2048),
        ("MONOCHROME1", "int8", 8, 127),
    ],
)
def test_black_depends_on_how_grey_is_meant(photometric: str, dtype: str, stored: int, black: int) -> None:
    frames = pixels(1, ROWS, COLUMNS, dtype=dtype, top=(1 << stored - 1) - 1)
    ds = an_ultrasound(frames, REGION, stored=stored, PhotometricInterpretation=photometric)
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, black))
    assert (ds["PixelData"].VR == "OW") is (frames.dtype.itemsize > 1)


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_black_of_luminance_and_colour_differences(photometric: str) -> None:
    frames = pixels(1, ROWS, COLUMNS, 3)
    ds = an_ultrasound(frames, REGION, PhotometricInterpretation=photometric)
    if photometric == "YBR_FULL_422":
        frames[:, :, 1::2, 1:] = frames[:, :, ::2, 1:]
        pairs = frames.reshape(1, ROWS, COLUMNS // 2, 2, 3)
        ds.PixelData = np.concatenate([pairs[..., 0], pairs[..., 0, 1:]], -1).tobytes()
    assert mask_outside_regions(ds)
    assert ds.PhotometricInterpretation == "YBR_FULL"
    assert np.array_equal(decoded(ds), np.where(inside(REGION)[..., None], frames, [0, 128, 128]))


@pytest.mark.parametrize("big_endian", [False, True])
def test_a_palette_is_masked_with_its_darkest_colour(big_endian: bool) -> None:
    frames = pixels(1, ROWS, COLUMNS)
    ds = an_ultrasound(frames, REGION, PhotometricInterpretation="PALETTE COLOR")
    entries = np.full(256, 0x8001, "<u2")  # dark when the bytes of the words are taken the wrong way round
    entries[77] = 0x0100
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{colour}PaletteColorLookupTableData", entries.astype(">u2" if big_endian else "<u2").tobytes())
    if big_endian:
        ds.file_meta.TransferSyntaxUID = UID(BIG_ENDIAN)
        ds.set_original_encoding(False, False, "utf8")
    assert mask_outside_regions(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, 77))
    assert ds.RedPaletteColorLookupTableData == entries.tobytes()


def test_a_palette_in_segments_is_read_too() -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION, PhotometricInterpretation="PALETTE COLOR")
    segments = np.array([0, 1, 0xFFFF, 1, 255, 0x0000], "<u2").tobytes()  # PS3.3 C.7.9.2: one bright entry, then a ramp
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"Segmented{colour}PaletteColorLookupTableData", segments)
    assert mask_outside_regions(ds)
    assert decoded(ds)[0, 0, 0] == 255


def test_a_palette_that_cannot_be_read_is_not_masked() -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION, PhotometricInterpretation="PALETTE COLOR")
    assert not mask_outside_regions(ds)


def test_an_overlay_in_unused_bits_is_not_masked() -> None:
    frames = pixels(1, ROWS, COLUMNS, dtype="uint16", top=255)
    frames[0, 20, 20] |= 1 << 12
    ds = an_ultrasound(frames, REGION, stored=12)
    before = as_file(ds)
    assert not mask_outside_regions(ds)
    assert is_untouched(ds, before)


def test_what_cannot_be_decoded_is_not_masked() -> None:
    ds = an_ultrasound(pixels(2, ROWS, COLUMNS), REGION)
    ds.PixelData = ds.PixelData[: ROWS * COLUMNS + 100]
    assert not mask_outside_regions(ds)


def a_jpeg(syntax: str, **more: Any) -> Dataset:
    frames = pixels(2, ROWS, COLUMNS, 3)
    encode = imagecodecs.jpeg8_encode if syntax == JPEG_BASELINE else imagecodecs.jpeg2k_encode
    coded = [bytes(encode(frame, level=60)) for frame in frames]
    ds = an_ultrasound(frames, REGION)
    photometric = "YBR_FULL_422" if syntax == JPEG_BASELINE else "YBR_ICT"
    pixel_data = a_coded_image(frames, syntax, coded)["PixelData"]
    ds[0x7FE00010] = pixel_data
    ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation = UID(syntax), photometric
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def test_a_lossy_image_stays_marked_and_keeps_its_decoded_pixels() -> None:
    ds = a_jpeg(
        JPEG_BASELINE,
        LossyImageCompression="01",
        LossyImageCompressionRatio=["3", "12.5"],
        LossyImageCompressionMethod=["ISO_10918_1", "ISO_10918_1"],
    )
    before = decoded(ds)
    assert mask_outside_regions(ds)
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ds.PhotometricInterpretation == "RGB"
    assert np.array_equal(decoded(ds), np.where(inside(REGION)[..., None], before, 0))
    assert (ds.LossyImageCompression, list(ds.LossyImageCompressionRatio)) == ("01", [3, 12.5])
    assert ds.LossyImageCompressionMethod == ["ISO_10918_1", "ISO_10918_1"]


@pytest.mark.parametrize(
    ("syntax", "said", "marked", "method"),
    [
        (JPEG_BASELINE, "", "01", "ISO_10918_1"),
        (JPEG_BASELINE, "00", "01", "ISO_10918_1"),
        (JPEG_2000, "", "01", "ISO_15444_1"),
        (JPEG_2000, "00", "00", None),  # the syntax is for both
    ],
)
def test_a_loss_that_only_the_syntax_told_is_written_down(
    syntax: str, said: str, marked: str, method: str | None
) -> None:
    ds = a_jpeg(syntax, LossyImageCompression=said)
    coded = sum(len(Frames.of(ds).stored(index)) for index in range(2))
    assert mask_outside_regions(ds)
    assert (ds.LossyImageCompression, ds.get("LossyImageCompressionMethod")) == (marked, method)
    assert method is None or float(ds.LossyImageCompressionRatio) == round(len(ds.PixelData) / coded, 2)


def test_the_object_says_what_was_done() -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION, DerivationDescription="Scaled", SmallestImagePixelValue=1)
    assert mask_outside_regions(ds)
    assert ds.BurnedInAnnotation == "NO"
    assert list(ds.ImageType) == ["DERIVED", "PRIMARY", "CARDIOLOGY"]
    assert ds.DerivationDescription == "Scaled; Pixels outside the ultrasound regions made black"
    assert [item.CodeValue for item in ds.DeidentificationMethodCodeSequence] == ["113101"]
    assert "SmallestImagePixelValue" not in ds
    assert not mask_outside_regions(ds)  # all is black already


def test_a_profile_that_masks_sends_a_masked_pseudonymous_image() -> None:
    frames = pixels(2, ROWS, COLUMNS)
    ds = an_ultrasound(frames, REGION, DerivationDescription="Ảnh của Nguyễn Thị Ánh")
    deidentified(ds)
    assert np.array_equal(decoded(ds), np.where(inside(REGION), frames, 0))
    assert [item.CodeValue for item in ds.DeidentificationMethodCodeSequence] == ["113100", "113105", "113101"]
    assert ds.DeidentificationMethod[-1] == "Clean Pixel Data Option"
    assert ds.DerivationDescription.endswith("; Pixels outside the ultrasound regions made black")
    assert "Ánh" not in ds.DerivationDescription
    assert (ds.BurnedInAnnotation, ds.ImageType[0]) == ("NO", "DERIVED")
    assert ds.PatientID != "BN-0012345"


def test_a_masked_image_is_compressed_without_loss() -> None:
    frames = pixels(1, ROWS, COLUMNS)
    frames[:] = np.arange(COLUMNS, dtype="uint8") + 1
    ds = an_ultrasound(frames, REGION)
    deidentified(ds)
    before = pixel_digest(ds)
    assert compress(ds, Compression.HTJ2K)
    assert pixel_digest(written_and_read(ds)) == before


def test_an_image_that_cannot_be_masked_is_held_before_anything_changes() -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS))
    before = as_file(ds)
    with pytest.raises(BurnedInText, match="ultrasound regions"):
        deidentified(ds)
    assert is_untouched(ds, before)
    assert issubclass(BurnedInText, Held)


def test_a_profile_that_holds_does_not_mask() -> None:
    with pytest.raises(BurnedInText, match="let the profile mask"):
        deidentified(an_ultrasound(pixels(1, ROWS, COLUMNS), REGION), "hold")


@pytest.mark.parametrize("said", ["NO", "", None])
def test_an_image_that_does_not_say_yes_keeps_its_pixels(said: str | None) -> None:
    ds = an_ultrasound(pixels(1, ROWS, COLUMNS), REGION)
    ds.BurnedInAnnotation = said
    data = ds.PixelData
    deidentified(ds)
    assert ds.PixelData is data
    assert ds.ImageType[0] == "ORIGINAL"
    assert [item.CodeValue for item in ds.DeidentificationMethodCodeSequence] == ["113100", "113105"]


def test_the_policy_is_one_of_three() -> None:
    for policy in ("hold", "mask", "send"):
        assert from_domain(DeidentificationProfile("p", "P", (), policy)).burned_in == policy
    with pytest.raises(Invalid, match=r"'blur'.*mask, hold, send"):
        from_domain(DeidentificationProfile("p", "P", (), "blur"))
