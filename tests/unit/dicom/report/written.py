"""Signatures, critical findings and marks that tests of reports share."""

from __future__ import annotations

from datetime import timedelta

from node.domain.report import CriticalNote, Signature, SignatureRole
from tests.unit.dicom.report.test_narrative import HOSPITAL, SIGNED_AT

TRAINEE = Signature(
    SignatureRole.AUTHOR, "", "BS. Lê Quang Đức", "000777/TN-GPHN", HOSPITAL, SIGNED_AT - timedelta(hours=1)
)
CRITICALS = (
    CriticalNote(1, "Tràn khí màng phổi áp lực", SIGNED_AT, "telephone", "BS. Trực, khoa Cấp cứu", True, SIGNED_AT),
    CriticalNote(2, "Nốt nghi ngờ ác tính", SIGNED_AT),
)
