"""A multi-frame object of 2 GB through a real node: taken, indexed, whole, and the node stays small."""

from __future__ import annotations

import hashlib
import shutil
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from node.dicom.network.command import CommandField, encode_request, parse_response
from node.dicom.network.upper_layer import (
    Pdu,
    ProposedContext,
    encode_associate_request,
    encode_command,
    encode_release_request,
    parse_associate_accept,
    values,
)
from node.dicom.network.wire import Wire
from node.dicom.syntaxes import EXPLICIT_LITTLE
from tests.flow.lone_node import AE_TITLE, LoneNode
from tests.flow.loop import wait_for
from tests.services import HOST

ENHANCED_CT: Final = "1.2.840.10008.5.1.4.1.1.2.1"
FRAMES, ROWS = 4096, 512
SIZE: Final = FRAMES * ROWS * ROWS * 2  # 2 GiB of pixels: just below what one element can hold
LIMIT: Final = 150 << 20  # bytes that may be resident in the process that receives
_FRAGMENT: Final = 131_066
_ROOM: Final = SIZE + (1 << 30)


def elements() -> bytes:
    """All but the pixels, Explicit VR Little Endian."""
    texts = [
        (0x00080016, b"UI", ENHANCED_CT),
        (0x00080018, b"UI", "2.25.9.1"),
        (0x00080060, b"CS", "CT"),
        (0x0020000D, b"UI", "2.25.9"),
        (0x0020000E, b"UI", "2.25.9.2"),
        (0x00280008, b"IS", str(FRAMES)),
    ]
    numbers = {0x00280002: 1, 0x00280010: ROWS, 0x00280011: ROWS, 0x00280100: 16, 0x00280101: 16, 0x00280102: 15}
    rows = [(tag, vr, text.encode() + (b"\0" if vr == b"UI" else b" ") * (len(text) % 2)) for tag, vr, text in texts]
    rows += [(tag, b"US", struct.pack("<H", number)) for tag, number in numbers.items()]
    head = b"".join(struct.pack("<HH2sH", t >> 16, t & 0xFFFF, vr, len(v)) + v for t, vr, v in sorted(rows))
    return head + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, SIZE)


def fragments() -> Iterator[bytes]:
    """The data set in pieces; the pixels are one block again and again, so that no sender needs 2 GB."""
    yield elements()
    block = bytes(range(256)) * (_FRAGMENT // 256)
    left = SIZE
    while left:
        yield block[:left]
        left -= min(left, len(block))


def send() -> Iterator[tuple[bytes, bool]]:
    """(fragment, whether it is the last)."""
    ahead = None
    for fragment in fragments():
        if ahead is not None:
            yield ahead, False
        ahead = fragment
    assert ahead is not None
    yield ahead, True


def store(port: int) -> tuple[int, str]:
    """(status, SHA-256 of the data set)."""
    digest = hashlib.sha256()
    with socket.create_connection((HOST, port), timeout=30) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(sock, 60.0)
        wire.write(encode_associate_request("CT1", AE_TITLE, [ProposedContext(1, ENHANCED_CT, (EXPLICIT_LITTLE,))]))
        kind, body = wire.read(30.0)
        assert kind == Pdu.ASSOCIATE_AC
        assert 1 in parse_associate_accept(bytes(body))[0]
        request = encode_request(CommandField.C_STORE_RQ, 1, ENHANCED_CT, "2.25.9.1", data_set=True)
        wire.write(encode_command(1, request, 0))
        for part, last in send():
            digest.update(part)
            head = struct.pack(">BxIIBB", Pdu.P_DATA, len(part) + 6, len(part) + 2, 1, 2 if last else 0)
            wire.write(head + part)
        _, body = wire.read(120.0)
        (value,) = values(body)
        status = parse_response(bytes(value.data), 1).status
        wire.write(encode_release_request())
        wire.read(30.0)
    return status, digest.hexdigest()


def most_resident(pid: int) -> int:
    """The most bytes that a process ever had in memory (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.mark.timeout(280)
def test_an_object_of_2_gb_is_taken_whole_by_a_node_that_stays_small(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert free > _ROOM, f"this test needs {_ROOM >> 30} GB of free disk in {tmp_path}, there are {free >> 30}"
    node = LoneNode(tmp_path / "node", workers={"processes": 1, "threads": 1}, storage={"min_free_mb": 64})
    try:
        node.start()
        assert node.process is not None
        status, digest = store(node.dicom_port)
        assert status == 0
        wait_for(node.indexed, 120, "the object is indexed")
        assert node.digests() == {"2.25.9.1": digest}
        assert node.storage.path(digest).stat().st_size > SIZE
        assert most_resident(node.process.pid) < LIMIT
    finally:
        node.stop()
        shutil.rmtree(tmp_path / "node", ignore_errors=True)
