"""Demonstration studies, made from numbers alone: a chest CT, a chest radiograph, an ultrasound cine, as Part 10 files.

The people in them are plainly invented. UIDs, accession numbers and pixels follow from the seed and the time: the same
call makes the same files, a call at another time makes new studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    UltrasoundMultiFrameImageStorage,
)

from node.dicom import _phantom_abdomen as abdomen
from node.dicom import _phantom_chest as chest
from node.dicom.report.document import MANUFACTURER, part10
from node.dicom.setup import configure
from node.dicom.study_header import HANOI, offset_text
from node.dicom.uids import derived_uid

US_FRAMES = 30
US_FRAME_TIME = 50.0  # milliseconds


@dataclass(frozen=True, slots=True)
class Sample:
    """One invented patient and examination."""

    key: str  # part of the UIDs, name of the folder
    name: str
    patient_id: str
    born: str
    sex: str
    age: str
    modality: str
    body_part: str
    study: str
    series: str
    referrer: str
    minutes_ago: int


CT = Sample(
    "ct",
    "NGUYỄN^VĂN MẪU",
    "MAU-0001",
    "19670512",
    "M",
    "058Y",
    "CT",
    "CHEST",
    "CT ngực không tiêm thuốc cản quang",
    "Lồng ngực, lát cắt ngang",
    "LÊ^THỬ NGHIỆM^^BS",
    42,
)
CR = Sample(
    "cr",
    "TRẦN^THỊ VÍ DỤ",
    "MAU-0002",
    "19840903",
    "F",
    "041Y",
    "CR",
    "CHEST",
    "X-quang ngực thẳng",
    "Ngực thẳng, đứng",
    "LÊ^THỬ NGHIỆM^^BS",
    31,
)
US = Sample(
    "us",
    "HOÀNG^MINH HỌA",
    "MAU-0003",
    "19920127",
    "F",
    "033Y",
    "US",
    "ABDOMEN",
    "Siêu âm ổ bụng tổng quát",
    "Gan và thận phải, đoạn phim",
    "PHẠM^THỊ DÙNG THỬ^^BS",
    18,
)


def write_phantoms(folder: Path, *, now: datetime, seed: int, ct_slices: int = 64) -> list[Path]:
    """One CT, one CR and one ultrasound study below `folder`; the files in the order in which a modality would send them.

    `now` is aware; the examinations were some minutes before it. The folder is made when it is not there.
    """
    return [
        *write_ct(folder / CT.key, slices=ct_slices, now=now, seed=seed),
        *_write(folder / CR.key, [_radiograph(now, seed)]),
        *_write(folder / US.key, [_cine(now, seed)]),
    ]


def write_ct(folder: Path, *, slices: int, now: datetime, seed: int) -> list[Path]:
    """One CT study of `slices` axial images of 512 x 512 (about half a megabyte each), written one after the other."""
    configure()
    rng = np.random.default_rng([seed, 1])
    written: list[Path] = []
    for index, plane in enumerate(chest.ct_slices(slices, rng)):
        written += _write(folder, [_ct_slice(plane, index, slices, now, seed)], start=index)
    return written


def _write(folder: Path, objects: Sequence[Dataset], start: int = 0) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, ds in enumerate(objects, start=start + 1):
        path = folder / f"{number:04d}.dcm"
        path.write_bytes(part10(ds))
        paths.append(path)
    return paths


# --- the three kinds of image


def _ct_slice(plane: NDArray[np.uint16], index: int, count: int, now: datetime, seed: int) -> Dataset:
    """PS3.3 A.3: CT Image IOD."""
    spacing = chest.CT_FIELD / chest.CT_SIZE
    thickness = chest.CT_HEIGHT / count
    z = -(index + 0.5) * thickness
    ds = _base(CT, CTImageStorage, index + 1, now, seed)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.FrameOfReferenceUID = _uid(CT, "frame", now, seed)
    ds.PositionReferenceIndicator = ""
    ds.AcquisitionNumber = 1
    ds.PatientPosition = "HFS"
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    corner = -(chest.CT_FIELD - spacing) / 2
    ds.ImagePositionPatient = [_ds(corner), _ds(corner), _ds(z)]
    ds.SliceLocation = _ds(z)
    ds.PixelSpacing = [_ds(spacing), _ds(spacing)]
    ds.SliceThickness = ds.SpacingBetweenSlices = _ds(thickness)
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime = 120, 180, 500
    ds.ConvolutionKernel = "STANDARD"
    ds.GantryDetectorTilt = 0
    ds.ReconstructionDiameter = _ds(chest.CT_FIELD)
    ds.ScanOptions = "HELICAL"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = [40, -550], [400, 1500]
    ds.WindowCenterWidthExplanation = ["Trung thất", "Phổi"]
    _pixels(ds, plane, stored=12)
    return ds


def _radiograph(now: datetime, seed: int) -> Dataset:
    """PS3.3 A.2: Computed Radiography Image IOD."""
    configure()
    spacing = chest.CR_FIELD / chest.CR_SIZE
    ds = _base(CR, ComputedRadiographyImageStorage, 1, now, seed)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.ViewPosition = "PA"
    ds.PatientOrientation = ["L", "F"]
    ds.KVP, ds.ExposureTime, ds.XRayTubeCurrent, ds.Exposure = 117, 12, 320, 4
    ds.DistanceSourceToDetector = 1800
    ds.ImagerPixelSpacing = [_ds(spacing), _ds(spacing)]
    ds.PlateID = "MAU-01"
    ds.PresentationLUTShape = "IDENTITY"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.WindowCenter, ds.WindowWidth = 1900, 2700
    _pixels(ds, chest.chest_radiograph(np.random.default_rng([seed, 2])), stored=12)
    return ds


def _cine(now: datetime, seed: int) -> Dataset:
    """PS3.3 A.7: Ultrasound Multi-frame Image IOD, with one calibrated region so that lengths can be measured."""
    configure()
    frames = abdomen.ultrasound_frames(US_FRAMES, np.random.default_rng([seed, 3]))
    ds = _base(US, UltrasoundMultiFrameImageStorage, 1, now, seed)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    ds.PatientOrientation = ""
    ds.TransducerType = "CURVED LINEAR"
    ds.NumberOfFrames = US_FRAMES
    ds.FrameIncrementPointer = 0x00181063
    ds.FrameTime = _ds(US_FRAME_TIME)
    ds.CineRate = ds.RecommendedDisplayFrameRate = round(1000 / US_FRAME_TIME)
    ds.StartTrim, ds.StopTrim = 1, US_FRAMES
    ds.WindowCenter, ds.WindowWidth = 128, 256
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 2
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = abdomen.US_COLUMNS - 1, abdomen.US_ROWS - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3  # centimetres
    region.PhysicalDeltaX = region.PhysicalDeltaY = abdomen.us_pixel_spacing() / 10
    ds.SequenceOfUltrasoundRegions = [region]
    _pixels(ds, frames, stored=8)
    return ds


# --- what they have in common


def _base(sample: Sample, sop_class: str, number: int, now: datetime, seed: int) -> Dataset:
    """Patient, study, series, equipment and SOP common attributes."""
    moment = now.astimezone(HANOI).replace(microsecond=0) - timedelta(minutes=sample.minutes_ago)
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = _uid(sample, f"instance-{number}", now, seed)
    ds.StudyInstanceUID = _uid(sample, "study", now, seed)
    ds.SeriesInstanceUID = _uid(sample, "series", now, seed)
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = sample.name, sample.patient_id, sample.born
    ds.PatientSex, ds.PatientAge = sample.sex, sample.age
    ds.PatientComments = "Dữ liệu mẫu, không phải người bệnh thật"
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate"):
        setattr(ds, keyword, day)
    for keyword in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstanceCreationTime"):
        setattr(ds, keyword, time)
    ds.TimezoneOffsetFromUTC = offset_text(moment)
    ds.AccessionNumber = f"M{moment:%y%m%d%H%M%S}{sample.modality}"
    ds.StudyID = f"{moment:%H%M%S}"
    ds.ReferringPhysicianName = sample.referrer
    ds.StudyDescription, ds.SeriesDescription = sample.study, sample.series
    ds.Modality, ds.BodyPartExamined = sample.modality, sample.body_part
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.Manufacturer, ds.ManufacturerModelName = MANUFACTURER, "Phantom"
    ds.InstitutionName = "Cơ sở mẫu"
    ds.StationName = f"{sample.modality}01"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "MAU", "1"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _pixels(ds: Dataset, values: NDArray[np.uint16] | NDArray[np.uint8], *, stored: int) -> None:
    """The image pixel module of unsigned grey values; the last two axes are rows and columns."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[-2:]
    ds.BitsAllocated = values.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = stored, stored - 1, 0
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    wide = values.dtype.itemsize == 2
    data = values.astype("<u2").tobytes() if wide else values.tobytes()
    ds.add_new("PixelData", "OW" if wide else "OB", data + b"\0" * (len(data) % 2))


def _uid(sample: Sample, part: str, now: datetime, seed: int) -> str:
    return derived_uid("phantom", str(seed), now.astimezone(HANOI).isoformat(), sample.key, part)


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
