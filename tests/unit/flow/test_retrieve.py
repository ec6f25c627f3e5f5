"""What a retrieve is about, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import update

from node.domain.facility import Peer, PeerKind
from node.domain.query import Level
from node.domain.retrieval import Wanted
from node.errors import Invalid
from node.flow.retrieve import NodeArchive
from node.ledger.schema import audit, studies
from tests.unit.flow.station import HERE, STUDY, Station, an_object, numbered

MakeStation = Callable[..., Station]
CT, SECONDARY = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT = "1.2.840.10008.1.2.1"
OTHER = "1.2.840.99999.2"


def selected(station: Station, wanted: Wanted) -> list[str]:
    selection = NodeArchive(station.node).select(wanted)
    return [holding.sop_instance_uid for holding in selection.holdings(selection.kinds)]


def test_the_keys_of_every_level_narrow(make_station: MakeStation) -> None:
    station = make_station()
    station.receive(*numbered([1, 2]), *numbered([1], study=OTHER))
    station.receive(*numbered([1], study="1.2.840.99999.3", PatientID="MAU-0002"))
    one, two, other = f"{STUDY}.1.1", f"{STUDY}.1.2", f"{OTHER}.1.1"
    cases = [
        (Wanted(Level.PATIENT, "MAU-0001"), [one, two, other]),
        (Wanted(Level.PATIENT, "MAU-0001", "elsewhere"), []),
        (Wanted(Level.STUDY, studies=(STUDY, STUDY, OTHER)), [one, two, other]),
        (Wanted(Level.STUDY, "MAU-0002", studies=(STUDY,)), []),
        (Wanted(Level.SERIES, series=(f"{STUDY}.1", f"{OTHER}.1")), [one, two, other]),
        (Wanted(Level.SERIES, studies=(OTHER,), series=(f"{STUDY}.1",)), []),
        (Wanted(Level.IMAGE, instances=(two, other, "1.2.3")), [two, other]),
        (Wanted(Level.IMAGE, series=(f"{STUDY}.1",), instances=(two, other)), [two]),
    ]
    for wanted, expected in cases:
        assert selected(station, wanted) == expected, wanted


def test_objects_come_by_series_and_number(make_station: MakeStation) -> None:
    station = make_station()
    last = an_object(5, SeriesInstanceUID=f"{STUDY}.0", SeriesNumber=2)
    station.receive(last, *numbered([3, 1, 2], SeriesNumber=1), an_object(4, SeriesNumber=1, InstanceNumber=""))
    assert selected(station, Wanted(Level.STUDY, studies=(STUDY,))) == [f"{STUDY}.1.{n}" for n in (1, 2, 3, 4, 5)]


def test_more_uids_than_one_question_holds_are_found(make_station: MakeStation) -> None:
    station = make_station()
    station.receive(*numbered(range(1, 4)))
    uids = tuple(f"{STUDY}.1.{n}" for n in range(1200, 0, -1))
    assert len(selected(station, Wanted(Level.IMAGE, instances=uids))) == 3
    with pytest.raises(Invalid, match="More than 500"):
        selected(station, Wanted(Level.IMAGE, series=uids, instances=uids))


def test_shadows_and_objects_that_were_replaced_are_not_there(make_station: MakeStation) -> None:
    station = make_station()
    station.receive(*numbered([1]), *numbered([1], study=OTHER))
    station.receive(an_object(1, SeriesDescription="again"))
    with station.ledger.begin() as tx:
        tx.execute(update(studies).where(studies.c.uid == OTHER).values(shadow=True))
    assert len(selected(station, Wanted(Level.PATIENT, "MAU-0001"))) == 1
    assert selected(station, Wanted(Level.IMAGE, instances=(f"{OTHER}.1.1",))) == []


def test_kinds_and_studies_are_counted_and_chosen(make_station: MakeStation) -> None:
    station = make_station()
    station.receive(*numbered(range(1, 131)), an_object(131, SOPClassUID=CT), *numbered([1], study=OTHER))
    selection = NodeArchive(station.node).select(Wanted(Level.STUDY, studies=(STUDY, OTHER)))
    assert set(selection.kinds) == {(SECONDARY, EXPLICIT), (CT, EXPLICIT)}
    assert selection.studies == {STUDY: 131, OTHER: 1}
    [only] = selection.holdings([(CT, EXPLICIT)])
    assert (only.study_uid, only.sop_instance_uid) == (STUDY, f"{STUDY}.1.131")
    assert only.item is not None
    assert only.item.path.is_file()


def test_an_object_whose_bytes_are_lost_is_named(make_station: MakeStation) -> None:
    station = make_station()
    station.receive(*numbered([1]))
    station.node.storage.path(station.instances()[0].digest).unlink()
    selection = NodeArchive(station.node).select(Wanted(Level.STUDY, studies=(STUDY,)))
    [lost] = selection.holdings(selection.kinds)
    assert (lost.sop_instance_uid, lost.item) == (f"{STUDY}.1.1", None)


def test_only_peers_with_an_address_are_destinations(make_station: MakeStation) -> None:
    station = make_station()
    hub = Peer("n", PeerKind.NODE, HERE, ae_title="N", host="127.0.0.1", port=104)
    station.registry = replace(station.registry, peers=(*station.registry.peers, hub))
    archive = NodeArchive(station.node)
    found = archive.destination("PACS")
    assert found is not None
    assert found.code == "pacs"
    assert [archive.destination(title) for title in ("", "CT1", "N", "NOBODY")] == [None] * 4


def test_a_note_is_one_record_for_each_study(make_station: MakeStation) -> None:
    station = make_station()
    NodeArchive(station.node).note("ws", "retrieve-begun", {STUDY: {"instances": 2}, OTHER: {"instances": 1}})
    assert [(row.actor, row.kind, row.subject, row.detail) for row in station.rows(audit)] == [
        ("ws", "retrieve-begun", STUDY, {"instances": 2}),
        ("ws", "retrieve-begun", OTHER, {"instances": 1}),
    ]
