"""Calls to the node at the other end of a link: STOW-RS for objects, small JSON for manifests and what waits there."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from node.domain.facility import Peer
from node.errors import Invalid, PeerBusy, PeerRefused, PeerUnreachable
from node.exchange.address import check_link_url
from node.ports import Outgoing

BOUNDARY = "lientuyen-part"
_CHUNK = 1 << 18
_BUSY = {408, 423, 425, 429, 500, 502, 503, 504}


class LinkClient:
    """One peer's HTTP client; safe for many threads. `secrets` is the folder that a relative `token_file` counts from."""

    def __init__(self, peer: Peer, secrets: Path, *, timeout: float = 60.0) -> None:
        self.peer = peer
        token_file = secrets / peer.token_file
        self._token_file = token_file
        if not token_file.is_file():
            raise Invalid(
                f"The secret of peer '{peer.code}' is missing: {token_file.name} is not in the node's secrets folder.",
                hint="Put the token that the other hospital gave you there (mode 600).",
            )
        context: ssl.SSLContext | bool = (
            ssl.create_default_context(cafile=str(secrets / peer.ca_file)) if peer.ca_file else True
        )
        self._http = httpx.Client(
            base_url=check_link_url(peer.url),
            auth=self._authorize,
            timeout=httpx.Timeout(timeout, connect=5.0),
            verify=context,
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def _authorize(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"  # a new one works at once
        return request

    def store(self, study_uid: str, items: Sequence[Outgoing]) -> dict[str, tuple[bool, str]]:
        """STOW-RS (PS3.18 10.5) of some instances. Returns {SOP Instance UID: (taken, failure reason)}."""
        response = self._call(
            lambda: self._http.post(
                f"/dicom-web/studies/{study_uid}",
                content=_multipart(items),
                headers={
                    "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
                    "Accept": "application/dicom+json",
                },
            ),
            accept=(200, 202, 409),
        )
        found: dict[str, tuple[bool, str]] = self._understand(response, _outcomes)
        return found

    def add_piece(self, path: str, file: Path, offset: int, length: int, size: int) -> dict[str, Any]:
        """Sends `length` bytes of `file`, an object of `size` bytes, from `offset` on; returns what the far end holds now."""
        response = self._call(
            lambda: self._http.put(
                path,
                params={"offset": offset, "size": size},
                content=_piece(file, offset, length),
                headers={"Content-Type": "application/octet-stream", "Content-Length": str(length)},
            )
        )
        answer: dict[str, Any] = self._understand(response)
        return answer

    def get(self, path: str, *, wait: float = 0.0, **query: Any) -> Any:
        timeout = httpx.Timeout(60.0 + wait, connect=5.0)
        return self._understand(self._call(lambda: self._http.get(path, params=query, timeout=timeout)))

    def put(self, path: str, body: Any) -> Any:
        return self._understand(self._call(lambda: self._http.put(path, json=body)))

    def post(self, path: str, body: Any) -> Any:
        return self._understand(self._call(lambda: self._http.post(path, json=body)))

    def download(self, path: str, write: Callable[[bytes], None]) -> None:
        """Streams an object; raises `PeerUnreachable` when it ends early."""
        try:
            with self._http.stream("GET", path) as response:
                if response.status_code != 200:
                    response.read()
                    _raise_for(response, self.peer)
                for chunk in response.iter_bytes(_CHUNK):
                    write(chunk)
        except httpx.HTTPError as error:
            raise _unreachable(self.peer, error) from error

    def _understand(self, response: httpx.Response, read: Callable[[Any], Any] = dict) -> Any:
        """The JSON of an answer; `PeerBusy` when it is not a node's: a proxy or a login page stands in between."""
        try:
            return read(response.json())
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise PeerBusy(
                f"What answers at the address of '{self.peer.code}' is not a node (HTTP {response.status_code}).",
                hint="It is tried again by itself; check the line, the proxy and the address if it stays so.",
            ) from error

    def _call(self, request: Callable[[], httpx.Response], accept: tuple[int, ...] = (200, 201, 204)) -> httpx.Response:
        try:
            response = request()
        except httpx.HTTPError as error:
            raise _unreachable(self.peer, error) from error
        if response.status_code not in accept:
            _raise_for(response, self.peer)
        return response


def _unreachable(peer: Peer, error: Exception) -> PeerUnreachable:
    return PeerUnreachable(
        f"'{peer.code}' cannot be reached ({type(error).__name__}).",
        hint="It is tried again by itself; check the line and the address if it stays so.",
    )


def _raise_for(response: httpx.Response, peer: Peer) -> None:
    status = response.status_code
    if status in _BUSY or status == 507 or 300 <= status < 400:  # 3xx: a login page of the line, not the node
        raise PeerBusy(f"'{peer.code}' asks to come back later (HTTP {status}).", hint="It is tried again by itself.")
    if status in (401, 403):  # passing: over there a registry is being mended, or a database restored
        raise PeerBusy(
            f"'{peer.code}' does not accept this node's token (HTTP {status}).",
            hint="It is tried again by itself; if it stays so, ask its administrator for a valid token.",
        )
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        raise PeerBusy(  # a proxy or a portal in between
            f"What answers at the address of '{peer.code}' is not a node (HTTP {status}).",
            hint="It is tried again by itself; check the address and what stands in between.",
        )
    raise PeerRefused(
        f"'{peer.code}' refuses (HTTP {status}).", hint="See the other node's log for the reason, then retry."
    )


def _multipart(items: Sequence[Outgoing]) -> Iterator[bytes]:
    for item in items:
        head = f"--{BOUNDARY}\r\nContent-Type: application/dicom; transfer-syntax={item.transfer_syntax_uid}\r\n"
        yield f"{head}Content-Length: {item.path.stat().st_size}\r\n\r\n".encode()
        with item.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def _piece(file: Path, offset: int, length: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(offset)
        while length and (chunk := opened.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk


def _outcomes(body: Any) -> dict[str, tuple[bool, str]]:
    answer = body[0] if isinstance(body, list) else body
    found: dict[str, tuple[bool, str]] = {}
    for tag, taken in (("00081199", True), ("00081198", False)):
        for item in answer.get(tag, {}).get("Value", []):
            uid = item.get("00081155", {}).get("Value", [""])[0]
            reason = item.get("00081197", {}).get("Value", [0])[0]
            found[uid] = (taken, "" if taken else f"{int(reason):04X}")
    return found
