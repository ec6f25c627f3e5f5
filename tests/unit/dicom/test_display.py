"""What the viewer is told fits what it gets, for every form of pixels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from node.dicom import htj2k
from node.dicom.dataset import json_metadata, read_header
from node.dicom.display import Kind, display_metadata, plan
from node.dicom.display_frames import display_frame, thumbnail
from node.dicom.display_order import order
from node.dicom.pixels import Frames
from node.dicom.transcode import compress
from node.domain.route import Compression
from node.errors import Unreadable
from tests.images import a_coded_image, an_image, saved, smooth

RPCL = "1.2.840.10008.1.2.4.202"
EXPLICIT = "1.2.840.10008.1.2.1"


def rgb(dtype: str = "uint8", top: int = 200) -> np.ndarray[Any, Any]:
    grey = smooth(40, 36, dtype=dtype, top=top)
    return np.stack([grey, grey // 2, top - grey], axis=-1)


def a_palette_image(bits: int) -> Dataset:
    ds = an_image(smooth(20, 20, dtype="uint8", top=200), PhotometricInterpretation="PALETTE COLOR")
    ramp = np.arange(256)
    for colour, table in (("Red", ramp), ("Green", 255 - ramp), ("Blue", ramp // 2)):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, bits])
        table = table * 257 if bits == 16 else table
        setattr(ds, f"{colour}PaletteColorLookupTableData", table.astype("<u2" if bits == 16 else "u1").tobytes())
    return ds


def one_bit_frames() -> np.ndarray[Any, Any]:
    return (smooth(13, 11, dtype="uint8", top=4, frames=3) % 2).astype("uint8")


def a_one_bit_image() -> Dataset:
    frames = one_bit_frames()
    packed = np.packbits(frames.ravel(), bitorder="little").tobytes()
    return an_image(frames, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=packed + b"\0" * (len(packed) % 2))


def with_wrong_j2k_sign() -> Dataset:
    frames = smooth(32, 32, dtype="int16")
    wrong = imagecodecs.jpeg2k_encode(frames[0].view("uint16"), reversible=True, codecformat="j2k")
    return a_coded_image(frames, "1.2.840.10008.1.2.4.90", [wrong])


def jpeg(photometric: str, colorspace: str) -> Dataset:
    coded = imagecodecs.jpeg8_encode(rgb()[0], level=100, colorspace="RGB", outcolorspace=colorspace, subsampling="444")
    return a_coded_image(rgb(), "1.2.840.10008.1.2.4.50", [coded], PhotometricInterpretation=photometric)


IMAGES: dict[str, tuple[Kind, Any]] = {
    "unsigned 16": (Kind.GREY, lambda: an_image(smooth(40, 30), stored=12)),
    "signed 16": (Kind.GREY, lambda: an_image(smooth(40, 30, dtype="int16"), stored=13)),
    "unsigned 8": (Kind.GREY, lambda: an_image(smooth(40, 30, dtype="uint8", top=200))),
    "signed 8": (Kind.GREY, lambda: an_image(smooth(40, 30, dtype="int8", top=200))),
    "inverted": (Kind.GREY, lambda: an_image(smooth(40, 30), PhotometricInterpretation="MONOCHROME1")),
    "nameless": (Kind.GREY, lambda: an_image(smooth(40, 30), Modality=None, PixelRepresentation=None, HighBit=None)),
    "wrong sign inside": (Kind.GREY, with_wrong_j2k_sign),
    "one bit": (Kind.BITS, a_one_bit_image),
    "32 bits": (Kind.RANGE, lambda: an_image(smooth(40, 30, dtype="uint32", top=3_000_000_000))),
    "32 bits signed": (Kind.RANGE, lambda: an_image(smooth(40, 30, dtype="int32", top=9000))),
    "float": (Kind.RANGE, lambda: an_image(smooth(40, 30, dtype="float32") / 1e6)),
    "double": (Kind.RANGE, lambda: an_image(smooth(40, 30, dtype="float64") * 1e6)),
    "rgb": (Kind.COLOUR, lambda: an_image(rgb())),
    "rgb 16": (Kind.COLOUR, lambda: an_image(rgb("uint16", 60000))),
    "ybr": (Kind.COLOUR, lambda: an_image(rgb(), PhotometricInterpretation="YBR_FULL")),
    "palette 8": (Kind.COLOUR, lambda: a_palette_image(8)),
    "palette 16": (Kind.COLOUR, lambda: a_palette_image(16)),
    "jpeg": (Kind.COLOUR, lambda: jpeg("YBR_FULL_422", "YCBCR")),
}


def value(metadata: dict[str, Any], tag: str) -> Any:
    return metadata[tag]["Value"][0]


def decoded(metadata: dict[str, Any], content: bytes) -> np.ndarray[Any, Any]:
    """What a browser makes of a frame with nothing but the metadata."""
    rows, columns, bits = (value(metadata, tag) for tag in ("00280010", "00280011", "00280100"))
    dtype = np.dtype(f"{'i' if value(metadata, '00280103') else 'u'}{bits // 8}")
    shape = (rows, columns, 3) if value(metadata, "00280002") == 3 else (rows, columns)
    samples = htj2k.decode(content)
    assert (samples.shape, samples.dtype) == (shape, dtype)
    return samples


@pytest.mark.parametrize("what", sorted(IMAGES))
def test_the_metadata_describe_the_frame(what: str, tmp_path: Path) -> None:
    kind, make = IMAGES[what]
    path = saved(make(), tmp_path)
    header = read_header(path).metadata
    how = plan(header)
    metadata = display_metadata(header, path)
    frame = display_frame(path, 1)
    assert how is not None
    assert metadata is not None
    assert how.kind is kind
    assert decoded(metadata, frame.content).size
    assert value(metadata, "00280101") <= value(metadata, "00280100")
    assert value(metadata, "00280102") == value(metadata, "00280101") - 1
    assert value(metadata, "00280004") in ("MONOCHROME1", "MONOCHROME2", "RGB")
    assert value(metadata, "00083002") == frame.transfer_syntax_uid == how.transfer_syntax_uid
    assert frame.media_type == ("image/jphc" if frame.transfer_syntax_uid == RPCL else "application/octet-stream")
    assert value(metadata, "00080060") == "OT"
    assert value(metadata, "00080016")
    assert Image.open(io.BytesIO(thumbnail(path))).format == "JPEG"


@pytest.mark.parametrize("what", ["unsigned 16", "signed 16", "unsigned 8", "signed 8", "inverted", "nameless"])
def test_grey_samples_are_the_stored_ones(what: str, tmp_path: Path) -> None:
    ds = IMAGES[what][1]()
    metadata = display_metadata(json_metadata(ds))
    assert metadata is not None
    shown = decoded(metadata, display_frame(saved(ds, tmp_path), 1).content)
    assert shown.tobytes() == ds.PixelData


def test_the_header_decides_the_sign_of_a_codestream_that_is_wrong(tmp_path: Path) -> None:
    frame = display_frame(saved(with_wrong_j2k_sign(), tmp_path), 1)
    assert np.array_equal(htj2k.decode(frame.content), smooth(32, 32, dtype="int16")[0])


def test_unused_bits_are_cleared(tmp_path: Path) -> None:
    path = saved(an_image(smooth(30, 30) | 0x8000, stored=12), tmp_path)
    assert np.array_equal(htj2k.decode(display_frame(path, 1).content), smooth(30, 30)[0])


def test_one_bit_frames_that_do_not_begin_on_a_byte_are_found(tmp_path: Path) -> None:
    path = saved(a_one_bit_image(), tmp_path)
    for number, frame in enumerate(one_bit_frames(), 1):
        assert np.array_equal(htj2k.decode(display_frame(path, number).content), frame)


def test_one_bit_images_get_a_window_that_shows_them() -> None:
    metadata = display_metadata(json_metadata(a_one_bit_image()))
    assert metadata is not None
    assert (value(metadata, "00281050"), value(metadata, "00281051")) == (0.5, 1)


@pytest.mark.parametrize("what", ["32 bits", "32 bits signed", "float", "double"])
def test_the_rescale_gives_back_wide_values(what: str, tmp_path: Path) -> None:
    ds = IMAGES[what][1]()
    tag = next(tag for tag in (0x7FE00008, 0x7FE00009, 0x7FE00010) if tag in ds)
    kind = {"32 bits": "<u4", "32 bits signed": "<i4", "float": "<f4", "double": "<f8"}[what]
    true = np.frombuffer(ds[tag].value, kind).reshape(ds.Rows, ds.Columns).astype(float)
    path = saved(ds, tmp_path)
    metadata = display_metadata(read_header(path).metadata, path)
    assert metadata is not None
    slope, intercept = value(metadata, "00281053"), value(metadata, "00281052")
    shown = decoded(metadata, display_frame(path, 1).content) * slope + intercept
    assert np.abs(shown - true).max() <= slope / 2 * (1 + 1e-6)
    assert (slope == 1) == (what == "32 bits signed")


def test_all_frames_of_a_wide_image_share_one_rescale(tmp_path: Path) -> None:
    frames = np.stack([np.full((8, 8), 100, "uint32"), np.full((8, 8), 2_000_000, "uint32")])
    path = saved(an_image(frames), tmp_path)
    metadata = display_metadata(read_header(path).metadata, path)
    assert metadata is not None
    slope, intercept = value(metadata, "00281053"), value(metadata, "00281052")
    first, second = (float(htj2k.decode(display_frame(path, n).content)[0, 0]) for n in (1, 2))
    assert first * slope + intercept == pytest.approx(100)
    assert second * slope + intercept == pytest.approx(2_000_000)


def test_not_a_number_becomes_the_lowest_value(tmp_path: Path) -> None:
    frames = smooth(16, 16, dtype="float32")
    frames[0, 0, 0], frames[0, 0, 1] = np.nan, np.inf
    samples = htj2k.decode(display_frame(saved(an_image(frames), tmp_path), 1).content)
    assert (samples[0, 0], samples[0, 1]) == (0, 65535)


def test_without_its_pixels_a_wide_image_is_left_out_rather_than_wrong() -> None:
    header = json_metadata(an_image(smooth(20, 20, dtype="uint32")))
    how = plan(header)
    assert how is not None
    assert how.needs_pixels
    assert display_metadata(header) is None


def test_a_dose_is_shown_in_gray(tmp_path: Path) -> None:
    ds = an_image(smooth(20, 20, dtype="uint32", top=3_000_000), Modality="RTDOSE", DoseGridScaling="0.00001")
    path = saved(ds, tmp_path)
    metadata = display_metadata(read_header(path).metadata, path)
    assert metadata is not None
    assert "3004000E" not in metadata
    gray = decoded(metadata, display_frame(path, 1).content) * value(metadata, "00281053") + value(metadata, "00281052")
    assert gray.max() == pytest.approx(smooth(20, 20, dtype="uint32", top=3_000_000).max() * 1e-5, rel=1e-4)


def test_a_rescale_in_functional_groups_is_adjusted_there(tmp_path: Path) -> None:
    transformation, group = Dataset(), Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = 2, 5, "US"
    group.PixelValueTransformationSequence = [transformation]
    ds = an_image(smooth(20, 20, dtype="float32"), SharedFunctionalGroupsSequence=[group])
    path = saved(ds, tmp_path)
    header = read_header(path).metadata
    metadata = display_metadata(header, path)
    assert metadata is not None
    inner = metadata["52009229"]["Value"][0]["00289145"]["Value"][0]
    assert value(inner, "00281053") == pytest.approx(2 * float(np.ptp(smooth(20, 20, dtype="float32"))) / 65535)
    assert "00281053" not in metadata
    assert header["52009229"]["Value"][0]["00289145"]["Value"][0]["00281053"]["Value"] == [2]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_becomes_its_colours(bits: int, tmp_path: Path) -> None:
    ds = a_palette_image(bits)
    metadata = display_metadata(json_metadata(ds))
    assert metadata is not None
    assert not [tag for tag in metadata if tag.startswith(("002811", "002812"))]
    shown = decoded(metadata, display_frame(saved(ds, tmp_path), 1).content)
    index = smooth(20, 20, dtype="uint8", top=200)[0]
    assert np.array_equal(shown, np.stack([index, 255 - index, index // 2], axis=-1))


def test_the_palette_of_a_big_endian_object_is_turned(tmp_path: Path) -> None:
    little = display_frame(saved(a_palette_image(16), tmp_path, "little.dcm"), 1).content
    ds = a_palette_image(16)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
    for colour in ("Red", "Green", "Blue"):
        element = ds[f"{colour}PaletteColorLookupTableData"]
        element.value = np.frombuffer(element.value, "<u2").astype(">u2").tobytes()
    ds.set_original_encoding(False, False)
    assert display_frame(saved(ds, tmp_path, "big.dcm"), 1).content == little


def test_planes_become_pixels(tmp_path: Path) -> None:
    ds = an_image(rgb())
    ds.PlanarConfiguration, ds.PixelData = 1, rgb()[0].transpose(2, 0, 1).tobytes()
    assert np.array_equal(htj2k.decode(display_frame(saved(ds, tmp_path), 1).content), rgb()[0])


def test_wide_colours_keep_their_upper_bits(tmp_path: Path) -> None:
    shown = display_frame(saved(an_image(rgb("uint16", 60000)), tmp_path), 1).content
    assert np.array_equal(htj2k.decode(shown), rgb("uint16", 60000)[0] >> 8)


def test_subsampled_pixels_are_widened_and_converted(tmp_path: Path) -> None:
    ds = an_image(np.zeros((1, 2, 2, 3), "uint8"), PhotometricInterpretation="YBR_FULL_422")
    ds.PixelData = bytes([76, 150, 85, 255, 29, 29, 255, 107])  # luminance of red and green in one pair; blue twice
    shown = np.frombuffer(display_frame(saved(ds, tmp_path), 1).content, "uint8").reshape(2, 2, 3)
    assert shown[0, 0].tolist() == [254, 0, 0]
    assert shown[1, 0].tolist() == shown[1, 1].tolist() == [0, 0, 254]


@pytest.mark.parametrize(
    ("photometric", "colorspace"),
    [("YBR_FULL_422", "YCBCR"), ("YBR_FULL", "YCBCR"), ("RGB", "YCBCR"), ("RGB", "RGB"), ("YBR_FULL_422", "RGB")],
)
def test_a_jpeg_is_believed_before_its_header_about_colour(photometric: str, colorspace: str, tmp_path: Path) -> None:
    shown = htj2k.decode(display_frame(saved(jpeg(photometric, colorspace), tmp_path), 1).content)
    assert np.abs(shown.astype(int) - rgb()[0]).max() <= 4


def test_what_was_stored_for_streaming_goes_out_as_it_is(tmp_path: Path) -> None:
    ds = an_image(smooth(80, 70, dtype="int16", frames=3))
    compress(ds, Compression.HTJ2K)
    stored = Frames.of(ds).stored(1)
    assert display_frame(saved(ds, tmp_path), 2).content == stored


def test_a_stream_without_resolution_ends_is_coded_anew(tmp_path: Path) -> None:
    frames = smooth(80, 70)
    plain = imagecodecs.htj2k_encode(frames[0], reversible=True)
    frame = display_frame(saved(a_coded_image(frames, RPCL, [plain]), tmp_path), 1)
    assert frame.content != plain
    assert htj2k.parse(frame.content).streamable
    assert np.array_equal(htj2k.decode(frame.content), frames[0])


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_preview_decodes_to_exactly_the_reduced_image(level: int, tmp_path: Path) -> None:
    path = saved(an_image(smooth(300, 200)), tmp_path)
    whole = display_frame(path, 1).content
    cut = display_frame(path, 1, resolution=level)
    assert whole.startswith(cut.content)
    assert len(cut.content) < len(whole)
    reduced = imagecodecs.htj2k_decode(cut.content, skipres=level, resilient=True)
    assert np.array_equal(reduced, imagecodecs.htj2k_decode(whole, skipres=level))


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_frame_that_is_not_there_is_refused_in_words(number: int, tmp_path: Path) -> None:
    path = saved(an_image(smooth(8, 8, frames=2)), tmp_path)
    with pytest.raises(Unreadable, match="There is no frame"):
        display_frame(path, number)


def test_a_broken_frame_is_refused_in_words(tmp_path: Path) -> None:
    path = saved(a_coded_image(smooth(8, 8), "1.2.840.10008.1.2.4.90", [b"\xff\x4f\xff\x51junk"]), tmp_path)
    with pytest.raises(Unreadable, match="jpeg-2000 frame cannot be decoded"):
        display_frame(path, 1)


def test_a_cut_off_file_shows_the_frames_that_are_there(tmp_path: Path) -> None:
    path = saved(an_image(smooth(16, 16, frames=3)), tmp_path)
    path.write_bytes(path.read_bytes()[:-300])
    assert display_frame(path, 2).content
    with pytest.raises(Unreadable, match="ends before the frame"):
        display_frame(path, 3)


@pytest.mark.parametrize(
    "more",
    [{"Rows": None}, {"BitsAllocated": None}, {"SamplesPerPixel": 4}, {"BitsAllocated": 24}, {"Columns": 0}],
)
def test_an_object_that_cannot_be_shown_is_left_out(more: dict[str, Any]) -> None:
    header = json_metadata(an_image(smooth(8, 8), **more))
    assert plan(header) is None
    assert display_metadata(header) is None


def test_the_header_of_the_ledger_is_not_changed() -> None:
    header = json_metadata(a_palette_image(8))
    before = repr(header)
    display_metadata(header)
    assert repr(header) == before


# --- thumbnails -------------------------------------------------------------------------------------------------------


def picture(ds: Dataset, folder: Path, size: int = 128) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(thumbnail(saved(ds, folder), size)))).astype(int)


def test_a_thumbnail_is_no_larger_than_asked(tmp_path: Path) -> None:
    assert picture(an_image(smooth(700, 350)), tmp_path, 100).shape == (100, 50)


def test_a_thumbnail_uses_the_window_after_the_rescale(tmp_path: Path) -> None:
    ds = an_image(
        np.array([[[0] * 16 + [1000] * 16 + [2000] * 16] * 48], "uint16"), RescaleSlope=1, RescaleIntercept=-1000
    )
    ds.WindowCenter, ds.WindowWidth = 0, 400
    shown = picture(ds, tmp_path)
    assert abs(shown[24, 8]) < 8
    assert abs(shown[24, 24] - 128) < 8
    assert abs(shown[24, 40] - 255) < 8


def test_monochrome1_is_shown_the_right_way_round(tmp_path: Path) -> None:
    frames = np.array([[[0] * 24 + [255] * 24] * 48], "uint8")
    shown = picture(
        an_image(frames, PhotometricInterpretation="MONOCHROME1", WindowCenter=128, WindowWidth=256), tmp_path
    )
    assert shown[24, 8] > 247
    assert shown[24, 40] < 8


def test_without_a_window_the_percentiles_are_spread_and_padding_is_left_out(tmp_path: Path) -> None:
    frames = np.array([[[-2000] * 16 + [10] * 16 + [30] * 16] * 48], "int16")
    ds = an_image(frames)
    ds.add_new(0x00280120, "SS", -2000)
    shown = picture(ds, tmp_path)
    assert shown[24, 24] < 8
    assert shown[24, 40] > 247


def test_a_voi_lut_is_applied(tmp_path: Path) -> None:
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [4, 0, 8], [0, 255, 64, 128]
    frames = np.array([[[0] * 16 + [1] * 16 + [3] * 16] * 48], "uint8")
    ds = an_image(frames, VOILUTSequence=[lut])
    ds.VOILUTSequence[0]["LUTData"].VR = "US"
    ds.VOILUTSequence[0]["LUTDescriptor"].VR = "US"
    shown = picture(ds, tmp_path)
    assert [round(shown[24, x] / 32) for x in (8, 24, 40)] == [0, 8, 4]


def test_the_middle_frame_is_shown(tmp_path: Path) -> None:
    frames = np.zeros((3, 32, 32), "uint8")
    frames[1] = 255
    shown = picture(an_image(frames, WindowCenter=128, WindowWidth=256), tmp_path)
    assert shown.min() > 247


def test_a_flat_image_is_grey(tmp_path: Path) -> None:
    assert abs(picture(an_image(np.full((1, 20, 20), 77, "uint16")), tmp_path).mean() - 127) < 3


def test_colours_are_right(tmp_path: Path) -> None:
    frames = np.zeros((1, 32, 32, 3), "uint8")
    frames[..., 0] = 220
    shown = picture(an_image(frames), tmp_path)
    assert np.abs(shown.mean(axis=(0, 1)) - [220, 0, 0]).max() < 6


# --- order ------------------------------------------------------------------------------------------------------------


def a_slice(number: int | None, z: float | None = None, iop: tuple[float, ...] = (1, 0, 0, 0, 1, 0)) -> dict[str, Any]:
    header: dict[str, Any] = {}
    if number is not None:
        header["00200013"] = {"vr": "IS", "Value": [number]}
    if z is not None:
        header["00200032"] = {"vr": "DS", "Value": [0.0, 0.0, z]}
        header["00200037"] = {"vr": "DS", "Value": list(iop)}
    return header


def test_images_without_a_place_go_by_their_number_and_unnumbered_ones_last() -> None:
    assert order([a_slice(3), a_slice(None), a_slice(1), a_slice(2)]) == [2, 3, 0, 1]


def test_parallel_slices_go_along_their_normal() -> None:
    assert order([a_slice(None, 20.0), a_slice(None, -5.0), a_slice(None, 7.5)]) == [1, 2, 0]


def test_the_direction_is_that_of_the_numbers() -> None:
    assert order([a_slice(1, 30.0), a_slice(3, 10.0), a_slice(2, 20.0)]) == [0, 2, 1]


def test_wrong_numbers_do_not_shuffle_slices() -> None:
    assert order([a_slice(1, 0.0), a_slice(2, 10.0), a_slice(4, 20.0), a_slice(3, 30.0)]) == [0, 1, 2, 3]


def test_slices_at_one_place_go_by_number() -> None:
    assert order([a_slice(2, 0.0), a_slice(1, 0.0), a_slice(4, 5.0), a_slice(3, 5.0)]) == [1, 0, 3, 2]


def test_a_scout_among_the_slices_makes_the_numbers_decide() -> None:
    scout = a_slice(1, 99.0, (0, 1, 0, 0, 0, -1))
    assert order([a_slice(3, 10.0), scout, a_slice(2, 20.0)]) == [1, 2, 0]


def test_equal_images_keep_their_order() -> None:
    assert order([a_slice(1), a_slice(1), a_slice(1)]) == [0, 1, 2]


def test_nothing_has_no_order() -> None:
    assert order([]) == []
