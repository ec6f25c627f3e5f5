"""The outermost layers of every answer: security headers, request measurements, compressed JSON, and no stack traces."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.web.problems import answer, log_fault

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}

_COMPRESSED_TYPES = ("application/json", "application/dicom+json", "application/fhir+json", "application/problem+json")
_BODY = 1 << 20  # bytes; the longest report is half of that
_LINK_BODY = 64 << 20  # bytes; a manifest of several hundred thousand objects
_SMALL = 800  # bytes that are not worth compressing

Observe = Callable[[str, str, int, float], None]
"""(method, route template, status, seconds)"""


class Shield:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, observe: Observe) -> None:
        self.app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope)
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except Exception as error:
            if status:  # too late for another answer: the connection must break, or half an answer would look whole
                raise ConnectionAbortedError(f"an answer broke off, fault {log_fault(error)}") from None
            await answer(error, Headers(scope=scope))(scope, receive, guarded)
        finally:
            route = getattr(scope.get("route"), "path", "") or "none"
            self._observe(scope["method"], route, status, time.perf_counter() - started)


def _add_headers(message: Message, scope: Scope) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers.update(_HTTPS_HEADERS)
    if scope["path"].startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")


class LimitBodies:
    """ASGI middleware: bodies that are read into memory are limited; those of STOW are streamed and are not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/dicom-web/"):
            await self.app(scope, receive, send)
            return
        limit = _LINK_BODY if scope["path"].startswith("/exchange/") else _BODY
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
            raise HTTPException(413)
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)


class CompressJson:
    """ASGI middleware: gzip for JSON, piece by piece, so that a streamed answer stays streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Compressor(send))


class _Compressor:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._gzip: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kind = headers.get("content-type", "").partition(";")[0]
            length = int(headers.get("content-length", _SMALL))
            if kind in _COMPRESSED_TYPES and length >= _SMALL and "content-encoding" not in headers:
                self._gzip = zlib.compressobj(5, zlib.DEFLATED, zlib.MAX_WBITS | 16)
                headers["Content-Encoding"] = "gzip"
                headers.add_vary_header("Accept-Encoding")
                del headers["Content-Length"]
        elif message["type"] == "http.response.body" and self._gzip is not None:
            body = self._gzip.compress(message.get("body", b""))
            if not message.get("more_body", False):
                body += self._gzip.flush()
            message = {**message, "body": body}
        await self._send(message)
