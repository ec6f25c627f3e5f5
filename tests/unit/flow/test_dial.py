"""The dialling end of a link: what waits is fetched whole, receipted when durable; our record goes up, theirs comes down."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from node.dicom.dataset import read_header
from node.domain.delivery import DeliveryState
from node.domain.study import Via
from node.domain.timeline import Hop
from node.errors import PeerUnreachable, Retryable, StorageFull
from node.flow.dial import Dialler
from node.ledger import timeline as timeline_rows
from node.ledger.schema import timeline
from tests.unit.flow.station import HUB, STUDY, UP, Station, an_object

Make = Callable[..., Station]


class PlayedHub:
    """Answers as a hub does: an outbox, its objects, receipts, entries."""

    def __init__(self) -> None:
        self.outbox: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.cursor = 0
        self.objects: dict[str, bytes] = {}
        self.receipts: list[dict[str, str]] = []
        self.told: list[dict[str, Any]] = []
        self.away: Exception | None = None

    def offer(self, delivery: int, *contents: tuple[str, str, bytes]) -> None:
        items = [{"sop_instance_uid": uid, "digest": digest, "size": len(b)} for uid, digest, b in contents]
        self.outbox.append({"delivery": delivery, "study_instance_uid": STUDY, "items": items})
        self.objects |= {f"/exchange/outbox/{delivery}/{uid}": b for uid, _, b in contents}

    def get(self, path: str, **query: Any) -> Any:
        if self.away:
            raise self.away
        return {"deliveries": self.outbox, "entries": self.entries, "cursor": self.cursor}

    def download(self, path: str, write: Callable[[bytes], None]) -> None:
        content = self.objects[path]
        write(content[:100])
        if self.away:
            raise self.away
        write(content[100:])

    def post(self, path: str, body: Any) -> Any:
        if path == "/exchange/entries":
            assert len(body["entries"]) <= 1000
            self.told += json.loads(json.dumps(body["entries"]))
        else:
            self.receipts.append(body["items"])
        return {}


@pytest.fixture
def station(make_station: Make) -> Station:
    return make_station(UP)


@pytest.fixture
def hub() -> PlayedHub:
    return PlayedHub()


@pytest.fixture
def dialler(station: Station, hub: PlayedHub) -> Dialler:
    dialler = Dialler(station.node, HUB, hub)  # type: ignore[arg-type]
    dialler.stop()  # it never waits
    return dialler


def with_digest(station: Station, number: int) -> tuple[str, str, bytes]:
    content = an_object(number)
    file = station.folder / f"{number}.dcm"
    file.write_bytes(content)
    return f"{STUDY}.1.{number}", read_header(file).digest, content


def test_what_waits_is_in_the_spool_before_the_receipt_is_given(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    one, two = with_digest(station, 1), with_digest(station, 2)
    hub.offer(7, one, two)
    dialler.fetch()
    assert [r.path.read_bytes() for r in station.spool.waiting(9)] == [one[2], two[2]]
    assert {r.arrival.via for r in station.spool.waiting(9)} == {Via.LINK}
    assert {r.arrival.facility for r in station.spool.waiting(9)} == {HUB.facility}
    assert hub.receipts == [{one[0]: one[1], two[0]: two[1]}]


def test_a_line_that_breaks_within_an_object_leaves_no_part_of_it_and_no_receipt(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    hub.offer(7, with_digest(station, 1))
    real = hub.download

    def breaks(path: str, write: Callable[[bytes], None]) -> None:
        hub.away = PeerUnreachable("'hub' cannot be reached.")
        real(path, write)

    hub.download = breaks  # type: ignore[method-assign]
    with pytest.raises(PeerUnreachable):
        dialler.fetch()
    assert list(station.spool.incoming.iterdir()) == []
    assert hub.receipts == []


def test_an_object_that_arrives_damaged_is_not_taken_and_gets_no_receipt(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    uid, digest, content = with_digest(station, 1)
    hub.offer(7, (uid, digest, content[:-2] + b"\xff\xff"))
    with pytest.raises(Retryable, match="damaged"):
        dialler.fetch()
    assert list(station.spool.incoming.iterdir()) == []
    assert hub.receipts == []


def test_an_object_that_cannot_be_had_stops_neither_the_others_nor_the_record(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    (uid, digest, content), good = with_digest(station, 1), with_digest(station, 2)
    hub.offer(7, (uid, digest, content[:-2] + b"\xff\xff"), good)
    hub.offer(8, good)
    hub.cursor = 5
    with pytest.raises(Retryable, match="1 of the objects could not be fetched"):
        dialler.fetch()
    assert hub.receipts == [{good[0]: good[1]}] * 2
    with station.ledger.read() as tx:
        assert timeline_rows.get_cursor(tx, "entries-from:hub") == 5


def test_a_full_disk_gives_no_receipt(
    station: Station, hub: PlayedHub, dialler: Dialler, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.offer(7, with_digest(station, 1))
    with monkeypatch.context() as patch:
        patch.setattr(station.spool, "_min_free", 1 << 62)
        with pytest.raises(StorageFull):
            dialler.fetch()
    assert hub.receipts == []
    dialler.fetch()
    assert len(hub.receipts) == 1


def test_what_happened_to_our_study_there_is_on_its_record_here_once(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    station.receive(an_object(1))
    station.drain()
    outward = station.delivery("hub").outward_uid
    entry = {"hop": "ready", "at": station.clock.now().isoformat(), "instances": 1, "detail": {}, "key": ""}
    hub.entries = [{**entry, "study_instance_uid": outward}, {**entry, "study_instance_uid": "9.9.9"}]
    hub.cursor = 12
    for _ in range(2):
        dialler.fetch()
    rows = station.rows(timeline, timeline.c.node == HUB.facility)
    assert [(row.study_uid, row.hop) for row in rows] == [(STUDY, "ready")]
    with station.ledger.read() as tx:
        assert timeline_rows.get_cursor(tx, "entries-from:hub") == 12


def test_our_record_goes_up_under_the_name_that_the_study_has_there(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    station.receive(an_object(1))
    station.drain()
    dialler.push()
    outward = station.delivery("hub").outward_uid
    assert {e["study_instance_uid"] for e in hub.told} == {outward}
    assert STUDY not in json.dumps(hub.told)
    assert [e["hop"] for e in hub.told][:2] == [Hop.FIRST_IMAGE, Hop.ROUTED]
    told = len(hub.told)
    dialler.push()
    assert len(hub.told) == told


def test_what_happened_before_the_study_had_a_name_there_goes_up_later(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    station.receive(an_object(1))
    dialler.push()  # the record has its first entry, and nothing has travelled yet
    assert hub.told == []
    station.drain()
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    dialler.push()
    assert {e["hop"] for e in hub.told} >= {Hop.FIRST_IMAGE, Hop.COMPLETE, Hop.DELIVERED, Hop.VERIFIED}


def test_what_the_hub_dropped_because_it_did_not_know_the_study_yet_is_told_again_when_it_does(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    station.receive(an_object(1))
    station.drain()
    dialler.push()
    hub.told.clear()  # as if it had come before the first image
    station.let(60)
    dialler.push()
    assert {e["hop"] for e in hub.told} >= {Hop.FIRST_IMAGE, Hop.ROUTED, Hop.VERIFIED}


def test_a_long_record_goes_up_in_pieces(station: Station, hub: PlayedHub, dialler: Dialler) -> None:
    from node.domain.timeline import TimelineEntry

    station.receive(an_object(1))
    station.drain()
    now = station.clock.now()
    with station.ledger.begin() as tx:
        for n in range(2100):
            timeline_rows.record(tx, TimelineEntry(STUDY, station.node.facility, Hop.HELD, now, n, key=str(n)))
    for _ in range(10):
        dialler.push()
    assert len({e["key"] for e in hub.told if e["hop"] == "held"}) == 2100


def test_entries_about_studies_that_did_not_go_there_stay_here(
    station: Station, hub: PlayedHub, dialler: Dialler
) -> None:
    from tests.unit.flow.station import COPY, a_registry

    station.registry = a_registry(COPY)
    station.receive(an_object(1))
    station.drain()
    station.let(60)
    dialler.push()
    assert hub.told == []
