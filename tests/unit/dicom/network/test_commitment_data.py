"""Data sets of storage commitment: there and back, and whatever bytes a peer may send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.dicom.network.commitment_data import (
    decode_report,
    decode_request_data,
    encode_report,
    encode_request_data,
)
from node.dicom.network.data_set import TRANSFER_SYNTAXES
from node.domain.commitment import CommitmentReport, Reference
from node.errors import Unreadable

EXPLICIT = "1.2.840.10008.1.2.1"
uids = st.from_regex(r"2\.25\.[1-9][0-9]{0,20}", fullmatch=True)
references = st.builds(Reference, uids, uids)


@given(uids, st.lists(references, min_size=1, max_size=5), st.sampled_from(TRANSFER_SYNTAXES))
@settings(max_examples=40, deadline=None)
def test_a_request_is_read_as_it_was_written_each_instance_once(
    transaction: str, wanted: list[Reference], syntax: str
) -> None:
    found = decode_request_data(encode_request_data(transaction, wanted, syntax), syntax)
    assert found == (transaction, tuple(dict.fromkeys(wanted)))


@given(
    uids,
    st.lists(references, max_size=4, unique=True),
    st.lists(st.tuples(references, st.integers(0, 0xFFFF)), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_a_report_is_read_as_it_was_written(
    transaction: str, kept: list[Reference], failed: list[tuple[Reference, int]]
) -> None:
    report = CommitmentReport(transaction, tuple(kept), tuple(failed))
    assert decode_report(encode_report(report, EXPLICIT, "NODE"), EXPLICIT) == report
    assert report.event_type == (2 if failed else 1)


@given(st.binary(max_size=300), st.sampled_from(TRANSFER_SYNTAXES))
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_any_other_bytes_are_unreadable_and_nothing_worse(content: bytes, syntax: str) -> None:
    for decode in (decode_request_data, decode_report):
        with pytest.raises(Unreadable):
            decode(content, syntax)


@given(st.data())
@settings(max_examples=100, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_request_is_read_or_unreadable(data: st.DataObject) -> None:
    content = bytearray(encode_request_data("2.25.1", [Reference("1.2.3", "1.2.3.4")] * 2, EXPLICIT))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        transaction, wanted = decode_request_data(bytes(content), EXPLICIT)
    except Unreadable:
        return
    for uid in (transaction, *(uid for r in wanted for uid in (r.sop_class_uid, r.sop_instance_uid))):
        assert 0 < len(uid) <= 64
        assert set(uid) <= set("0123456789.")
