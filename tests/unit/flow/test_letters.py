"""Letters on the link: who hears and says what, under which name, once, again after a restore; and the dialling end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.domain.facility import Peer, PeerKind
from node.domain.letter import Letter, LetterKind
from node.domain.study import Priority, Via
from node.errors import PeerUnreachable
from node.flow import dial
from node.flow import letters as channel
from node.flow.dial import Dialler
from node.flow.link import take_manifest
from node.ledger import criticals, letters, timeline
from node.ledger.criticals import CriticalRow
from node.ledger.desk_tables import critical_findings
from node.ledger.desk_tables import letters as letter_rows
from node.ledger.schema import reading_tasks
from tests.unit.flow.station import CALLER, HERE, HUB, READ, STUDY, UP, UPPER, Station, an_object
from tests.unit.flow.test_link import a_manifest

Make = Callable[..., Station]

OTHER = Peer("other", PeerKind.NODE, "DEMO-XX", token_sha256="1" * 64)
AT_HUB = replace(READ, when=(), quiet_seconds=1)


def a_letter(station: Station, number: int = 1, kind: str = LetterKind.NOTE, node: str = UPPER, **parts: Any) -> Letter:
    body = parts.pop("body", {"text": f"Thư {number}"})
    study = parts.pop("study", STUDY)
    return Letter(f"{number:032x}", study, node, kind, "BS. A", station.clock.now(), body, **parts)


def keep(station: Station, *written: Letter) -> None:
    with station.ledger.begin() as tx:
        for letter in written:
            letters.record(tx, letter, station.clock.now())


def kept(station: Station) -> list[tuple[str, str]]:
    return [(row.study_uid, row.id[-1]) for row in station.rows(letter_rows)]


def ids(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["id"], 16) for item in items]


@pytest.fixture
def hub(make_station: Make) -> Station:
    """A node that read a study of the caller's."""
    station = make_station(AT_HUB)
    station.receive(an_object(1), via=Via.LINK, peer="caller", facility=CALLER.facility)
    return station


# The answering end


def test_a_peer_hears_of_its_own_studies_only_and_not_what_it_wrote_itself(hub: Station) -> None:
    hub.receive(an_object(9, study="1.2.3"), via=Via.LINK, peer="other", facility=OTHER.facility)
    keep(hub, a_letter(hub, 1), a_letter(hub, 2, node=HERE), a_letter(hub, 3, study="1.2.3"), a_letter(hub, 4))
    last, told = channel.letters_for(hub.node, CALLER, 0)
    assert (ids(told), last) == ([1, 4], 4)
    assert ids(channel.letters_for(hub.node, OTHER, 0)[1]) == [3]
    assert channel.letters_for(hub.node, CALLER, last) == (4, [])


def test_a_ledger_that_was_restored_tells_everything_again(hub: Station) -> None:
    keep(hub, a_letter(hub, 1))
    assert ids(channel.letters_for(hub.node, CALLER, 99)[1]) == [1]


def test_what_a_peer_says_of_its_own_study_is_kept_once_and_becomes_one_job(hub: Station) -> None:
    letter = channel.to_json(a_letter(hub, 1, node=HERE))
    hub.node = replace(hub.node, settings=hub.node.settings.model_copy(update={"node": _as_upper(hub)}))
    for _ in range(2):
        channel.take_letters(hub.node, CALLER, [letter])
    assert kept(hub) == [(STUDY, "1")]
    assert [job.subject for job in hub.jobs() if job.kind == "letter"] == [letter["id"]]


def _as_upper(station: Station) -> Any:
    return station.node.settings.node.model_copy(update={"facility": UPPER})


def test_nobody_speaks_of_the_studies_of_others_or_in_our_name(hub: Station) -> None:
    channel.take_letters(hub.node, OTHER, [channel.to_json(a_letter(hub, 1, node="DEMO-XX"))])
    channel.take_letters(hub.node, CALLER, [channel.to_json(a_letter(hub, 2, node=hub.node.facility))])
    channel.take_letters(hub.node, CALLER, [channel.to_json(a_letter(hub, 3, study="9.9.9", node="DEMO-XX"))])
    assert kept(hub) == []


def test_a_letter_may_come_before_the_first_image_of_a_study_that_is_announced(hub: Station) -> None:
    take_manifest(hub.node, CALLER, "1.2.77", a_manifest({}, closed=False, priority=Priority.URGENT))
    channel.take_letters(hub.node, CALLER, [channel.to_json(a_letter(hub, 1, study="1.2.77", node="DEMO-XX"))])
    assert kept(hub) == [("1.2.77", "1")]


def test_a_kind_that_we_do_not_know_is_kept_and_what_is_no_letter_is_left_out(hub: Station) -> None:
    good = channel.to_json(a_letter(hub, 1, kind="from-2027", node="DEMO-XX"))
    wrong = [{}, good | {"id": "x"}, good | {"id": "f" * 32, "kind": "'; --"}, good | {"id": "e" * 32, "body": "text"}]
    wrong += [good | {"id": "d" * 32, "body": {"text": bad}} for bad in ("a\0b", "a\ud800b")]  # no ledger keeps them
    channel.take_letters(hub.node, CALLER, [*wrong, good])
    assert kept(hub) == [(STUDY, "1")]


def test_a_critical_finding_is_told_when_the_origins_node_holds_its_letter(hub: Station) -> None:
    hub.drain()
    hub.let(5)
    (task,) = hub.rows(reading_tasks)
    keep(hub, a_letter(hub, 1, LetterKind.CRITICAL), a_letter(hub, 2, LetterKind.CRITICAL))
    now = hub.clock.now()
    with hub.ledger.begin() as tx:
        for number in (1, 2):
            due = now + timedelta(minutes=15)
            row = CriticalRow(f"{number:032x}", task.id, 1, "Tràn khí", "raised", "bs", now, due, due)
            criticals.add(tx, row)
    channel.note_heard(hub.node, OTHER, 2)
    channel.note_heard(hub.node, CALLER, 1)
    channel.note_heard(hub.node, CALLER, 77)  # of a ledger that was restored since
    assert [row.state for row in hub.rows(critical_findings)] == ["told", "raised"]


# The dialling end


class PlayedHub:
    """Answers as a hub does; `away` is raised instead."""

    def __init__(self) -> None:
        self.letters: list[dict[str, Any]] = []
        self.cursor = 0
        self.asked: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.away: Exception | None = None

    def get(self, path: str, **query: Any) -> Any:
        if self.away:
            raise self.away
        self.asked.append(query["letter_cursor"])
        answer = {"deliveries": [], "entries": [], "cursor": 0}
        return answer | {"letters": self.letters, "letter_cursor": self.cursor}

    def post(self, path: str, body: Any) -> Any:
        if self.away:
            raise self.away
        self.told += json.loads(json.dumps(body)).get("letters", [])
        return {}


@pytest.fixture
def district(make_station: Make) -> Station:
    """A node that sent a study up."""
    station = make_station(UP)
    station.receive(an_object(1))
    station.drain()
    return station


@pytest.fixture
def far() -> PlayedHub:
    return PlayedHub()


def a_dialler(station: Station, far: PlayedHub) -> Dialler:
    dialler = Dialler(station.node, HUB, far)  # type: ignore[arg-type]
    dialler.stop()  # it never waits
    return dialler


@pytest.fixture
def dialler(district: Station, far: PlayedHub) -> Dialler:
    return a_dialler(district, far)


def outward(station: Station) -> str:
    return str(station.delivery("hub").outward_uid)


def test_a_letter_from_above_is_kept_under_our_own_name_of_the_study_once(
    district: Station, far: PlayedHub, dialler: Dialler
) -> None:
    far.letters = [
        channel.to_json(a_letter(district, 1, LetterKind.QUESTION, study=outward(district))),
        channel.to_json(a_letter(district, 2, study="9.9.9")),
    ]
    far.cursor = 7
    for _ in range(2):
        dialler.fetch()
    assert kept(district) == [(STUDY, "1")]
    assert far.asked == [0, 7]
    assert [job.subject for job in district.jobs() if job.kind == "letter"] == [far.letters[0]["id"]]


def test_a_hub_of_an_earlier_version_tells_no_letters(district: Station, far: PlayedHub, dialler: Dialler) -> None:
    far.get = lambda path, **query: {"deliveries": [], "entries": [], "cursor": 3}  # type: ignore[method-assign]
    dialler.fetch()
    with district.ledger.read() as tx:
        assert timeline.get_cursor(tx, "letters-from:hub") == 0
        assert timeline.get_cursor(tx, "entries-from:hub") == 3


def test_our_letters_go_up_under_the_pseudonym_and_theirs_do_not_come_back(
    district: Station, far: PlayedHub, dialler: Dialler
) -> None:
    keep(district, a_letter(district, 1, node=HERE), a_letter(district, 2, node=UPPER))
    dialler.push()
    assert [(item["study_instance_uid"], int(item["id"], 16)) for item in far.told] == [(outward(district), 1)]
    far.told.clear()
    dialler.push()
    assert far.told == []


def test_what_was_not_taken_is_told_again(district: Station, far: PlayedHub, dialler: Dialler) -> None:
    keep(district, a_letter(district, 1, node=HERE))
    far.away = PeerUnreachable("'hub' cannot be reached.")
    with pytest.raises(PeerUnreachable):
        dialler.push()
    far.away = None
    dialler.push()
    assert ids(far.told) == [1]


def test_a_letter_that_was_written_before_the_study_had_a_name_there_goes_up_when_it_has(
    make_station: Make, far: PlayedHub
) -> None:
    station = make_station(UP)
    station.receive(an_object(1))
    dialler = a_dialler(station, far)
    keep(station, a_letter(station, 1, node=HERE))
    dialler.push()
    assert far.told == []
    station.drain()
    station.let(60)
    dialler.push()
    assert set(ids(far.told)) == {1}


def test_letters_of_the_last_days_are_told_again_at_every_start(district: Station, far: PlayedHub) -> None:
    keep(district, a_letter(district, 1, node=HERE))
    district.clock.forward(20 * 86400)
    keep(district, a_letter(district, 2, node=HERE, study="5.5.5"))  # of a study that did not go there
    district.receive(an_object(2, study="1.2.88"))
    district.drain()
    keep(district, a_letter(district, 3, node=HERE, study="1.2.88"))
    a_dialler(district, far).push()
    assert ids(far.told) == [3, 1] or ids(far.told) == [1, 3]
    far.told.clear()
    a_dialler(district, far).push()  # the hub may be one that was restored from a backup
    assert ids(far.told) == [3]


def test_a_letter_goes_up_at_once_when_somebody_has_written_one(
    district: Station, far: PlayedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "_PAUSE", 3600.0)
    told = threading.Event()
    post = far.post

    def hear(path: str, body: Any) -> Any:
        answer = post(path, body)
        if far.told:
            told.set()
        return answer

    far.post = hear  # type: ignore[method-assign]
    dialler = Dialler(district.node, HUB, far)  # type: ignore[arg-type]
    pushing = threading.Thread(target=dialler._keep, args=(dialler.push,))
    pushing.start()
    try:
        dialler.nudge()  # of something else
        keep(district, a_letter(district, 1, node=HERE))
        dialler.nudge()
        assert told.wait(60)
    finally:
        dialler.stop()
        pushing.join(60)
    assert ids(far.told) == [1]
