"""Every real image through the display forms and back, against pydicom's reading of the same file.

pydicom decodes with other libraries (its own RLE, Pillow, pyjpegls). Where it has no decoder, the samples are compared
with those that imagecodecs gives. Values are compared after the rescale that the metadata name, or the Modality LUT.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut

from node.dicom import htj2k
from node.dicom.colour import ybr_to_rgb
from node.dicom.dataset import json_metadata, read_dataset_header
from node.dicom.display import MEDIA_RAW, Kind, display_metadata, plan
from node.dicom.display_frames import DisplayFrame, display_frame, thumbnail
from node.dicom.pixels import Frames
from node.errors import NodeError
from tests.real.images import as_pydicom_reads, malformed_files, real_files

# Objects that say that they are images and are not, or whose pixel data are damaged: the file is wrong, not the reader.
CANNOT_BE_SHOWN = {
    "nibabel-pypi__csa_slice_norm.dcm": "The object has no pixel data",
    "pydicom__JPEG2000-embedded-sequence-delimiter.dcm": "The jpeg-2000 frame cannot be decoded",
    "pydicom__MR_truncated.dcm": "The pixel data ends before the frame does",
    "pydicom__chrJapMulti.dcm": "The object has no pixel data",
    "pydicom__chrJapMultiExplicitIR6.dcm": "The object has no pixel data",
    "pydicom__chrKoreanMulti.dcm": "The object has no pixel data",
}
NO_DATA_SET = {"pydicom__no_meta.dcm"}  # neither preamble nor anything else that tells DICOM from other bytes
ROUNDING = 1  # of 255, between two conversions from YBR


def shown(metadata: dict[str, Any], frame: DisplayFrame) -> NDArray[Any]:
    """What a browser makes of the frame with nothing but the metadata."""

    def value(tag: str) -> int:
        return int(metadata[tag]["Value"][0])

    dtype = np.dtype(f"{'i' if value('00280103') else 'u'}{value('00280100') // 8}")
    rows, columns = value("00280010"), value("00280011")
    shape = (rows, columns, 3) if value("00280002") == 3 else (rows, columns)
    if frame.media_type == MEDIA_RAW:
        return np.frombuffer(frame.content, dtype).reshape(shape)
    samples = htj2k.decode(frame.content)
    assert (samples.shape, samples.dtype) == (shape, dtype)
    return samples


def decoded_here(path: Path, index: int) -> NDArray[Any]:
    """The samples by our own decoders, for what pydicom cannot decode."""
    with Frames.open(path) as frames:
        frame = frames.decode(index)
        if frame.photometric in ("YBR_FULL", "YBR_FULL_422"):
            return ybr_to_rgb(frame.samples)
        return frame.samples


def through_modality_lut(path: Path, stored: NDArray[Any]) -> NDArray[Any]:
    """What pydicom's look-up makes of the samples of an object with a Modality LUT, which the node applies itself."""
    header = dcmread(path, force=True, stop_before_pixels=True)
    if stored.ndim > 2 or not header.get("ModalityLUTSequence"):
        return stored
    return np.asarray(apply_modality_lut(stored, header))


def rescale(metadata: dict[str, Any]) -> tuple[float, float]:
    """Slope and intercept wherever they are: at the top or in the shared functional groups."""
    for where in (metadata, *(metadata.get("52009229", {}).get("Value") or [])):
        for item in (where, *(where.get("00289145", {}).get("Value") or [])):
            if "00281053" in item:
                return float(item["00281053"]["Value"][0]), float(item["00281052"]["Value"][0])
    return 1.0, 0.0


def wide_values_agree(
    path: Path, header: dict[str, Any], metadata: dict[str, Any], samples: NDArray[Any], true: NDArray[Any]
) -> bool:
    """After both rescales, within half a step of the 16 bits."""
    slope, intercept = rescale(metadata)
    dose = header.get("3004000E", {}).get("Value")
    own_slope, own_intercept = rescale(header)
    own_slope, own_intercept = (factor * (float(dose[0]) if dose else 1.0) for factor in (own_slope, own_intercept))
    values = true.astype(np.float64) * own_slope + own_intercept
    finite = np.isfinite(values)
    error = np.abs(samples * slope + intercept - values)[finite]
    return bool(error.size == 0 or error.max() <= slope / 2 * (1 + 1e-6) + 1e-9 * np.abs(values[finite]).max())


def test_every_real_image_is_shown_as_pydicom_reads_it(shared_data: Path) -> None:
    seen: Counter[str] = Counter()
    refused: dict[str, str] = {}
    unread: set[str] = set()
    for path in real_files(shared_data):
        try:
            header = json_metadata(read_dataset_header(path))
        except NodeError:
            unread.add(path.name)
            continue
        how, metadata = plan(header), display_metadata(header, path)
        if how is None or metadata is None:
            assert how is None, path.name
            continue
        index = how.description.frames // 2
        try:
            frame = display_frame(path, index + 1)
        except NodeError as error:
            refused[path.name] = error.message
            continue
        samples, true = shown(metadata, frame), as_pydicom_reads(path, index)
        seen["pydicom" if true is not None else "imagecodecs"] += 1
        true = through_modality_lut(path, decoded_here(path, index) if true is None else true)
        assert samples.shape == true.shape, path.name
        match how.kind:
            case Kind.RANGE:
                assert wide_values_agree(path, header, metadata, samples, true), path.name
            case Kind.COLOUR:
                assert np.abs(samples.astype(int) - true).max() <= ROUNDING, path.name
            case _:
                assert np.array_equal(samples, true), path.name
        seen[how.kind] += 1
        assert thumbnail(path).startswith(b"\xff\xd8"), path.name
    assert set(refused) == set(CANNOT_BE_SHOWN)
    assert all(message.startswith(CANNOT_BE_SHOWN[name]) for name, message in refused.items())
    assert unread == NO_DATA_SET
    assert all(seen[kind] >= (1 if kind is Kind.TABLE else 8) for kind in Kind), seen  # one real image has such a table
    assert seen["pydicom"] > 10 * seen["imagecodecs"], seen


def test_previews_of_real_images_are_exact(shared_data: Path) -> None:
    compared = 0
    for path in (
        real_files(shared_data / "ct")[::8] + real_files(shared_data / "cr_dx") + real_files(shared_data / "mg")
    ):
        try:
            whole = display_frame(path, 1)
        except NodeError:
            continue
        if whole.media_type != "image/jphc":
            continue
        levels = htj2k.parse(whole.content).levels
        for level in range(1, levels + 1):
            cut = display_frame(path, 1, resolution=level).content
            reduced = imagecodecs.htj2k_decode(cut, skipres=level, resilient=True)
            assert np.array_equal(reduced, imagecodecs.htj2k_decode(whole.content, skipres=level)), (path.name, level)
            assert len(cut) < len(whole.content)
            compared += 1
    assert compared > 50


def test_malformed_objects_are_shown_or_refused_in_words(shared_data: Path) -> None:
    outcomes: Counter[str] = Counter()
    for path in malformed_files(shared_data):
        for attempt in (lambda path=path: display_frame(path, 1), lambda path=path: thumbnail(path)):
            try:
                attempt()
                said = ""
            except NodeError as error:
                said = error.message
            assert not said or said.endswith("."), path.name
            outcomes["refused" if said else "shown"] += 1
    assert outcomes["shown"] > 100
    assert outcomes["refused"] > 100
