"""What the study pages show, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from node.domain.delivery import DeliveryState, ItemState
from node.domain.person_name import fold_name
from node.domain.study import Arrival, InstanceHeader, Via
from node.domain.timeline import Hop, TimelineEntry
from node.ledger import deliveries, operator, reads, report_objects, studies, timeline
from node.ledger import schema as tables
from node.ledger._stage_table import STAGE_OF_DELIVERY, STAGES, stage
from node.ledger.changes import ChangeMarks, change_marks
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CT, SR, PDF = "1.2.840.10008.5.1.4.1.1.2", report_objects.SR_CLASSES[1], report_objects.PDF_CLASS
HEADER = InstanceHeader(
    "1.2.3.1.1", CT, "1.2.840.10008.1.2.1", "1.2.3", "1.2.3.1", "a" * 64, 1000, modality="CT", rows=8, columns=8,
    patient_id="P-1", patient_name="Nguyễn^Thị Đào", accession_number="ACC_1", study_date="20260301",
)  # fmt: skip


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def add(
    ledger: SqlLedger,
    via: Via = Via.DIMSE,
    at: datetime = NOW,
    shadow: bool = False,
    packed: bytes = b"x",
    **values: Any,
) -> None:
    header = replace(HEADER, **values)
    if "digest" not in values:
        header = replace(header, digest=f"{abs(hash((header.sop_instance_uid, via))):064x}"[-64:])
    key = fold_name(header.patient_name)
    with ledger.begin() as tx:
        arrival = Arrival(via, at, facility="DEMO-DH")
        studies.add_instance(tx, header, arrival, name_key=key, shadow=shadow, packed=packed)
        studies.summarise(tx, header.study_instance_uid)


def note(ledger: SqlLedger, *hops: Hop, node: str = "DEMO-DH") -> None:
    with ledger.begin() as tx:
        for number, hop in enumerate(hops):
            at = NOW + timedelta(seconds=number)
            timeline.record(tx, TimelineEntry("1.2.3", node, hop, at, key=str(number)))


def deliver(ledger: SqlLedger, state: DeliveryState, items: list[ItemState], error: str = "") -> int:
    with ledger.begin() as tx:
        delivery = deliveries.ensure(
            tx, study_uid="1.2.3", route="up", destination="hub", plan={}, priority=2, outward_uid="2.25.9", now=NOW
        )
        ids = [row.id for row in studies.current_instances(tx, "1.2.3", [Via.DIMSE])]
        deliveries.add_items(tx, delivery, ids)
        for instance, item in zip(ids, items, strict=True):
            reason = "Burned in." if item == ItemState.HELD else ""
            deliveries.set_item(tx, delivery, instance, item, reason=reason)
        deliveries.update_delivery(tx, delivery, NOW, state=state.value, last_error=error)
    return delivery


def shown(ledger: SqlLedger) -> dict[str, Any]:
    with ledger.read() as tx:
        found = reads.find_study(tx, "1.2.3", nodes={"hub"})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("state", "hops", "sent", "expected"),
    [
        ("receiving", [], [], "receiving"),
        ("complete", [], [], "stored"),
        ("held", [], [], "held"),
        ("complete", [], [("waiting", True)], "queued"),
        ("receiving", [], [("sending", True)], "sending"),
        ("complete", [], [("delivered", True)], "sending"),
        ("complete", [], [("delivered", False)], "arrived"),
        ("complete", [], [("verified", True)], "arrived"),
        ("complete", [], [("held", True)], "held"),
        ("complete", [], [("refused", True), ("verified", True)], "arrived"),
        ("complete", [Hop.SENDING, Hop.VERIFIED, Hop.READY], [("verified", True)], "waiting-to-be-read"),
        ("complete", [Hop.READY, Hop.CLAIMED], [], "reading"),
        ("complete", [Hop.READY, Hop.CLAIMED, Hop.DRAFTED], [], "reading"),
        ("complete", [Hop.READY, Hop.CLAIMED, Hop.RELEASED], [], "waiting-to-be-read"),
        ("complete", [Hop.READY, Hop.CLAIMED, Hop.SIGNED, Hop.REPORT_SENT], [], "signed"),
        ("complete", [Hop.SIGNED, Hop.REPORT_RECEIVED, Hop.REPORT_REIDENTIFIED], [], "report-arrived"),
        ("receiving", [Hop.SIGNED, Hop.REPORT_REIDENTIFIED, Hop.REPORT_DELIVERED], [], "report-delivered"),
    ],
)
def test_the_stage_is_the_furthest_that_was_reached(
    state: str, hops: list[Hop], sent: list[tuple[str, bool]], expected: str
) -> None:
    assert stage(state, hops, [(DeliveryState(s), confirms) for s, confirms in sent]) == expected


def test_every_state_of_a_delivery_has_a_stage() -> None:
    assert set(STAGE_OF_DELIVERY) == set(DeliveryState)
    assert set(STAGE_OF_DELIVERY.values()) <= set(STAGES)


def test_progress_counts_images_and_not_the_report(ledger: SqlLedger) -> None:
    for number in (1, 2, 3):
        add(ledger, sop_instance_uid=f"1.2.3.1.{number}")
    delivery = deliver(
        ledger, DeliveryState.SENDING, [ItemState.DELIVERED, ItemState.PREPARED, ItemState.HELD], "No line."
    )
    study = shown(ledger)
    assert study["progress"] == {"received": 3, "prepared": 2, "delivered": 1, "total": 3}
    assert (study["stage"], study["problem"]) == ("sending", "No line.")
    assert study["report"] == {"state": "none", "sop_instance_uid": None, "pdf_sop_instance_uid": None}
    (sent,) = study["deliveries"]
    assert sent["id"] == delivery
    assert sent["items"] == {"waiting": 0, "prepared": 1, "delivered": 1, "refused": 0, "held": 1}
    assert sent["problems"] == [{"reason": "Burned in.", "count": 1}]


def test_a_report_arrives_and_is_delivered(ledger: SqlLedger) -> None:
    add(ledger)
    deliver(ledger, DeliveryState.VERIFIED, [ItemState.DELIVERED])
    report = {"series_instance_uid": "1.2.3.9", "rows": 0}
    add(ledger, Via.HOME, sop_instance_uid="1.2.3.9.1", sop_class_uid=SR, modality="SR", **report)
    add(ledger, Via.HOME, sop_instance_uid="1.2.3.9.2", sop_class_uid=PDF, modality="SR", **report)
    note(ledger, Hop.SIGNED, Hop.REPORT_REIDENTIFIED)
    study = shown(ledger)
    assert study["report"] == {
        "state": "arrived",
        "sop_instance_uid": "1.2.3.9.1",
        "pdf_sop_instance_uid": "1.2.3.9.2",
    }
    assert study["progress"]["received"] == 1
    assert study["stage"] == "report-arrived"
    note(ledger, Hop.SIGNED, Hop.REPORT_REIDENTIFIED, Hop.REPORT_DELIVERED)
    assert shown(ledger)["report"]["state"] == "delivered"


FINAL, PRELIMINARY = ("VERIFIED", "FINAL"), ("UNVERIFIED", "PRELIMINARY")


def add_report(
    ledger: SqlLedger, via: Via, version: int, flags: tuple[str, str], day: str, *, sheet: bool = True
) -> str:
    """A report and its sheet; returns the UID of the report."""
    verification, preliminary = flags
    said = {
        "0040A493": verification,
        "0040A491": "COMPLETE",
        "0040A496": preliminary,
        "00080023": day,
        "00080033": "09",
    }
    packed = studies.pack({tag: {"vr": "CS", "Value": [value]} for tag, value in said.items()})
    series = f"1.2.3.{9 if via == Via.HOME else 8}"
    uid = f"{series}.{version}"
    about: dict[str, Any] = {"series_instance_uid": series, "modality": "SR", "rows": 0, "instance_number": version}
    if sheet:
        add(ledger, via, sop_instance_uid=f"{uid}.5", sop_class_uid=PDF, **about)
    add(ledger, via, packed=packed, sop_instance_uid=uid, sop_class_uid=SR, **about)
    return uid


@pytest.mark.parametrize("first", [Via.DESK, Via.HOME])
def test_where_both_hospitals_read_a_preliminary_report_does_not_hide_a_final_one(
    ledger: SqlLedger, first: Via
) -> None:
    add(ledger)
    versions = {Via.DESK: (1, FINAL, "20260302"), Via.HOME: (2, PRELIMINARY, "20260303")}
    made = {via: add_report(ledger, via, *versions[via]) for via in (first, *(versions.keys() - {first}))}
    assert shown(ledger)["report"] == {
        "state": "arrived",
        "sop_instance_uid": made[Via.DESK],
        "pdf_sop_instance_uid": f"{made[Via.DESK]}.5",
    }
    later = add_report(ledger, Via.HOME, 3, FINAL, "20260304")
    assert shown(ledger)["report"]["sop_instance_uid"] == later


def test_the_sheet_of_another_report_is_not_shown_beside_one(ledger: SqlLedger) -> None:
    add(ledger)
    add_report(ledger, Via.HOME, 1, PRELIMINARY, "20260302")
    final = add_report(ledger, Via.HOME, 2, FINAL, "20260303", sheet=False)
    report = shown(ledger)["report"]
    assert (report["sop_instance_uid"], report["pdf_sop_instance_uid"]) == (final, None)


def test_a_modalitys_own_structured_report_is_no_radiologists_report(ledger: SqlLedger) -> None:
    add(ledger)
    add(ledger, Via.DIMSE, sop_instance_uid="1.2.3.8.1", sop_class_uid=SR, modality="SR", series_instance_uid="1.2.3.8")
    assert shown(ledger)["report"]["state"] == "none"


def test_an_instance_that_is_held_shows_why(ledger: SqlLedger) -> None:
    add(ledger)
    deliver(ledger, DeliveryState.SENDING, [ItemState.HELD])
    assert shown(ledger)["problem"] == "Burned in."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dao", True),
        ("đào nguyễn", True),
        ("NGUYEN THI", True),
        ("P-1", True),
        ("acc_1", True),
        ("ACC%1", False),
        ("%", False),
        ("cường", False),
        ("' OR 1=1 --", False),
    ],
)
def test_studies_are_found_without_accents(ledger: SqlLedger, text: str, found: bool) -> None:
    add(ledger)
    with ledger.read() as tx:
        items, total = reads.list_studies(tx, limit=10, offset=0, text=text, name_words=fold_name(text).split())
    assert total == len(items) == int(found)


def test_the_timeline_is_in_the_order_of_time_over_both_nodes(ledger: SqlLedger) -> None:
    add(ledger)
    with ledger.begin() as tx:
        for node, hop, minute in (("TW", Hop.READY, 5), ("DH", Hop.FIRST_IMAGE, 0), ("DH", Hop.SENDING, 2)):
            timeline.record(tx, TimelineEntry("1.2.3", node, hop, NOW + timedelta(minutes=minute)))
    with ledger.read() as tx:
        items = reads.study_timeline(tx, "1.2.3")
    assert [(item["node"], item["hop"]) for item in items] == [
        ("DH", "first-image"),
        ("DH", "sending"),
        ("TW", "ready"),
    ]


def test_the_marks_change_with_what_the_pages_show(ledger: SqlLedger) -> None:
    def marks() -> ChangeMarks:
        with ledger.read() as tx:
            return change_marks(tx)

    empty = marks()
    assert marks() == empty
    add(ledger)
    received = marks()
    assert received.studies != empty.studies
    assert received.tasks == empty.tasks
    deliver(ledger, DeliveryState.SENDING, [ItemState.PREPARED])
    assert marks().studies != received.studies


def test_the_operator_sees_what_is_stuck(ledger: SqlLedger) -> None:
    add(ledger)
    deliver(ledger, DeliveryState.HELD, [ItemState.HELD], "Held.")
    with ledger.read() as tx:
        queue = operator.queue(tx)
        counts = operator.count_by_state(tx)
    assert [(d["state"], d["items"]["held"]) for d in queue["deliveries"]] == [("held", 1)]
    assert counts["deliveries"] == {"held": 1}
    assert "outward_uid" not in queue["deliveries"][0]


def test_a_page_of_thousands_of_studies_takes_a_fixed_number_of_queries(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        many = range(5000)
        base = {
            "state": "complete", "shadow": False, "priority": "routine", "patient_name": "Nguyễn^Văn", "modalities": "CT",
            "name_key": "nguyen van",
        }  # fmt: skip
        times = [NOW + timedelta(minutes=n) for n in many]
        tx.execute(
            insert(tables.studies),
            [{**base, "uid": f"9.{n}", "first_received_at": times[n], "last_received_at": times[n]} for n in many],
        )
        plan = {"route": "up", "destination": "hub", "plan": {}, "state": "verified", "priority": 2}
        tx.execute(
            insert(tables.deliveries),
            [{**plan, "study_uid": f"9.{n}", "created_at": NOW, "updated_at": NOW} for n in many],
        )
        hop = {"node": "DEMO", "hop": "verified", "at": NOW, "detail": {}}
        tx.execute(insert(tables.timeline), [{**hop, "study_uid": f"9.{n}"} for n in many])
    queries: list[str] = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    with ledger.read() as tx:
        reads.list_studies(tx, limit=1, offset=0)  # its transaction begins here
        queries.clear()
        reads.list_studies(tx, limit=1, offset=0)
        for_one = len(queries)
        queries.clear()
        items, total = reads.list_studies(tx, limit=100, offset=0)
    assert (len(items), total) == (100, 5000)
    assert items[0]["study_instance_uid"] == "9.4999"
    assert len(queries) == for_one <= 10
