"""The service clock and what a study is about, as plain rules."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from node.domain.report import READING_TRANSITIONS, ReadingState
from node.ledger.schema import reading_tasks
from worklists.reading import clock
from worklists.reading.clock import ClockRow, Limits
from worklists.reading.profiles import Profile, Seniority, Window
from worklists.reading.store import TaskRow
from worklists.reading.subject import SPECIALITIES, question_of, speciality_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday, 15:00 in Hà Nội
S = ReadingState
LIMITS = Limits((timedelta(minutes=30), timedelta(minutes=60), timedelta(hours=24)), timedelta(hours=12))
STILL, FRESH = ClockRow(None, 0), ClockRow(NOW, 0)


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_it_starts_when_the_images_are_complete_and_not_before() -> None:
    assert clock.moved(STILL, S.INCOMPLETE, S.READY, complete=True, now=NOW) == FRESH
    assert clock.moved(STILL, S.INCOMPLETE, S.CLAIMED, complete=False, now=NOW) == STILL
    assert (
        clock.moved(STILL, S.CLAIMED, S.CLAIMED, complete=True, now=NOW) == FRESH
    )  # the last image came while it is read
    assert clock.moved(FRESH, S.READY, S.CLAIMED, complete=True, now=after(5)) == FRESH


@pytest.mark.parametrize("waiting", [S.NEEDS_INFO, S.UNREADABLE, S.INCOMPLETE])
def test_it_stands_while_the_origin_has_to_do_something_and_then_goes_on(waiting: ReadingState) -> None:
    stopped = clock.moved(FRESH, S.CLAIMED, waiting, complete=True, now=after(10))
    assert stopped == ClockRow(None, 600)
    assert clock.look(stopped, waiting, 0, LIMITS, after(500)).used_seconds == 600
    assert clock.moved(stopped, waiting, S.READY, complete=True, now=after(100)) == ClockRow(after(100), 600)


def test_the_first_signature_stops_it_and_a_preliminary_report_starts_the_one_of_verification() -> None:
    assert clock.moved(FRESH, S.DRAFTING, S.FINAL, complete=True, now=after(20)) == ClockRow(None, 1200)
    preliminary = clock.moved(FRESH, S.DRAFTING, S.PRELIMINARY, complete=True, now=after(20))
    assert preliminary == ClockRow(after(20), 0)
    assert clock.look(preliminary, S.PRELIMINARY, 0, LIMITS, after(80)).left_seconds == 11 * 3600
    assert clock.moved(preliminary, S.PRELIMINARY, S.VERIFYING, complete=True, now=after(30)) == preliminary
    assert clock.moved(preliminary, S.VERIFYING, S.PRELIMINARY, complete=True, now=after(40)) == preliminary
    assert clock.moved(preliminary, S.VERIFYING, S.FINAL, complete=True, now=after(50)) == ClockRow(None, 1800)
    assert clock.moved(ClockRow(None, 1200), S.FINAL, S.AMENDING, complete=True, now=after(90)) == ClockRow(None, 1200)


def test_no_way_through_the_states_leaves_a_clock_running_on_a_finished_study() -> None:
    for (state, _), following in READING_TRANSITIONS.items():
        for row in (STILL, FRESH):
            moved = clock.moved(row, state, following, complete=True, now=after(1))
            standing = following in (S.FINAL, S.AMENDING, S.CANCELLED, S.NEEDS_INFO, S.UNREADABLE, S.INCOMPLETE)
            assert (moved.running_since is None) == standing


@pytest.mark.parametrize(("minutes", "level"), [(0, 0), (29.9, 0), (30, 1), (44.9, 1), (45, 2), (60, 3), (75, 4)])
def test_it_escalates_at_the_limit_and_after_each_further_half(minutes: float, level: int) -> None:
    face = clock.look(FRESH, S.READY, 0, LIMITS, after(minutes))
    assert face.level == level
    assert face.overdue == (minutes > 30)


def test_each_class_has_its_limit() -> None:
    limits = [clock.look(FRESH, S.READY, priority, LIMITS, NOW).limit_seconds for priority in (0, 1, 2)]
    assert limits == [1800, 3600, 86400]


def test_on_call_windows_are_local_and_may_go_over_midnight() -> None:
    day = Window((0, 1, 2, 3, 4), time(7), time(17))
    night = Window((6,), time(22), time(7))
    assert Profile("a", on_call=(day,)).is_on_call(NOW)
    assert not Profile("a", on_call=(day,)).is_on_call(NOW + timedelta(hours=3))  # 18:00
    assert not Profile("a", on_call=(night,)).is_on_call(NOW)
    sunday_night = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # 23:30 of Sunday
    assert Profile("a", on_call=(night,)).is_on_call(sunday_night)
    assert Profile("a", on_call=(night,)).is_on_call(sunday_night + timedelta(hours=7))  # 06:30 of Monday
    assert not Profile("a", on_call=(night,)).is_on_call(sunday_night + timedelta(hours=8))
    assert Profile("a").is_on_call(NOW)


def test_scope_is_by_licence_and_sub_speciality() -> None:
    profile = Profile(
        "a", seniority=Seniority.READER, modalities=frozenset({"CT", "DX"}), specialities=frozenset({"chest"})
    )
    assert profile.covers(["CT"], "chest")
    assert profile.covers(["CT", "SR", "PR"], "chest")  # documents are read beside images
    assert profile.covers(["CT"], "")  # nobody knows: it is offered
    assert not profile.covers(["CT", "PT"], "chest")
    assert not profile.covers(["CT"], "neuro")
    assert Profile("b").covers(["MR"], "neuro")


@pytest.mark.parametrize(
    ("modalities", "body_part", "description", "expected"),
    [
        (["CT"], "HEAD", "", "neuro"),
        (["CT"], "", "CT sọ não không tiêm", "neuro"),
        (["DX"], "CHEST", "XQ ngực thẳng", "chest"),
        (["CR"], "", "Phổi thẳng", "chest"),
        (["MG"], "", "", "breast"),
        (["US"], "", "Siêu âm ổ bụng tổng quát", "abdomen"),
        (["MR"], "LSPINE", "", "neuro"),
        (["DX"], "", "X-quang khớp gối trái", "musculoskeletal"),
        (["PT", "CT"], "", "", "nuclear"),
        (["XA"], "", "", "cardiovascular"),
        (["CT"], "", "CT mạch vành", "cardiovascular"),
        (["US"], "", "Siêu âm tuyến giáp", "head-neck"),
        (["US"], "", "Siêu âm thai", "obstetrics"),
        (["OT"], "", "Phim", ""),
    ],
)
def test_the_sub_speciality_follows_from_what_was_examined(
    modalities: list[str], body_part: str, description: str, expected: str
) -> None:
    assert speciality_of(modalities, body_part, description) == expected
    assert expected in (*SPECIALITIES, "")


def test_the_clinical_question_is_what_the_headers_say_each_text_once() -> None:
    header = {
        "00401002": {"vr": "LO", "Value": ["Đau ngực  2 ngày"]},
        "00081080": {"vr": "LO", "Value": ["Viêm phổi?", "Đau ngực 2 ngày"]},
        "00321060": {"vr": "LO"},
        "00401400": {"vr": "LT", "Value": [None]},
    }
    assert question_of(header) == "Đau ngực 2 ngày · Viêm phổi?"
    assert question_of({}) == ""


def test_a_task_row_has_the_columns_of_its_table_in_their_order() -> None:
    assert tuple(TaskRow.__slots__) == tuple(column.name for column in reading_tasks.c)
