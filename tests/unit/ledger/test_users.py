"""Accounts, passwords and sessions, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher, Type
from sqlalchemy import select

from node.errors import Invalid, NotFound
from node.ledger import users
from node.ledger.schema import sessions as sessions_table
from node.ledger.schema import users as users_table
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PASSWORD = "mật khẩu đủ dài"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    with opened.begin() as tx:
        users.create_user(tx, "Hoa.Ktv", "KTV. Hoa", "radiographer", PASSWORD, "vi", NOW)
    yield opened
    opened.dispose()


def test_a_user_is_found_whatever_the_case_of_the_name(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        user = users.find_user(tx, " HOA.KTV ")
        assert user is not None
        assert (user.username, user.role, user.disabled) == ("hoa.ktv", "radiographer", False)
        assert users.password_matches(user, PASSWORD)
        assert not users.password_matches(user, PASSWORD + " ")
        assert not users.password_matches(None, PASSWORD)


def test_a_password_typed_on_another_keyboard_is_the_same(ledger: SqlLedger) -> None:
    import unicodedata

    with ledger.read() as tx:
        user = users.find_user(tx, "hoa.ktv")
    assert users.password_matches(user, unicodedata.normalize("NFD", PASSWORD))


def test_a_password_costs_who_guesses_it_what_rfc_9106_recommends(password_hasher: PasswordHasher) -> None:
    cost = password_hasher.type, password_hasher.memory_cost, password_hasher.time_cost, password_hasher.parallelism
    assert cost == (Type.ID, 64 * 1024, 3, 4)  # the second recommended option: 64 MiB, three passes, four lanes
    assert password_hasher.verify(password_hasher.hash(PASSWORD), PASSWORD)


def test_neither_password_nor_token_is_in_the_ledger(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        users.open_session(tx, "hoa.ktv", "cookie", "the-token", NOW, timedelta(hours=1))
        stored = str(tx.execute(select(users_table)).all()) + str(tx.execute(select(sessions_table)).all())
    assert PASSWORD not in stored
    assert "the-token" not in stored
    assert "$argon2id$" in stored


@pytest.mark.parametrize(
    ("username", "role", "password", "language"),
    [
        ("", "admin", PASSWORD, "vi"),
        ("có dấu", "admin", PASSWORD, "vi"),
        ("a" * 65, "admin", PASSWORD, "vi"),
        ("x", "root", PASSWORD, "vi"),
        ("x", "admin", "short", "vi"),
        ("x", "admin", "x" * 2000, "vi"),
        ("x", "admin", PASSWORD, "fr"),
        ("hoa.ktv", "admin", PASSWORD, "vi"),
    ],
)
def test_a_wrong_account_is_refused(ledger: SqlLedger, username: str, role: str, password: str, language: str) -> None:
    with ledger.begin() as tx, pytest.raises(Invalid):
        users.create_user(tx, username, "X", role, password, language, NOW)


def test_a_new_password_ends_all_sessions_and_the_lock(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        for _ in range(6):
            users.note_attempt(tx, "hoa.ktv", NOW)
        assert users.note_attempt(tx, "hoa.ktv", NOW) == NOW + timedelta(seconds=30)
        users.open_session(tx, "hoa.ktv", "cookie", "t", NOW, timedelta(hours=1))
        users.set_password(tx, "hoa.ktv", "another password")
        assert users.find_session(tx, "t", NOW) is None
        assert users.note_attempt(tx, "hoa.ktv", NOW) is None
        user = users.find_user(tx, "hoa.ktv")
    assert users.password_matches(user, "another password")


def test_locks_grow_and_stay_below_a_quarter_of_an_hour() -> None:
    times = [users.lock(failures, NOW) for failures in (0, 4, 5, 6, 7, 10, 1000)]
    assert times[:2] == [None, None]
    waits = [time - NOW for time in times[2:] if time is not None]
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 900, 900)]


def test_attempts_during_a_lock_do_not_prolong_it(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        for _ in range(5):
            assert users.note_attempt(tx, "hoa.ktv", NOW) is None
        until = NOW + timedelta(seconds=30)
        for seconds in (1, 10, 29):
            assert users.note_attempt(tx, "hoa.ktv", NOW + timedelta(seconds=seconds)) == until
        assert users.note_attempt(tx, "hoa.ktv", until) is None
        users.note_success(tx, "hoa.ktv")
        user = users.find_user(tx, "hoa.ktv")
    assert user is not None
    assert (user.failed_logins, user.locked_until) == (0, None)


def test_sessions_end_in_time_and_are_swept_away(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        end = users.open_session(tx, "hoa.ktv", "bearer", "old", NOW, timedelta(hours=1))
        assert end == NOW + timedelta(hours=1)
        assert users.find_session(tx, "old", end - timedelta(seconds=1)) is not None
        assert users.find_session(tx, "old", end) is None
        assert not users.session_is_valid(tx, users.token_digest("old"), end)
        users.open_session(tx, "hoa.ktv", "bearer", "new", end, timedelta(hours=1))
        assert len(tx.execute(select(sessions_table)).all()) == 1


def test_a_closed_account_has_no_sessions(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        users.open_session(tx, "hoa.ktv", "bearer", "t", NOW, timedelta(hours=1))
        users.set_disabled(tx, "hoa.ktv", True)
        assert users.find_session(tx, "t", NOW) is None
        user = users.find_user(tx, "hoa.ktv")
        assert not users.password_matches(user, PASSWORD)


def test_changes_of_nobody_are_not_found(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        for change in (
            lambda: users.set_password(tx, "nobody", PASSWORD),
            lambda: users.set_disabled(tx, "nobody", True),
            lambda: users.set_language(tx, "nobody", "en"),
        ):
            with pytest.raises(NotFound):
                change()
