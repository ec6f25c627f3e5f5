"""What is written beside a mark on a picture, in a presentation state and in the list of measurements: as the viewer says it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from node.dicom.study_header import text_of
from node.domain.measurement import Measurement, MeasurementKind, Value

_UNITS = {"mm2": "mm²", "cm2": "cm²", "deg": "°", "[hnsf'U]": "HU", "g/ml{SUVbw}": "SUV", "{pixels}": "px", "1": ""}
_SUV = "g/ml{SUVbw}"

KINDS: dict[str, dict[str, str]] = {
    "vi": {
        "length": "Khoảng cách",
        "bidirectional": "Hai đường kính",
        "angle": "Góc",
        "cobb": "Góc Cobb",
        "ellipse": "Elip",
        "rectangle": "Chữ nhật",
        "probe": "Điểm",
        "arrow": "Mũi tên",
        "cardiothoracic": "Chỉ số tim-ngực",
        "calibration": "Hiệu chuẩn",
    },
    "en": {
        "length": "Length",
        "bidirectional": "Two diameters",
        "angle": "Angle",
        "cobb": "Cobb angle",
        "ellipse": "Ellipse",
        "rectangle": "Rectangle",
        "probe": "Point",
        "arrow": "Arrow",
        "cardiothoracic": "Cardiothoracic ratio",
        "calibration": "Calibration",
    },
}
_VALUES = {
    "vi": {
        "area": "diện tích",
        "mean": "TB",
        "min": "nhỏ nhất",
        "max": "lớn nhất",
        "long-axis": "dài",
        "short-axis": "ngang",
        "heart-width": "Tim",
        "chest-width": "Ngực",
    },
    "en": {
        "area": "area",
        "mean": "Mean",
        "min": "min",
        "max": "max",
        "long-axis": "long",
        "short-axis": "short",
        "heart-width": "Heart",
        "chest-width": "Chest",
    },
}
_BASES = {
    "vi": {
        "detector": "trên tấm nhận",
        "calibrated": "đã hiệu chuẩn",
        "region": "theo vùng siêu âm",
        "estimated": "ước tính theo độ phóng",
    },
    "en": {
        "detector": "on the detector",
        "calibrated": "calibrated",
        "region": "by ultrasound region",
        "estimated": "estimated by magnification",
    },
}
_PLAIN = ("length", "angle", "value", "horizontal", "vertical", "ratio")  # said without their name
_NAMED = ("long-axis", "short-axis", "heart-width", "chest-width")


def _places(value: Value) -> int:
    """Decimal places that the number deserves."""
    size = abs(value.number)
    if value.name == "ratio" or value.unit == _SUV:
        return 2
    if value.name in {"angle", "mean", "stddev"}:
        return 1
    if value.name == "area":
        return 0 if size >= 1000 else 1
    if value.name in {"min", "max", "value"}:
        return 0 if value.number == int(value.number) or size >= 1000 else 2
    return 2 if size < 1 else 1


def spoken_number(value: Value, language: str) -> str:
    exact = Decimal(repr(float(value.number)))
    number = f"{exact.quantize(Decimal(1).scaleb(-_places(value)), ROUND_HALF_UP):f}"
    if float(number) == 0:
        number = number.lstrip("-")
    return (number.replace(".", ",") if language == "vi" else number).replace("-", "−")


def spoken_value(value: Value, language: str) -> str:
    """One value with its unit: `12,3 mm`, `45,0°`, `0,52 (52 %)`."""
    number = spoken_number(value, language)
    unit = "px²" if value.name == "area" and value.unit == "{pixels}" else _UNITS.get(value.unit, value.unit)
    if value.name == "ratio":
        return f"{number} ({value.number * 100:.0f} %)"
    return f"{number}°" if unit == "°" else f"{number} {unit}".strip()


def value_lines(mark: Measurement, language: str) -> list[str]:
    """The numbers of a mark, and what its lengths rest on when that is not the patient."""
    found = {value.name: value for value in mark.values}
    words = _VALUES[language]
    lines = [spoken_value(found[name], language) for name in _PLAIN if name in found]
    lines += [f"{words[name]} {spoken_value(found[name], language)}" for name in _NAMED if name in found]
    lines += _region(found, words, language)
    if "area" in found:
        lines.append(f"{words['area']} {spoken_value(found['area'], language)}")
    known = {*_PLAIN, *_NAMED, "area", "mean", "stddev", "min", "max"}
    lines += [f"{v.name} {spoken_value(v, language)}" for v in mark.values if v.name not in known]
    basis = _BASES[language].get(mark.basis.value, "")
    sized = any(value.unit in {"mm", "mm2", "cm", "cm2"} for value in mark.values)
    if lines and basis and (sized or mark.basis.value == "region"):
        lines[-1] += f" · {basis}"
    return lines


def _region(found: dict[str, Value], words: dict[str, str], language: str) -> list[str]:
    lines = []
    if mean := found.get("mean"):
        spread = f" ± {spoken_number(found['stddev'], language)}" if "stddev" in found else ""
        unit = _UNITS.get(mean.unit, mean.unit)
        lines.append(f"{words['mean']} {spoken_number(mean, language)}{spread} {unit}".strip())
    if "min" in found and "max" in found:
        low, high = (spoken_number(found[name], language) for name in ("min", "max"))
        lines.append(f"{words['min']} {low} · {words['max']} {high}")
    return lines


def label(mark: Measurement, language: str) -> list[str]:
    """The lines beside the mark: the reader's words, then the numbers."""
    words = [text_of(line) for line in mark.text.splitlines()]
    return [line for line in (*words, *value_lines(mark, language)) if line]


def kind_name(kind: MeasurementKind, language: str) -> str:
    return KINDS[language].get(kind.value, kind.value)
