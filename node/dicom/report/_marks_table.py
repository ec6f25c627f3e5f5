"""How measurements are said in structured reports: concepts, derivations, units and graphic types as data."""

from __future__ import annotations

from pydicom.sr.coding import Code

from node.dicom.report._codes_table import private
from node.domain.measurement import MeasurementKind, SpacingBasis

_K, _B = MeasurementKind, SpacingBasis

GROUP = Code("125007", "DCM", "Measurement Group")
TRACKING_ID = "112039"  # DCM
TRACKING_UID = "112040"  # DCM
METHOD = Code("370129005", "SCT", "Measurement Method")
BASIS = private("basis", "Basis of lengths")

KINDS: dict[MeasurementKind, Code] = {  # as the measurement method
    _K.LENGTH: private("length", "Line"),
    _K.BIDIRECTIONAL: private("bidirectional", "Long axis and short axis at right angles"),
    _K.ANGLE: private("angle", "Angle at a vertex"),
    _K.COBB: private("cobb", "Angle between two lines"),
    _K.ELLIPSE: private("ellipse", "Elliptical region"),
    _K.RECTANGLE: private("rectangle", "Rectangular region"),
    _K.PROBE: private("probe", "Value of one pixel"),
    _K.ARROW: private("arrow", "Arrow"),
    _K.CARDIOTHORACIC: private("cardiothoracic", "Width of the heart over width of the chest"),
    _K.CALIBRATION: private("calibration", "Line of a known length"),
}

BASES: dict[str, Code] = {
    _B.PATIENT: private("patient", "Pixel spacing in the patient"),
    _B.DETECTOR: private("detector", "Pixel spacing on the detector, not in the patient"),
    _B.CALIBRATED: private("calibrated", "Calibrated by the reader"),
    _B.REGION: private("region", "Calibration of an ultrasound region"),
    _B.NONE: private("none", "None: pixels"),
    "estimated": private("estimated", "Estimated from the radiographic magnification"),
}

LENGTH = Code("410668003", "SCT", "Length")
NAMES: dict[str, Code] = {  # of Value.name, when the kind has no name of its own
    "length": LENGTH,
    "long-axis": Code("103339001", "SCT", "Long Axis"),
    "short-axis": Code("103340004", "SCT", "Short Axis"),
    "angle": Code("1483009", "SCT", "Angle"),
    "area": Code("42798000", "SCT", "Area"),
    "ratio": private("ratio", "Cardiothoracic ratio"),
    "heart-width": private("heart-width", "Width of the heart"),
    "chest-width": private("chest-width", "Inner width of the chest"),
    "horizontal": private("horizontal", "Horizontal extent"),
    "vertical": private("vertical", "Vertical extent"),
}
COBB_ANGLE = Code("285285000", "SCT", "Cobb angle")

DERIVATIONS: dict[str, Code] = {  # CID 7464; the name then is that of the quantity, by its unit
    "mean": Code("373098007", "SCT", "Mean"),
    "stddev": Code("386136009", "SCT", "Standard Deviation"),
    "min": Code("255605001", "SCT", "Minimum"),
    "max": Code("56851009", "SCT", "Maximum"),
}
QUANTITIES: dict[str, Code] = {  # CID 7469
    "[hnsf'U]": Code("112031", "DCM", "Attenuation Coefficient"),
    "g/ml{SUVbw}": Code("126400", "DCM", "Standardized Uptake Value"),
    "g/ml{SUVlbm}": Code("126400", "DCM", "Standardized Uptake Value"),
    "g/ml{SUVbsa}": Code("126400", "DCM", "Standardized Uptake Value"),
}
PIXEL_VALUE = private("pixel-value", "Pixel value")

UNITS: dict[str, str] = {  # meanings of UCUM codes (CID 7181)
    "mm": "millimeter",
    "cm": "centimeter",
    "mm2": "square millimeter",
    "cm2": "square centimeter",
    "deg": "degree",
    "[hnsf'U]": "Hounsfield unit",
    "g/ml{SUVbw}": "Standardized Uptake Value body weight",
    "g/ml{SUVlbm}": "Standardized Uptake Value lean body mass (James)",
    "g/ml{SUVbsa}": "Standardized Uptake Value body surface area",
    "1": "no units",
    "%": "percent",
    "{ratio}": "ratio",
    "{pixels}": "pixels",
    "Bq/ml": "Becquerels/milliliter",
}

# what was examined, by the modality of the images (CID 100)
PROCEDURES: dict[str, Code] = {
    "CT": Code("25045-6", "LN", "CT unspecified body region"),
    "MR": Code("25056-3", "LN", "MRI unspecified body region"),
    "NM": Code("49118-3", "LN", "NM unspecified body region"),
    "PT": Code("44136-0", "LN", "PET unspecified body region"),
}
PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
