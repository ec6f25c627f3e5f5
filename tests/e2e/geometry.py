"""Images whose every length, angle and mean is known: one study with a CT slice, a radiograph and an ultrasound image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    UltrasoundImageStorage,
    generate_uid,
)

COLUMNS, ROWS = 200, 160
PIXEL = (0.6, 0.9)  # mm between columns, between rows: a pixel that is no square shows whoever mixes them up
DOTS = ((20, 20), (170, 30), (40, 130), (150, 120))  # column, row of the upper left of a bright 4 x 4 square
BLOCK = (60, 100, 50, 90)  # columns from, to; rows from, to: HU 80 in its left half, 120 in its right one
DETECTOR = 0.14  # mm on the detector of the radiograph
REGION = (20, 10, 180, 110)  # of the ultrasound image: left, top, right, bottom; 0.5 mm a pixel
REGION_PIXEL = 0.5


def ct_plane() -> NDArray[np.uint16]:
    """Stored values: HU + 1024."""
    plane = np.full((ROWS, COLUMNS), 24, np.uint16)
    left, right, top, bottom = BLOCK
    middle = (left + right) // 2
    plane[top:bottom, left:middle], plane[top:bottom, middle:right] = 1104, 1144
    for column, row in DOTS:
        plane[row : row + 4, column : column + 4] = 2000
    return plane


def write_geometry(folder: Path) -> str:
    """Writes the study; returns its UID."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(), [generate_uid() for _ in range(3)]
    for number, ds in enumerate((_ct(1), _ct(2), _radiograph(), _ultrasound())):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series[max(0, number - 1)]
        ds.StudyDescription, ds.SOPInstanceUID = "Hình học", generate_uid()
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.SeriesNumber = 1 + max(0, number - 1)
        ds.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return str(study)


def _base(sop_class: str, modality: str, values: NDArray[Any], stored: int) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.Modality = sop_class, modality
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientAge = "MẪU^HÌNH HỌC", "HH-01", "O", "030Y"
    ds.PatientBirthDate, ds.StudyDate, ds.StudyTime = "19960101", "20261122", "080000"
    ds.AccessionNumber, ds.StudyID, ds.StudyDescription = "HH01", "1", ""
    ds.SeriesDescription, ds.InstanceNumber, ds.ReferringPhysicianName = f"Mẫu {modality}", 1, ""
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = values.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = stored, stored - 1, 0
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    ds.add_new("PixelData", "OW" if values.dtype.itemsize == 2 else "OB", values.tobytes())
    return ds


def _ct(number: int) -> Dataset:
    ds = _base(CTImageStorage, "CT", ct_plane(), 12)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.BodyPartExamined, ds.InstanceNumber = "CHEST", number
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-60, -72, 3 * number]
    ds.PixelSpacing, ds.SliceThickness = [PIXEL[1], PIXEL[0]], 3
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = 40, 400
    return ds


def _radiograph() -> Dataset:
    ds = _base(DigitalXRayImageStorageForPresentation, "DX", ct_plane(), 12)
    ds.ImageType, ds.PatientOrientation = ["ORIGINAL", "PRIMARY"], ["L", "F"]
    ds.ImagerPixelSpacing, ds.PixelIntensityRelationshipSign = [DETECTOR, DETECTOR], 1
    ds.WindowCenter, ds.WindowWidth = 1000, 2000
    return ds


def _ultrasound() -> Dataset:
    ds = _base(UltrasoundImageStorage, "US", (ct_plane() // 16).astype(np.uint8), 8)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    left, top, right, bottom = REGION
    region.RegionLocationMinX0, region.RegionLocationMinY0 = left, top
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = right - 1, bottom - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = REGION_PIXEL / 10
    ds.SequenceOfUltrasoundRegions = [region]
    return ds
