"""The data sets of storage commitment (PS3.4 Tables J.3-1 and J.3-2) as bytes and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydicom import Dataset

from node.dicom.network.data_set import decode, encode
from node.domain.commitment import CommitmentReport, Reference
from node.errors import Unreadable

SOP_CLASS: Final = "1.2.840.10008.1.20.1"  # Storage Commitment Push Model
INSTANCE: Final = "1.2.840.10008.1.20.1.1"  # its well-known instance
REQUEST_ACTION: Final = 1
_UID: Final = re.compile(r"[0-9.]{1,64}")


def encode_request_data(transaction_uid: str, references: Sequence[Reference], transfer_syntax: str) -> bytes:
    """The action information of N-ACTION."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid
    ds.ReferencedSOPSequence = [_item(reference) for reference in references]
    return encode(ds, transfer_syntax)


def decode_request_data(content: bytes, transfer_syntax: str) -> tuple[str, tuple[Reference, ...]]:
    """(Transaction UID, the referenced instances). Raises `Unreadable` when either is missing or malformed."""
    ds = decode(content, transfer_syntax)
    references = _references(ds, "ReferencedSOPSequence")
    if not references:
        raise Unreadable("The request references no instance.")
    return _uid(ds, "TransactionUID"), references


def encode_report(report: CommitmentReport, transfer_syntax: str, retrieve_ae: str) -> bytes:
    """The event information of N-EVENT-REPORT."""
    ds = Dataset()
    ds.RetrieveAETitle = retrieve_ae
    ds.TransactionUID = report.transaction_uid
    if report.committed:
        ds.ReferencedSOPSequence = [_item(reference) for reference in report.committed]
    if report.failed:
        ds.FailedSOPSequence = []
        for reference, reason in report.failed:
            item = _item(reference)
            item.FailureReason = reason
            ds.FailedSOPSequence.append(item)
    return encode(ds, transfer_syntax)


def decode_report(content: bytes, transfer_syntax: str) -> CommitmentReport:
    """Raises `Unreadable` when it has no Transaction UID or a malformed reference."""
    ds = decode(content, transfer_syntax)
    failed = tuple((_reference(item), _reason(item)) for item in _sequence(ds, "FailedSOPSequence"))
    return CommitmentReport(_uid(ds, "TransactionUID"), _references(ds, "ReferencedSOPSequence"), failed)


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def _references(ds: Dataset, keyword: str) -> tuple[Reference, ...]:
    """In their order, each once."""
    return tuple(dict.fromkeys(map(_reference, _sequence(ds, keyword))))


def _sequence(ds: Dataset, keyword: str) -> Iterable[Dataset]:
    element: Any = ds.get(keyword) or ()
    return [item for item in element if isinstance(item, Dataset)]


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))


def _uid(ds: Dataset, keyword: str) -> str:
    value = str(ds.get(keyword) or "").strip(" \0")
    if not _UID.fullmatch(value):
        raise Unreadable(f"The request's {keyword} is missing or malformed.")
    return value


def _reason(item: Dataset) -> int:
    value = item.get("FailureReason")
    return value if isinstance(value, int) else 0
