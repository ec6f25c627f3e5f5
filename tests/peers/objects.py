"""Studies to send: small CT images with accents, a sequence and private elements, in any transfer syntax."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import MPEG2MPML, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless

from tests.images import a_coded_image, an_image, saved, smooth

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT, JPEG_2000 = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian), str(JPEG2000Lossless)
MPEG_2 = str(MPEG2MPML)
NAME = "Nguyễn^Thị Đào"


def pixels(number: int, rows: int = 64) -> NDArray[Any]:
    """The one frame of image `number` of a study: (1, rows, rows)."""
    return smooth(rows, rows) + number


def write_study(folder: Path, uid: str, count: int = 2, *, syntax: str = EXPLICIT, **more: Any) -> list[Path]:
    """The files of a study; `more` sets attributes of every image."""
    folder.mkdir(parents=True, exist_ok=True)
    return [saved(_image(uid, number, syntax, more), folder, f"{number:04}.dcm") for number in range(1, count + 1)]


def write_video(folder: Path, uid: str) -> list[Path]:
    """A study of one object whose pixels nobody here can decode: only who takes MPEG2 gets it."""
    folder.mkdir(parents=True, exist_ok=True)
    ds = _image(uid, 1, EXPLICIT, {})
    coded = a_coded_image(pixels(1), MPEG_2, [b"\0\0\1\xb3 no real video"])
    ds.file_meta.TransferSyntaxUID, ds["PixelData"] = coded.file_meta.TransferSyntaxUID, coded["PixelData"]
    return [saved(ds, folder, "0001.dcm")]


def _image(uid: str, number: int, syntax: str, more: dict[str, Any]) -> Dataset:
    frames = pixels(number)
    if syntax == JPEG_2000:
        ds = a_coded_image(frames, syntax, [imagecodecs.jpeg2k_encode(frames[0], level=0)])
    else:
        ds = an_image(frames, syntax=syntax)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CT_IMAGE, f"{uid}.2.{number}", "CT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid, f"{uid}.2"
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = (
        NAME,
        f"P{uid.rpartition('.')[2]}",
        "F",
        "19800229",
    )
    ds.AccessionNumber, ds.StudyID = f"A{uid.rpartition('.')[2]}", "1"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription = "20260302", "073000", "Chụp lồng ngực"
    ds.SeriesNumber, ds.InstanceNumber, ds.BodyPartExamined = 1, number, "CHEST"
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = "121311", "DCM", "Localizer"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT_IMAGE, f"{uid}.2.99"
    reference.PurposeOfReferenceCodeSequence = [purpose]
    ds.ReferencedImageSequence = [reference]
    block = ds.private_block(0x0019, "LIEN TUYEN TEST", create=True)
    block.add_new(0x01, "LO", "riêng")
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return ds
