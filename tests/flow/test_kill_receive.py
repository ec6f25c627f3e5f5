"""A node that is killed again and again while images come: whatever was answered with success is there, whole."""

from __future__ import annotations

import contextlib
import hashlib
import random
import socket
import struct
import threading
from pathlib import Path

from node.dicom.network.command import CommandField, encode_request, parse_response
from node.dicom.network.upper_layer import (
    ConnectionLostError,
    Pdu,
    ProposedContext,
    ProtocolError,
    encode_associate_request,
    encode_command,
    values,
)
from node.dicom.network.wire import Wire
from node.dicom.syntaxes import IMPLICIT_LITTLE
from tests.flow.lone_node import AE_TITLE, LoneNode
from tests.flow.loop import wait_for
from tests.services import HOST

OBJECTS, KILLS, MODALITIES = 200, 12, 2
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY, SERIES = "2.25.5", "2.25.6"


def an_object(uid: str, size: int, dice: random.Random) -> bytes:
    """An Implicit VR data set with `size` random bytes of pixels."""
    texts = {0x00080016: CT, 0x00080018: uid, 0x0020000D: STUDY, 0x0020000E: SERIES}
    elements = [(tag, text.encode() + b"\0" * (len(text) % 2)) for tag, text in texts.items()]
    elements.append((0x7FE00010, dice.randbytes(size & ~1)))
    return b"".join(struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(v)) + v for tag, v in elements)


class Modality:
    """Sends each of its objects until it hears success, whatever happens to the other side."""

    def __init__(self, node: LoneNode, number: int) -> None:
        dice = random.Random(number)
        sizes = [dice.choice((3_000, 130_000, 526_000, 526_000, 1_500_000)) for _ in range(OBJECTS // MODALITIES)]
        self.objects = {f"2.25.7.{number}.{n}": an_object(f"2.25.7.{number}.{n}", s, dice) for n, s in enumerate(sizes)}
        self.taken: dict[str, str] = {}  # digest by UID, of what was answered with success
        self._node = node

    def run(self) -> None:
        while len(self.taken) < len(self.objects):
            with contextlib.suppress(ConnectionLostError, ProtocolError, OSError):
                self._send_what_is_left()
            threading.Event().wait(0.02)  # between two attempts, as modalities do

    def _send_what_is_left(self) -> None:
        with socket.create_connection((HOST, self._node.dicom_port), timeout=10) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(sock, 10.0)
            wire.write(encode_associate_request("CT1", AE_TITLE, [ProposedContext(1, CT, (IMPLICIT_LITTLE,))]))
            kind, _ = wire.read(10.0)
            if kind != Pdu.ASSOCIATE_AC:
                return
            for uid, content in self.objects.items():
                if uid not in self.taken:
                    self._send(wire, uid, content)

    def _send(self, wire: Wire, uid: str, content: bytes) -> None:
        request = encode_request(CommandField.C_STORE_RQ, 1, CT, uid, data_set=True)
        wire.write(encode_command(1, request, 0))
        for at in range(0, len(content), 65_000):
            part, last = content[at : at + 65_000], 2 if at + 65_000 >= len(content) else 0
            wire.write(struct.pack(">BxIIBB", Pdu.P_DATA, len(part) + 6, len(part) + 2, 1, last) + part)
        _, body = wire.read(10.0)
        (value,) = values(body)
        if parse_response(bytes(value.data), 1).status == 0:
            self.taken[uid] = hashlib.sha256(content).hexdigest()


def test_what_was_answered_with_success_is_there_whole_however_often_the_node_is_killed(tmp_path: Path) -> None:
    node = LoneNode(tmp_path / "node", workers={"processes": 1, "threads": 1})
    modalities = [Modality(node, number) for number in range(MODALITIES)]
    threads = [threading.Thread(target=modality.run, daemon=True) for modality in modalities]
    dice = random.Random(7)
    marks = sorted(dice.sample(range(1, OBJECTS - 5), KILLS))  # successes after which it is killed, at any moment
    try:
        node.start(wait=False)
        for thread in threads:
            thread.start()
        for mark in marks:
            wait_for(lambda: sum(len(m.taken) for m in modalities) >= mark, 60, f"{mark} objects are taken")  # noqa: B023
            threading.Event().wait(dice.random() * 0.01)
            node.kill()
            node.start(wait=False)
        for thread in threads:
            thread.join(60)
        taken = {uid: digest for modality in modalities for uid, digest in modality.taken.items()}
        assert len(taken) == OBJECTS
        wait_for(lambda: node.indexed() >= OBJECTS, 60, "all is indexed")
        assert node.digests() == taken
        for uid, digest in taken.items():
            stored = node.storage.path(digest).read_bytes()
            assert stored.endswith(modalities[int(uid.split(".")[3])].objects[uid])
    finally:
        node.stop()
