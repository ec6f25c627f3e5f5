"""Messages go out in PDUs of the length that the peer takes, each with something in it, and come to an end."""

from __future__ import annotations

import socket
from io import BytesIO

import pytest

from node.dicom.network.messages import MessageWriter
from node.dicom.network.upper_layer import Pdu, values
from node.dicom.network.wire import Wire


def fragments(max_pdu: int, content: bytes, *, whole: bool) -> list[bytes]:
    """What the peer reads of a data set that is written as a `whole` message or from a file."""
    here, there = socket.socketpair()
    with here, there:
        writer = MessageWriter(Wire(here, 1), max_pdu)
        if whole:
            writer.message(1, b"", content)
        else:
            writer.data(1, BytesIO(content))
        reader, found, last = Wire(there, 1), [], False
        while not last:
            kind, body = reader.read()
            assert kind == Pdu.P_DATA
            for value in values(body):
                found.append(bytes(value.data))
                last = value.last
    return found


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("max_pdu", "longest"), [(1, 2), (4, 2), (6, 2), (7, 2), (8, 2), (9, 2), (10, 4), (16384, 16378)]
)
def test_a_data_set_is_written_to_its_end_whatever_length_the_peer_names(
    max_pdu: int, longest: int, whole: bool
) -> None:
    content = bytes(range(100)) * 2
    found = fragments(max_pdu, content, whole=whole)
    assert b"".join(found) == content
    assert max(map(len, found)) == min(longest, len(content))
