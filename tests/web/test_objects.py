"""Objects beside the images: what lies over a series, and what each object tells, over HTTP."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.web.world import STUDY, World, ct

FRAME_OF_REFERENCE = "2.25.31"


def an_object(sop: str, sop_class: str, modality: str, **more: Any) -> bytes:
    """Of the same study as `ct()`, without pixels unless `more` brings them."""
    ds = dcmread(BytesIO(ct(1)))
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        del ds[keyword]
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = UID(sop_class), UID(sop), modality
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(sop)
    ds.SeriesInstanceUID = f"{sop}.9"
    for keyword, value in more.items():
        if keyword == "PixelData":
            ds.add_new(0x7FE00010, "OB", value)
        else:
            setattr(ds, keyword, value)
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def a_state(series: str = f"{STUDY}.1", **more: Any) -> bytes:
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"{STUDY}.1.1"
    place = Dataset()
    place.SeriesInstanceUID, place.ReferencedImageSequence = series, [image]
    return an_object(
        "2.25.32",
        "1.2.840.10008.5.1.4.1.1.11.1",
        "PR",
        ContentLabel="DAU_GAN",
        ReferencedSeriesSequence=[place],
        PresentationLUTShape="INVERSE",
        ImageRotation=90,
        ImageHorizontalFlip="Y",
        **more,
    )


def a_table(first: int, *entries: int, bits: int = 8) -> Dataset:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [len(entries), first, bits], list(entries)
    item["LUTData"].VR = "US"
    return item


def a_segmentation() -> bytes:
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "Gan"
    identified, position, frame = Dataset(), Dataset(), Dataset()
    identified.ReferencedSegmentNumber = 1
    position.ImagePositionPatient = [0, 0, 1]
    frame.SegmentIdentificationSequence, frame.PlanePositionSequence = [identified], [position]
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 3:6] = 1
    return an_object(
        "2.25.33",
        "1.2.840.10008.5.1.4.1.1.66.4",
        "SEG",
        FrameOfReferenceUID=FRAME_OF_REFERENCE,
        SegmentationType="BINARY",
        SegmentSequence=[segment],
        PerFrameFunctionalGroupsSequence=[frame],
        NumberOfFrames=1,
        Rows=8,
        Columns=8,
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelRepresentation=0,
        PixelData=np.packbits(mask.ravel(), bitorder="little").tobytes(),
    )


def get(world: World, path: str, status: int = 200) -> Any:
    answer = world.client("bs").get(f"/api/display/studies/{STUDY}/series/{path}")
    assert answer.status_code == status, answer.text
    return answer.json() if "json" in answer.headers["content-type"] else answer.content


def test_states_and_segmentations_are_found_by_the_series_that_they_are_about(world: World) -> None:
    world.receive(ct(1, FrameOfReferenceUID=FRAME_OF_REFERENCE), a_state(), a_segmentation())
    found = get(world, f"{STUDY}.1/layers")["items"]
    assert {(one["kind"], one["sop"]) for one in found} == {("presentation", "2.25.32"), ("segmentation", "2.25.33")}
    assert next(one for one in found if one["kind"] == "presentation")["label"] == "DAU_GAN"


def test_those_of_another_series_are_not(world: World) -> None:
    world.receive(ct(1), a_state(series="2.25.99"), a_segmentation())
    assert get(world, f"{STUDY}.1/layers") == {"items": []}
    assert get(world, "2.25.98/layers", 404)["code"] == "not-found"


def test_a_state_says_how_the_image_was_seen(world: World) -> None:
    world.receive(ct(1), a_state())
    told = get(world, "2.25.32.9/instances/2.25.32/presentation")
    assert (told["rotation"], told["flipped"], told["inverse"]) == (90, True, True)
    assert told["images"] == [{"series": f"{STUDY}.1", "sop": f"{STUDY}.1.1", "frames": []}]


def test_a_state_tells_its_tables_of_values_and_of_greys(world: World) -> None:
    tables: dict[str, Any] = {
        "ModalityLUTSequence": [a_table(5, 10, 20, 30)],
        "PresentationLUTSequence": [a_table(0, 255, 128, 0)],
    }
    world.receive(ct(1), a_state(**tables))
    told = get(world, "2.25.32.9/instances/2.25.32/presentation")
    assert told["modality"] == {"descriptor": [3, 5, 8], "entries": [10, 20, 30]}
    assert told["presentation_lut"] == {"descriptor": [3, 0, 8], "entries": [255, 128, 0]}
    assert told["left_out"] == []


def test_a_state_tells_its_rescale_before_the_images(world: World) -> None:
    world.receive(ct(1), a_state(RescaleSlope=2, RescaleIntercept=-1000, RescaleType="HU"))
    told = get(world, "2.25.32.9/instances/2.25.32/presentation")
    assert told["modality"] == {"slope": 2, "intercept": -1000}
    assert told["presentation_lut"] is None


def test_what_of_a_state_cannot_be_shown_is_told(world: World) -> None:
    torn = Dataset()
    torn.LUTDescriptor = [256, 0, 8]
    subtraction, annotation, shape = Dataset(), Dataset(), Dataset()
    subtraction.MaskOperation, shape.CompoundGraphicType = "AVG_SUB", "RULER"
    annotation.CompoundGraphicSequence = [shape]
    more: dict[str, Any] = {
        "PresentationLUTSequence": [torn],
        "MaskSubtractionSequence": [subtraction],
        "GraphicAnnotationSequence": [annotation],
    }
    world.receive(ct(1), a_state(**more))
    told = get(world, "2.25.32.9/instances/2.25.32/presentation")
    assert told["presentation_lut"] is None
    assert told["left_out"] == ["subtraction", "compound-graphics", "table"]


def test_a_frame_of_a_segmentation_is_a_picture(world: World) -> None:
    world.receive(ct(1), a_segmentation())
    told = get(world, "2.25.33.9/instances/2.25.33/segmentation")
    assert told["segments"][0]["label"] == "Gan"
    assert told["frames"][0]["position"] == [0, 0, 1]
    assert get(world, "2.25.33.9/instances/2.25.33/segmentation/frames/1").startswith(b"\x89PNG")
    assert get(world, "2.25.33.9/instances/2.25.33/segmentation/frames/2", 404)["code"] == "not-found"


def test_every_attribute_is_told_to_who_may_see_the_study(world: World) -> None:
    world.receive(ct(1))
    rows = get(world, f"{STUDY}.1/instances/{STUDY}.1.1/attributes")["rows"]
    assert {"(0010,0010)", "(0028,0010)"} <= {row["tag"] for row in rows}
    assert "(7FE0,0010)" not in {row["tag"] for row in rows}
    address = f"/api/display/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/attributes"
    assert world.client().get(address).status_code == 401


def test_an_object_that_is_something_else_says_so(world: World) -> None:
    world.receive(ct(1))
    for face in ("document", "waveform", "presentation", "segmentation", "structures"):
        assert get(world, f"{STUDY}.1/instances/{STUDY}.1.1/{face}", 404)["code"] == "not-found"
    assert get(world, f"{STUDY}.1/instances/{STUDY}.1.1/overlays") == {"planes": []}
