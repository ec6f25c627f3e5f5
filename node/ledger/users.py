"""People who log in, and their sessions.

Passwords are kept as argon2id hashes, session tokens as the SHA-256 of 256 random bits. The random token is made by the
caller and passed in; nothing here reads a clock. A wrong password costs growing time: from the fifth failure on, the
account is locked for 30 s, then twice as long for each further failure, up to 15 minutes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, insert, select, update

from node.errors import Invalid, NotFound
from node.ledger.schema import sessions, users

ROLES = ("radiographer", "clinician", "radiologist", "admin")
LANGUAGES = ("vi", "en")
FREE_FAILURES = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)  # a session's last use is written at most this often
MIN_PASSWORD = 8
MAX_PASSWORD = 1024  # characters; bounds the work of one hash

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HASHER = PasswordHasher()

SessionKind = Literal["cookie", "bearer"]


@dataclass(frozen=True, slots=True)
class User:
    """One account as the web server needs it."""

    username: str
    display_name: str
    role: str
    language: str
    password_hash: str
    disabled: bool
    failed_logins: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A valid login."""

    user: User
    token_sha256: str
    kind: str
    used_at: datetime
    expires_at: datetime


def token_digest(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def fold_username(text: str) -> str:
    """User names are compared without regard to case and surrounding spaces."""
    return unicodedata.normalize("NFC", text).strip().lower()


def create_user(
    tx: Connection, username: str, display_name: str, role: str, password: str, language: str, now: datetime
) -> None:
    """Adds an account. Raises `Invalid` for a bad name, role, language or password, and when the name is taken."""
    username = fold_username(username)
    if not _USERNAME.fullmatch(username):
        raise Invalid("The user name may hold a-z, 0-9, '.', '_' and '-' only.", hint="Choose another user name.")
    if role not in ROLES:
        raise Invalid("The role is unknown.", hint=f"Known roles: {', '.join(ROLES)}.")
    if find_user(tx, username) is not None:
        raise Invalid("The user name is taken.", hint="Choose another one, or set this user's password instead.")
    _check_language(language)
    tx.execute(
        insert(users).values(
            username=username,
            display_name=unicodedata.normalize("NFC", display_name).strip() or username,
            role=role,
            password_hash=hash_password(password),
            language=language,
            created_at=now,
        )
    )


def set_password(tx: Connection, username: str, password: str) -> None:
    """Sets a new password, lifts the lock and ends all sessions of the user. Raises `NotFound`, `Invalid`."""
    username = fold_username(username)
    changed = tx.execute(
        update(users)
        .where(users.c.username == username)
        .values(password_hash=hash_password(password), failed_logins=0, locked_until=None)
    )
    _must_exist(changed.rowcount)
    tx.execute(delete(sessions).where(sessions.c.username == username))


def set_disabled(tx: Connection, username: str, disabled: bool) -> None:
    """Closes or opens an account; closing ends its sessions. Raises `NotFound`."""
    username = fold_username(username)
    _must_exist(tx.execute(update(users).where(users.c.username == username).values(disabled=disabled)).rowcount)
    if disabled:
        tx.execute(delete(sessions).where(sessions.c.username == username))


def set_language(tx: Connection, username: str, language: str) -> None:
    """Stores the language of the user's pages. Raises `NotFound`, `Invalid`."""
    _check_language(language)
    _must_exist(tx.execute(update(users).where(users.c.username == username).values(language=language)).rowcount)


def find_user(tx: Connection, username: str) -> User | None:
    row = tx.execute(select(users).where(users.c.username == fold_username(username))).one_or_none()
    return None if row is None else _user(row)


def list_users(tx: Connection) -> list[User]:
    """All accounts, by name."""
    return [_user(row) for row in tx.execute(select(users).order_by(users.c.username))]


def hash_password(password: str) -> str:
    """The argon2id hash. Raises `Invalid` when the password is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", hint="Choose another password.")
    return _HASHER.hash(unicodedata.normalize("NFC", password))


def password_matches(user: User | None, password: str) -> bool:
    """Whether the password is the user's. The same work is done for an unknown or closed account, so that the time
    of the answer does not tell which names exist."""
    known = user is not None and not user.disabled
    digest = user.password_hash if user is not None else _decoy()
    try:
        _HASHER.verify(digest, unicodedata.normalize("NFC", password[:MAX_PASSWORD]))
    except (VerificationError, InvalidHashError):
        return False
    return known


def note_attempt(tx: Connection, username: str, now: datetime) -> datetime | None:
    """Counts a login attempt as failed before the password is looked at, so that attempts at the same time all count;
    `note_success` takes it back. Returns until when the account is locked, when it is: then nothing is counted."""
    name = fold_username(username)
    row = tx.execute(select(users.c.failed_logins, users.c.locked_until).where(users.c.username == name)).one_or_none()
    if row is None:
        return None
    locked_until: datetime | None = row.locked_until
    if locked_until is not None and locked_until > now:
        return locked_until
    failures = row.failed_logins + 1
    tx.execute(
        update(users).where(users.c.username == name).values(failed_logins=failures, locked_until=lock(failures, now))
    )
    return None


def note_success(tx: Connection, username: str) -> None:
    """Forgets the failures of an account after a right password."""
    tx.execute(
        update(users).where(users.c.username == fold_username(username)).values(failed_logins=0, locked_until=None)
    )


def lock(failures: int, now: datetime) -> datetime | None:
    """Until when an account is locked after so many failures in a row."""
    if failures < FREE_FAILURES:
        return None
    doubled: timedelta = FIRST_LOCK * (1 << min(failures - FREE_FAILURES, 16))
    return now + min(LONGEST_LOCK, doubled)


def open_session(
    tx: Connection, username: str, kind: SessionKind, token: str, now: datetime, life: timedelta
) -> datetime:
    """Stores a login and sweeps away the ones that ran out. Returns when it ends without use."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
    expires_at = now + life
    tx.execute(
        insert(sessions).values(
            token_sha256=token_digest(token),
            username=fold_username(username),
            kind=kind,
            created_at=now,
            used_at=now,
            expires_at=expires_at,
        )
    )
    return expires_at


def find_session(tx: Connection, token: str, now: datetime) -> Session | None:
    """The valid login of a token, or None: unknown, run out, or the account was closed."""
    digest = token_digest(token)
    row = tx.execute(
        select(users, sessions.c.kind, sessions.c.used_at, sessions.c.expires_at)
        .join(sessions, sessions.c.username == users.c.username)
        .where(sessions.c.token_sha256 == digest, sessions.c.expires_at > now, users.c.disabled.is_(False))
    ).one_or_none()
    if row is None:
        return None
    return Session(_user(row), digest, row.kind, row.used_at, row.expires_at)


def session_is_valid(tx: Connection, token_sha256: str, now: datetime) -> bool:
    """Whether a login that was valid once still is."""
    found = tx.execute(
        select(sessions.c.username)
        .join(users, users.c.username == sessions.c.username)
        .where(sessions.c.token_sha256 == token_sha256, sessions.c.expires_at > now, users.c.disabled.is_(False))
    ).first()
    return found is not None


def touch_session(tx: Connection, token_sha256: str, now: datetime, life: timedelta) -> None:
    """Writes that a login was used just now."""
    tx.execute(
        update(sessions).where(sessions.c.token_sha256 == token_sha256).values(used_at=now, expires_at=now + life)
    )


def close_session(tx: Connection, token_sha256: str) -> None:
    """Logs out."""
    tx.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(**{name: getattr(row, name) for name in User.__slots__})


def _must_exist(rows: int) -> None:
    if rows == 0:
        raise NotFound("There is no such user.", hint="To see all of them: lientuyen user list")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid("The language is unknown.", hint=f"Known languages: {', '.join(LANGUAGES)}.")


@cache
def _decoy() -> str:
    """A hash that no password matches, of the same cost as real ones."""
    return _HASHER.hash(hashlib.sha256(b"nobody").hexdigest())
