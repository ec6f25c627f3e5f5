"""Real documents, waveforms, presentation states, segmentations and structure sets, as the viewer gets them."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from PIL import Image
from pydantic import TypeAdapter
from pydicom import dcmread
from pydicom.overlays.numpy_handler import get_overlay_array
from pydicom.waveforms.numpy_handler import multiplex_array

from node.dicom.presentation.attributes import attributes
from node.dicom.presentation.content import document
from node.dicom.presentation.overlays import overlays
from node.dicom.presentation.segmentation import frame_picture, segmentation
from node.dicom.presentation.state import presentation
from node.dicom.presentation.structures import structures
from node.dicom.presentation.waveform import waveform
from node.errors import NodeError, NotFound
from tests.real.images import malformed_files, real_files

FACES = (attributes, document, overlays, presentation, segmentation, structures, waveform)
SHAPES: dict[Any, TypeAdapter[Any]] = {face: TypeAdapter(get_type_hints(face)["return"]) for face in FACES}


def test_every_object_tells_what_it_is_in_the_shape_that_the_api_describes_or_says_that_it_is_not(
    shared_data: Path,
) -> None:
    told: Counter[str] = Counter()
    refused: list[str] = []
    for path in real_files(shared_data):
        for face in FACES:
            try:
                answer = json.loads(json.dumps(face(path), allow_nan=False))
                told[face.__name__] += 1
            except NotFound:
                continue
            except NodeError as error:
                refused.append(f"{path.name}: {error.message}")
                continue
            # what the shape does not know would be missing
            assert SHAPES[face].validate_python(answer) == answer, f"{path.name}: {face.__name__}"
    assert refused == []
    least = {"document": 40, "presentation": 15, "segmentation": 20, "structures": 3, "waveform": 1, "attributes": 600}
    assert {face: told[face] for face in least if told[face] < least[face]} == {}


def test_malformed_objects_are_told_or_refused_in_words(shared_data: Path) -> None:
    outcomes: Counter[str] = Counter()
    for path in malformed_files(shared_data):
        for face in (attributes, document):
            try:
                json.dumps(face(path), allow_nan=False)
                outcomes["told"] += 1
            except NodeError as error:
                outcomes["refused" if error.message.endswith(".") else "mumbled"] += 1
    assert outcomes["told"] > 100
    assert not outcomes["mumbled"]


def values(channel: dict[str, Any]) -> np.ndarray[Any, Any]:
    raw = np.frombuffer(base64.b64decode(channel["data"]), "<i2")
    return np.asarray(raw * channel["scale"] + channel["offset"])


def test_an_electrocardiogram_has_pydicoms_voltages(shared_data: Path) -> None:
    path = shared_data / "pydicom-testfiles" / "pydicom__waveform_ecg.dcm"
    told = waveform(path)
    for index, group in enumerate(told["groups"]):
        true = multiplex_array(dcmread(path), index, as_raw=False)
        for at, channel in enumerate(group["channels"]):
            assert channel["unit"] == "mV"
            assert np.allclose(values(channel), true[:, at] / 1000, atol=1e-9)  # microvolts there
    assert [c["name"] for c in told["groups"][0]["channels"]][-1] == "Lead V6"
    assert {"QRS Duration", "PR Interval"} <= {note["name"] for note in told["annotations"]}


def test_segmentation_frames_are_pydicoms(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "seg_pm").glob("*.dcm")):
        ds = dcmread(path)
        if ds.get("Modality") != "SEG" or ds.get("SegmentationType") == "FRACTIONAL":
            continue
        if not ds.file_meta.TransferSyntaxUID.is_implicit_VR and ds.file_meta.TransferSyntaxUID.is_compressed:
            continue  # pydicom lacks a decoder for packed bits
        pixels = ds.pixel_array.reshape(-1, ds.Rows, ds.Columns)
        for index in {0, len(pixels) - 1}:
            picture = np.asarray(Image.open(io.BytesIO(frame_picture(path, index))))
            scale = 255 if ds.SegmentationType == "BINARY" else 1
            assert np.array_equal(picture, np.minimum(pixels[index].astype(int) * scale, 255)), path.name
            compared += 1
    assert compared > 20


def test_overlay_planes_are_pydicoms(shared_data: Path) -> None:
    path = shared_data / "mr" / "pydicom-data-pypi__MR-SIEMENS-DICOM-WithOverlays.dcm"
    (plane,) = overlays(path)["planes"]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(plane["frames"][0]))))
    assert np.array_equal(picture[..., 1] // 255, get_overlay_array(dcmread(path), 0x6000))


def test_overlay_planes_in_unused_bits_are_found(shared_data: Path) -> None:
    path = shared_data / "ko_pr" / "offis-gsps-12" / "1.2.276.0.7230010.3.200.12.1.1"
    found = {plane["group"]: plane for plane in overlays(path)["planes"]}
    assert set(found) == {0x6000, 0x6002, 0x6004, 0x6006}
    assert all(plane["frames"][0] for plane in found.values())


def test_a_presentation_state_names_its_images_and_what_was_done_to_them(shared_data: Path) -> None:
    told = [presentation(path) for path in sorted((shared_data / "ko_pr").rglob("*")) if ".0." in path.name[20:]]
    assert len(told) >= 15
    assert all(one["images"] and one["areas"] for one in told)


def test_the_words_of_a_measurement_report_are_vietnamese(shared_data: Path) -> None:
    told = document(shared_data / "sr" / "dcmqi__sr.dcm")
    assert told["root"]["name"]["vi"] == "Báo cáo đo lường hình ảnh"
    measured = [item for item in walk(told["root"]) if item["type"] == "NUM"]
    assert measured
    assert all(isinstance(item["number"], float) for item in measured)
    assert any(item.get("unit") for item in measured)


def walk(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [item, *(inner for child in item.get("children", []) for inner in walk(child))]
