"""What the ledger keeps of a signed report comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from node.domain.measurement import POINTS, Measurement, MeasurementKind, SpacingBasis, Value
from node.domain.report import CriticalNote, Signature, SignatureRole
from node.errors import Invalid

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


def a_mark(kind: MeasurementKind = MeasurementKind.LENGTH) -> Measurement:
    return Measurement(
        id="6f1f7a0e-9a35-4e7c-8f0b-0d8f6d9b2c11",
        kind=kind,
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.4",
        frame=2,
        points=tuple((10.5 + 7 * i, 20.25 + i * i) for i in range(POINTS[kind])),
        values=(Value("length", 12.3, "mm"),),
        basis=SpacingBasis.PATIENT,
        text="Nốt đặc thùy trên phổi phải",
    )


@pytest.mark.parametrize("kind", MeasurementKind)
def test_a_measurement_comes_back_as_it_was(kind: MeasurementKind) -> None:
    mark = a_mark(kind)
    assert Measurement.from_json(json.loads(json.dumps(mark.to_json()))) == mark


@pytest.mark.parametrize(
    "change",
    [
        {"points": [[1.0, 2.0]]},
        {"points": [[1.0, float("nan")], [2.0, 3.0]]},
        {"frame": 0},
        {"kind": "circle"},
        {"values": [{"name": "length", "number": "long", "unit": "mm"}]},
    ],
)
def test_what_is_no_measurement_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Measurement.from_json(a_mark().to_json() | change)


def test_a_signature_comes_back_as_it_was() -> None:
    signature = Signature(SignatureRole.VERIFIER, "anh", "BS. Trần Thị Hồng Ánh", "000123/HP-CCHN", "Bệnh viện", AT)
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature


@pytest.mark.parametrize("noted_at", [None, AT])
def test_a_critical_note_comes_back_as_it_was(noted_at: datetime | None) -> None:
    note = CriticalNote(1, "Tràn khí màng phổi áp lực", AT, "telephone", "BS trực", noted_at is not None, noted_at)
    assert CriticalNote.from_json(json.loads(json.dumps(note.to_json()))) == note
