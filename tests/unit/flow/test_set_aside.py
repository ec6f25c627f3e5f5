"""Objects that came with different bytes, and files that were set aside, as the ledger lists them; on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from node.ledger import set_aside
from tests.unit.flow.station import STUDY, Station, an_object

Make = Callable[..., Station]


@pytest.fixture
def station(make_station: Make) -> Station:
    """Number 1 came three times with different bytes, number 2 twice, number 3 once."""
    made = make_station()
    for description in ("", "b", "c"):
        made.receive(an_object(1, SeriesDescription=description), an_object(3))
        made.clock.forward(1)
    made.receive(an_object(2), an_object(2, SeriesDescription="b"))
    return made


def test_conflicts_come_with_all_their_versions_the_newest_first(station: Station) -> None:
    with station.ledger.read() as tx:
        found, total = set_aside.conflicts(tx, 10)
    assert total == 2
    assert [(c["sop_instance_uid"], len(c["versions"])) for c in found] == [(f"{STUDY}.1.2", 2), (f"{STUDY}.1.1", 3)]
    for conflict in found:
        versions = conflict["versions"]
        assert [v["current"] for v in versions] == [True] + [False] * (len(versions) - 1)
        assert [v["id"] for v in versions] == sorted((v["id"] for v in versions), reverse=True)


def test_the_list_has_a_limit_and_says_how_many_there_are(station: Station) -> None:
    with station.ledger.read() as tx:
        found, total = set_aside.conflicts(tx, 1)
    assert ([c["sop_instance_uid"] for c in found], total) == ([f"{STUDY}.1.2"], 2)


def test_a_settled_conflict_leaves_one_current_version_and_keeps_all(station: Station) -> None:
    with station.ledger.begin() as tx:
        assert set_aside.conflict_count(tx, STUDY) == 2
        oldest = set_aside.conflicts(tx, 10)[0][1]["versions"][-1]["id"]
        chosen = set_aside.version(tx, oldest)
        assert chosen is not None
        set_aside.settle(tx, chosen)
    rows = [row for row in station.instances() if row.sop_instance_uid == f"{STUDY}.1.1"]
    assert [(row.id == oldest, row.current, row.conflict) for row in rows] == [
        (row.id == oldest, row.id == oldest, False) for row in rows
    ]
    assert len(rows) == 3
    with station.ledger.read() as tx:
        assert set_aside.conflict_count(tx, STUDY) == 1
    assert station.study().instances == 3


def test_a_conflict_with_another_study_takes_nothing_from_it_when_settled(make_station: Make) -> None:
    station = make_station()
    station.receive(an_object(1))
    station.receive(an_object(1, study=f"{STUDY}.7", SOPInstanceUID=f"{STUDY}.1.1"))
    with station.ledger.begin() as tx:
        ((conflict,), _) = set_aside.conflicts(tx, 10)
        for entry in conflict["versions"]:
            chosen = set_aside.version(tx, entry["id"])
            assert chosen is not None
            set_aside.settle(tx, chosen)
    assert [(row.current, row.conflict) for row in station.instances()] == [(True, False), (True, False)]


def test_the_list_of_files_follows_the_folder(station: Station) -> None:
    station.receive(an_object(5, SeriesInstanceUID=""), an_object(6, StudyInstanceUID=""))
    station.indexer.note_quarantine()
    with station.ledger.read() as tx:
        files, total = set_aside.files(tx, 10)
    assert (len(files), total) == (2, 2)
    station.spool.aside.discard(files[0]["name"])
    station.indexer.note_quarantine()
    with station.ledger.read() as tx:
        assert [row["name"] for row in set_aside.files(tx, 10)[0]] == [files[1]["name"]]
        assert set_aside.names(tx) == {files[1]["name"]}
