"""Errors as `application/problem+json` (RFC 9457), in the caller's language.

One table gives each class of the exception tree its HTTP status. Titles and hints come from the message catalogues by
the error's stable code; the English message is the detail, and its translation when the catalogue has one. What nobody
foresaw becomes code "internal" with a reference that is also in the log: type and place of the fault, never its text,
which might name a patient.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import traceback
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from node.errors import (
    Conflict,
    Held,
    Invalid,
    LedgerBusy,
    NodeError,
    NotAllowed,
    NotAuthorized,
    NotFound,
    PeerBusy,
    PeerRefused,
    PeerUnreachable,
    Refused,
    Retryable,
    StorageFull,
    UnsupportedSyntax,
)

LANGUAGES = ("vi", "en")
RETRY_AFTER = "30"  # seconds, for passing faults

_log = logging.getLogger(__name__)


class FieldFault(BaseModel):
    """One field of a form that is not right; `code`, where there is one, finds the words."""

    field: str
    code: str = ""
    message: str


class Problem(BaseModel):
    """RFC 9457, sent as application/problem+json. `code` is stable; the texts are in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    reference: str = ""
    errors: list[FieldFault] = []


class LoginRequired(NotAuthorized):
    """No valid login came with the request."""

    code = "login-required"


class LoginFailed(NotAuthorized):
    """Wrong user name or password; does not say which."""

    code = "login-failed"


class LoginLocked(NotAuthorized):
    """Too many wrong passwords."""

    code = "login-locked"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class CrossSite(NotAuthorized):
    """A request that another site made the browser send."""

    code = "csrf"


class NotAcceptable(Refused):
    """The caller accepts nothing that there is."""

    code = "not-acceptable"


class UnsupportedMedia(Refused):
    """The body is of a type that is not taken."""

    code = "unsupported-media"


class Malformed(Invalid):
    """The body of the request cannot be taken apart."""

    code = "malformed"


STATUS: tuple[tuple[type[NodeError], int], ...] = (  # the first class that fits decides
    (LoginRequired, 401),
    (LoginFailed, 401),
    (LoginLocked, 429),
    (NotAuthorized, 403),
    (NotAcceptable, 406),
    (UnsupportedMedia, 415),
    (UnsupportedSyntax, 406),
    (PeerRefused, 502),
    (PeerUnreachable, 502),
    (PeerBusy, 503),
    (StorageFull, 503),
    (LedgerBusy, 503),
    (Retryable, 503),
    (Conflict, 409),
    (NotAllowed, 409),
    (Held, 422),
    (Refused, 422),
    (NotFound, 404),
    (Malformed, 400),
    (Invalid, 422),
    (NodeError, 500),
)

_RECORD = re.compile(r"\[([a-z-]+)\] (.*)", re.DOTALL)
_KEPT = frozenset({"problem", "last_error", "reason"})
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media"}


def status_of(error: NodeError) -> int:
    """The HTTP status of an error."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


@cache
def catalogue(language: str) -> dict[str, Any]:
    """{"codes": {code: {"title", "detail", "hint"}}, "texts": {English message: translation}}"""
    text = files("node.web").joinpath("messages", f"{language}.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


def language_of(headers: Headers) -> str:
    """The language of `Accept-Language` that we have and that is liked best; Vietnamese when none is."""
    liked: list[tuple[float, int, str]] = []
    for position, item in enumerate(headers.get("accept-language", "").split(",")[:20]):
        tag, _, parameters = item.strip().partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES and quality > 0:
            liked.append((-quality, position, language))
    return min(liked)[2] if liked else "vi"


def in_words(record: str, language: str, *, code: str = "error") -> str:
    """What the ledger keeps of an error (`NodeError.record`), in the reader's language; `code` when the record has none."""
    match = _RECORD.fullmatch(record)
    found, text = match.groups() if match else (code, record)
    if language == "en" or not record:
        return text
    if match is None and (reason := _reason(text, language)):
        return reason
    entry = catalogue(language)["codes"].get(found) or catalogue(language)["codes"]["error"]
    return f"{entry['title']}. {entry['hint']}"


@cache
def _reasons(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Why something is set aside: the English text, `{}` for what differs, and its translation."""
    rows = catalogue(language)["reasons"].items()
    return tuple((re.compile(re.escape(text).replace(r"\{\}", "(.+)")), words) for text, words in rows)


def _reason(text: str, language: str) -> str:
    """ "" for one that the catalogue does not know."""
    for pattern, words in _reasons(language):
        if match := pattern.fullmatch(text):
            return words.format(*match.groups())
    return ""


def spoken(content: Any, language: str) -> Any:
    """The answer with every kept error in it (`problem`, `last_error`, `reason`) in the reader's language."""
    if isinstance(content, dict):
        return {
            k: in_words(v, language) if k in _KEPT and isinstance(v, str) and v else spoken(v, language)
            for k, v in content.items()
        }
    return [spoken(item, language) for item in content] if isinstance(content, list) else content


def problem(status: int, code: str, language: str, *, message: str = "", hint: str = "", **more: Any) -> Response:
    """A problem document. `message` and `hint` are English; they are translated or replaced by the code's own texts."""
    texts = catalogue(language)
    entry = texts["codes"].get(code) or texts["codes"]["error"]
    own = (lambda text: text) if language == "en" else texts["texts"].get
    body = {
        "type": "about:blank",
        "title": entry["title"],
        "status": status,
        "detail": own(message) or entry["detail"],
        "code": code,
        "hint": (own(hint) if hint else None) or entry["hint"],
        **more,
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def answer(error: Exception, headers: Headers) -> Response:
    """The answer to any exception."""
    language = language_of(headers)
    if isinstance(error, LoginLocked):
        response = problem(429, error.code, language, message=error.message)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    if isinstance(error, NodeError):
        faults = getattr(error, "faults", ())  # of a form, field by field
        more = {"errors": [{"field": f.field, "code": f.code, "message": f.message} for f in faults]} if faults else {}
        return problem(status_of(error), error.code, language, message=error.message, hint=error.hint, **more)
    if isinstance(error, RequestValidationError):
        return _validation(error, language)
    if isinstance(error, HTTPException):
        code = _HTTP_CODES.get(error.status_code, "invalid" if error.status_code < 500 else "internal")
        response = problem(error.status_code, code, language)
        response.headers.update(error.headers or {})
        return response
    return problem(500, "internal", language, reference=log_fault(error))


def log_fault(error: BaseException) -> str:
    """Writes type and place of an unforeseen fault to the log; returns the reference that finds it there."""
    reference = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _log.error("fault %s: %s at %s", reference, type(error).__name__, places)
    return reference


def _validation(error: RequestValidationError, language: str) -> Response:
    """Which fields are wrong, never what was in them."""
    faults = [
        {"field": ".".join(str(part) for part in item["loc"][1:]) or "body", "message": str(item["msg"])}
        for item in error.errors()
    ]
    fields = ", ".join(sorted({f"'{fault['field']}'" for fault in faults}))
    detail = catalogue(language)["codes"]["invalid"]["fields"].format(fields=fields)
    response = problem(422, "invalid", language, errors=faults)
    body = json.loads(bytes(response.body))
    body["detail"] = detail
    return JSONResponse(body, 422, media_type="application/problem+json", headers={"Cache-Control": "no-store"})


async def handle(request: Request, error: Exception) -> Response:
    """The exception handler of the application."""
    return answer(error, request.headers)
