"""The stage "webhook": tells the hospital's own systems what happened, in its order, each call until it is taken.

A call is a POST of JSON, `{"id", "event", "facility", "made_at", ...}`. `X-Lientuyen-Id` tells a repeat of the same call. With a
secret, `X-Lientuyen-Signature` is "sha256=" and the hex HMAC-SHA256 of the value of `X-Lientuyen-Timestamp`, a full stop and the
body. Any answer of 200 to 299 takes the call. One that finds fault with this very call (400, 409, 410, 413, 415, 422) ends it, so
that the calls after it are heard, and the administrators are told; after any other the stage tries again, without end.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection

from node.domain.job import Job, NextJob
from node.errors import Invalid, PeerBusy, PeerUnreachable
from node.ledger import notices, webhooks
from node.ledger.webhooks import Call
from node.ports import Node

log = logging.getLogger(__name__)

_REFUSED = frozenset({400, 409, 410, 413, 415, 422})
_BATCH = 50
_KEPT_FOR = timedelta(days=30)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class WebhookStage:
    """Implements `node.ports.Stage`; there is one job for all calls."""

    kind = "webhook"

    def work(self, job: Job, node: Node) -> bool:
        """Makes the calls that wait; True when more may be waiting. Raises `PeerUnreachable`, `PeerBusy`."""
        with node.ledger.read() as tx:
            calls = webhooks.waiting(tx, _BATCH)
        if not node.settings.notify.webhook_url:
            calls_taken = [call.id for call in calls]
            with node.ledger.begin() as tx:  # nobody wants to hear
                for call_id in calls_taken:
                    webhooks.delivered(tx, call_id, node.clock.now())
            return len(calls) == _BATCH
        with httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as http:
            for call in calls:
                refused = _post(http, node, call)
                with node.ledger.begin() as tx:
                    webhooks.delivered(tx, call.id, node.clock.now())
                    if refused:
                        _tell_of_refusal(tx, call, refused, node.clock.now())
        return len(calls) == _BATCH

    def settle(self, tx: Connection, job: Job, result: Any, node: Node) -> Iterable[NextJob]:
        now = node.clock.now()
        webhooks.forget(tx, taken_before=now - _KEPT_FOR)
        return [NextJob(self.kind, job.subject, priority=1)] if result else ()


def _post(http: httpx.Client, node: Node, call: Call) -> int:
    """0 when the call was taken, the HTTP status when it was refused for good."""
    body = _body(node, call)
    try:
        answer = http.post(
            node.settings.notify.webhook_url, content=body, headers=_headers(node, call, body, node.clock.now())
        )
    except httpx.HTTPError as error:
        raise PeerUnreachable(
            f"The webhook cannot be reached ({type(error).__name__}).",
            hint="It is tried again by itself; notify.webhook_url says where.",
        ) from None
    if answer.status_code in _REFUSED:
        log.error(
            "the webhook refused call %s, %s (HTTP %d); it is not repeated", call.id, call.event, answer.status_code
        )
        return answer.status_code
    if not answer.is_success:
        raise PeerBusy(
            f"The webhook did not take a call (HTTP {answer.status_code}).",
            hint="It is tried again by itself; notify.webhook_url says where.",
        )
    return 0


def _tell_of_refusal(tx: Connection, call: Call, status: int, now: datetime) -> None:
    """Once a day for each kind of event: a listener that refuses all must not drown what else is urgent."""
    notices.tell(
        tx,
        key=f"webhook-refused:{call.event}:{now:%Y-%m-%d}",
        audience="role:admin",
        kind="webhook-refused",
        urgent=True,
        detail={"event": call.event, "status": status},
        now=now,
    )


def _body(node: Node, call: Call) -> bytes:
    head = {"id": call.key, "event": call.event, "facility": node.facility, "made_at": call.made_at.isoformat()}
    return json.dumps({**call.body, **head}, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(node: Node, call: Call, body: bytes, now: datetime) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "lientuyen", "X-Lientuyen-Id": str(call.id)}
    file = node.settings.notify.webhook_secret_file
    if file is None:
        return headers
    try:
        secret = (node.settings.node.directory / file).read_bytes().strip()
    except OSError as error:
        raise Invalid(
            f"The secret of the webhook cannot be read ({error.strerror}).",
            hint="Put it into the file that notify.webhook_secret_file names.",
        ) from None
    timestamp = str(int(now.timestamp()))
    signature = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return headers | {"X-Lientuyen-Timestamp": timestamp, "X-Lientuyen-Signature": f"sha256={signature}"}
