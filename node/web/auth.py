"""Who is calling: logins, sessions, tokens, and the secrets of other nodes.

The password check runs outside any transaction and in the same way for names that do not exist. Names that do not exist
are locked like existing ones, by a count in memory, so that a lock tells nothing either.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response

from node.domain.facility import Peer, PeerKind
from node.errors import NotAuthorized, Retryable
from node.ledger import users
from node.ledger.audit import audit
from node.ledger.users import Session, SessionKind, fold_username, token_digest
from node.ports import Node
from node.web.problems import LoginFailed, LoginLocked, LoginRequired

UNKNOWN_NAMES = 10_000  # failed logins of names that do not exist, kept in memory at most


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who is logged in."""

    username: str
    display_name: str
    role: str
    language: str
    token_sha256: str
    kind: str  # cookie | bearer


class PasswordChecks:
    """Lets few passwords be checked at once (each takes 64 MB), lets few logins wait for that and not for long: they
    wait in threads that all requests share."""

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._checks = threading.BoundedSemaphore(at_once)
        self._room = threading.BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises `Retryable` when too many are at it."""
        if not self._room.acquire(blocking=False):
            raise _crowd()
        try:
            if not self._checks.acquire(timeout=self._seconds):
                raise _crowd()
            try:
                yield
            finally:
                self._checks.release()
        finally:
            self._room.release()


def _crowd() -> Retryable:
    return Retryable("Too many logins at this moment.", hint="Try again in a few seconds.")


_PASSWORD_CHECKS = PasswordChecks(at_once=2, waiting=6, seconds=2.0)


class UnknownNames:
    """Counts failures of names that have no account, as `users.note_attempt` does for those that have one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def note_attempt(self, name: str, now: datetime) -> datetime | None:
        key = token_digest(name)
        with self._lock:
            failures, until = self._seen.pop(key, (0, None))
            locked = until if until is not None and until > now else None
            if locked is None:
                failures += 1
                until = users.lock(failures, now)
            self._seen[key] = (failures, until)
            while len(self._seen) > UNKNOWN_NAMES:
                self._seen.popitem(last=False)
        return locked


def cookie_name(node: Node) -> str:
    """`lt_session` and the facility: two nodes on one host (the demonstration) share the browser's cookies."""
    code = re.sub(r"[^A-Za-z0-9_-]", "", node.settings.node.facility)
    return f"lt_session_{code}" if code else "lt_session"


def log_in(
    node: Node, unknown: UnknownNames, username: str, password: str, kind: SessionKind
) -> tuple[Caller, str, datetime]:
    """Checks the password and opens a session. Returns (caller, token, when it ends without use).

    Raises `LoginFailed`, `LoginLocked`, and `Retryable` when too many log in at once: that counts as no attempt.
    """
    now = node.clock.now()
    name = fold_username(username)
    with _PASSWORD_CHECKS.turn():
        with node.ledger.begin() as tx:
            user = users.find_user(tx, name)
            locked = users.note_attempt(tx, name, now) if user else unknown.note_attempt(name, now)
        if locked is not None:
            raise LoginLocked("Too many wrong passwords.", seconds=max(1, int((locked - now).total_seconds()) + 1))
        matches = users.password_matches(user, password)
    if not matches or user is None:
        with node.ledger.begin() as tx:
            audit(tx, now, user.username if user else "unknown", "login-failed")
        raise LoginFailed("The user name or the password is wrong.")
    token = secrets.token_urlsafe(32)
    with node.ledger.begin() as tx:
        users.note_success(tx, name)
        expires_at = users.open_session(tx, name, kind, token, now, session_life(node))
        audit(tx, now, user.username, "login", detail={"kind": kind})
    caller = Caller(user.username, user.display_name, user.role, user.language, token_digest(token), kind)
    return caller, token, expires_at


def session_life(node: Node) -> timedelta:
    return timedelta(hours=node.settings.web.session_hours)


def bearer_token(headers: Headers) -> str | None:
    """The token of the `Authorization` header, if there is one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def find_caller(node: Node, token: str, kind: SessionKind) -> Caller | None:
    """The person whose valid session this token is. A cookie's token is no bearer token, nor the reverse."""
    now = node.clock.now()
    with node.ledger.read() as tx:
        session = users.find_session(tx, token, now)
    if session is None or session.kind != kind:
        return None
    if now - session.used_at >= users.TOUCH_EVERY:
        with node.ledger.begin() as tx:
            users.touch_session(tx, session.token_sha256, now, session_life(node))
    return _caller(session)


def find_peer(node: Node, token: str) -> Peer | None:
    """The node whose secret this token is."""
    digest = token_digest(token)
    return next(
        (
            peer
            for peer in node.registry().peers
            if peer.kind == PeerKind.NODE and secrets.compare_digest(peer.token_sha256, digest)
        ),
        None,
    )


def set_cookie(response: Response, request: Request, node: Node, token: str) -> None:
    response.set_cookie(
        cookie_name(node), token, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def clear_cookie(response: Response, request: Request, node: Node) -> None:
    response.delete_cookie(
        cookie_name(node), path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def current_user(request: Request) -> Caller:
    """The person who is calling, as a dependency. The gate has checked the role by then."""
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise LoginRequired("This needs a login.")
    return caller


def current_peer(request: Request) -> Peer | None:
    """The node that is calling, if it is one."""
    peer = getattr(request.state, "peer", None)
    return peer if isinstance(peer, Peer) else None


def calling_node(request: Request) -> Peer:
    """The node that is calling, as a dependency. The gate has let no one else in by then."""
    peer = current_peer(request)
    if peer is None:
        raise not_a_node()
    return peer


def not_a_node() -> NotAuthorized:
    """What people and strangers are told at the addresses for nodes."""
    return NotAuthorized(
        "This address is for registered nodes only.", hint="Register the node's token in this node's registry."
    )


def _caller(session: Session) -> Caller:
    user = session.user
    return Caller(user.username, user.display_name, user.role, user.language, session.token_sha256, session.kind)
