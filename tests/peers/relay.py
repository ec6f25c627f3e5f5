"""Stands between a caller and the node: notes what the caller sends, and may join its PDUs without changing what is said."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.peers.programs import HOST

P_DATA = 4
_NO_DATA_SET = b"\0\0\0\x08\x02\0\0\0\x01\x01"  # the element Command Data Set Type
Pdu = tuple[int, bytes]  # type and variable field (PS3.8 9.3.1)


@dataclass
class Relay:
    """What went to the node: one connection."""

    port: int
    pdus: list[Pdu] = field(default_factory=list)

    def parts(self) -> list[tuple[str, ...]]:
        """For each P-DATA-TF, what its presentation data values are: command or data (PS3.8 9.3.5.1)."""
        return [tuple(_values(body)) for kind, body in self.pdus if kind == P_DATA]


def _values(body: bytes) -> Iterator[str]:
    at = 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        yield "command" if body[at + 5] & 1 else "data"
        at += 4 + length


@contextmanager
def relay(port: int, *, join: bool = False) -> Iterator[Relay]:
    """Listens for one caller and passes everything on to `port`, both ways; `join` puts each command and the first piece of
    the data set behind it into one P-DATA-TF."""
    with socket.create_server((HOST, 0)) as listener:
        noted = Relay(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, port, noted, join), daemon=True)
        thread.start()
        yield noted
        thread.join(10)


def _serve(listener: socket.socket, port: int, noted: Relay, join: bool) -> None:
    caller, _ = listener.accept()
    with caller, socket.create_connection((HOST, port)) as node, suppress(OSError):
        back = threading.Thread(target=_pass_back, args=(node, caller), daemon=True)
        back.start()
        for kind, body in _joined(_received(caller)) if join else _received(caller):
            noted.pdus.append((kind, body))
            node.sendall(struct.pack(">BxI", kind, len(body)) + body)
        node.shutdown(socket.SHUT_WR)
        back.join(10)


def _received(caller: socket.socket) -> Iterator[Pdu]:
    with caller.makefile("rb") as stream:
        while head := stream.read(6):
            kind, length = struct.unpack(">BxI", head)
            yield kind, stream.read(length)


def _joined(pdus: Iterator[Pdu]) -> Iterator[Pdu]:
    """A command set that announces a data set waits for its first piece (PS3.7 E.1: 0101 is none)."""
    for kind, body in pdus:
        if kind == P_DATA and tuple(_values(body)) == ("command",) and _NO_DATA_SET not in body:
            following, piece = next(pdus)
            assert following == P_DATA
            yield kind, body + piece
        else:
            yield kind, body


def _pass_back(node: socket.socket, caller: socket.socket) -> None:
    with suppress(OSError):
        while data := node.recv(65536):
            caller.sendall(data)
        caller.shutdown(socket.SHUT_WR)
