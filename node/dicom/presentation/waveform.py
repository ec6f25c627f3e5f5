"""Waveforms (PS3.3 C.10.9, A.34): electrocardiograms and their like, channel by channel in physical units."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from node.dicom.presentation import source
from node.dicom.presentation.source import first_code, items, number, numbers, text
from node.dicom.presentation.told import Waveform, WaveformChannel, WaveformGroup, WaveformNote
from node.errors import Unreadable

LARGEST: Final = 4_000_000  # samples of all channels of a group
_TYPES: Final = {"SB": "i1", "UB": "u1", "SS": "<i2", "US": "<u2", "SL": "<i4", "UL": "<u4"}  # PS3.3 C.10.9.1.5
_COMPANDED: Final = frozenset({"MB", "AB"})  # μ-law and A-law sound
_MICROVOLTS: Final = {"uV": 1e-3, "µV": 1e-3, "mV": 1.0, "V": 1e3}


def waveform(path: Path) -> Waveform:
    """The tracing in the object at `path`. Raises `Unreadable`, `NotFound` for what holds no waveform."""
    ds = source.read(path)
    groups = items(ds, "WaveformSequence")
    if not groups:
        raise source.refuse("waveform")
    return {
        "groups": [_group(group) for group in groups],
        "annotations": [note for item in items(ds, "WaveformAnnotationSequence") if (note := _annotation(item))],
        "acquired": text(ds, "AcquisitionDateTime"),
    }


def _group(group: Dataset) -> WaveformGroup:
    frequency = number(group, "SamplingFrequency") or 0.0
    count = int(number(group, "NumberOfWaveformSamples") or 0)
    channels = items(group, "ChannelDefinitionSequence")
    if frequency <= 0 or count <= 0 or not channels or count * len(channels) > LARGEST:
        raise Unreadable("The waveform says no length that could be drawn.", hint=source.HINT)
    samples = _samples(group, count, len(channels))
    padding = _padding(group)
    return {
        "label": text(group, "MultiplexGroupLabel"),
        "originality": text(group, "WaveformOriginality"),
        "frequency": frequency,
        "samples": count,
        "seconds": count / frequency,
        "channels": [_channel(item, samples[:, at], padding) for at, item in enumerate(channels)],
    }


def _samples(group: Dataset, count: int, channels: int) -> NDArray[Any]:
    """(samples, channels)."""
    kind = text(group, "WaveformSampleInterpretation")
    if kind in _COMPANDED or kind not in _TYPES:
        raise Unreadable("Waveform samples of this kind cannot be drawn.", hint=source.HINT)
    data = group.get("WaveformData")
    if not isinstance(data, bytes | bytearray):
        raise Unreadable("The object has no waveform data.", hint=source.HINT)
    dtype = np.dtype(_TYPES[kind])
    needed = count * channels * dtype.itemsize
    if len(data) < needed:
        raise Unreadable("The waveform data ends before the waveform does.", hint=source.HINT)
    return np.frombuffer(bytes(data[:needed]), dtype).reshape(count, channels)


def _padding(group: Dataset) -> int | None:
    value = group.get("WaveformPaddingValue")
    if isinstance(value, bytes) and value:
        return int.from_bytes(value[:2], "little", signed=True)
    return None


def _channel(item: Dataset, samples: NDArray[Any], padding: int | None) -> WaveformChannel:
    unit = (first_code(item, "ChannelSensitivityUnitsSequence") or {"value": ""})["value"]
    factor = (number(item, "ChannelSensitivity", 1.0) or 1.0) * (
        number(item, "ChannelSensitivityCorrectionFactor", 1.0) or 1.0
    )
    baseline = number(item, "ChannelBaseline", 0.0) or 0.0
    to_shown = _MICROVOLTS.get(unit, 1.0)
    wide = samples.astype(np.int64)
    if padding is not None:
        wide = np.where(wide == padding, 0, wide)
    step = max(1, int(np.ceil(np.abs(wide).max(initial=0) / 32767)))
    named = first_code(item, "ChannelSourceSequence") or {"meaning": ""}
    return {
        "name": text(item, "ChannelLabel") or named["meaning"],
        "unit": "mV" if unit in _MICROVOLTS else unit,
        "scale": factor * to_shown * step,
        "offset": baseline * to_shown,
        "low": number(item, "FilterLowFrequency"),
        "high": number(item, "FilterHighFrequency"),
        "notch": number(item, "NotchFilterFrequency"),
        "data": base64.b64encode((wide // step).astype("<i2").tobytes()).decode(),
    }


def _annotation(item: Dataset) -> WaveformNote | None:
    name = first_code(item, "ConceptNameCodeSequence")
    unit = first_code(item, "MeasurementUnitsCodeSequence")
    words = text(item, "UnformattedTextValue")
    chosen = first_code(item, "ConceptCodeSequence")
    value = text(item, "NumericValue")
    if not (words or value or chosen):
        return None
    return {
        "name": name["meaning"] if name else "",
        "text": words or (chosen["meaning"] if chosen else ""),
        "value": value,
        "unit": unit["value"] if unit else "",
        "samples": [int(at) for at in numbers(item, "ReferencedSamplePositions")],
    }
