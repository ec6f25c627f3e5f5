"""Errors below /fhir as OperationOutcome: the same problems as everywhere, in the form that FHIR clients read."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.web import problems
from node.web.fhir import _table as table

PREFIX = "/fhir"
_PROBLEM = "application/problem+json"


def outcome(body: dict[str, Any]) -> dict[str, Any]:
    """An OperationOutcome that says what a problem document says."""
    diagnostics = " ".join(text for text in (body.get("detail"), body.get("hint")) if text)
    issue = {
        "severity": "error",
        "code": table.ISSUES.get(int(body.get("status", 500)), "processing"),
        "details": {"text": body.get("title", "")},
        "diagnostics": diagnostics,
    }
    return {"resourceType": "OperationOutcome", "issue": [{k: v for k, v in issue.items() if v}]}


class OperationOutcomes:
    """ASGI middleware around the gate: turns problem documents and exceptions below /fhir into OperationOutcomes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == PREFIX or path.startswith(f"{PREFIX}/")):
            await self.app(scope, receive, send)
            return
        turned = _Turned(send)
        try:
            await self.app(scope, receive, turned)
        except Exception as error:  # what the gate refuses; anything else becomes "internal" there
            if turned.begun:
                raise
            await problems.answer(error, Headers(scope=scope))(scope, receive, turned)


class _Turned:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            if Headers(raw=message["headers"]).get("content-type", "").startswith(_PROBLEM):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            body = json.dumps(outcome(json.loads(self._body)), ensure_ascii=False).encode()
            headers = MutableHeaders(raw=self._start["headers"])
            headers["Content-Type"] = table.FHIR_JSON
            headers["Content-Length"] = str(len(body))
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": body})
