"""Orders and performed steps in the ledger, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from node.dicom.network.services.provider import Caller
from node.domain.facility import Peer, PeerKind
from node.domain.order import (
    Order,
    OrderEvent,
    OrderState,
    OrderText,
    PerformedSeries,
    PerformedState,
    PerformedStep,
    ScheduledReference,
)
from node.domain.query import Identifier, Key, Matching, make_key
from node.domain.route import Registry
from node.errors import Conflict, NotAllowed, NotFound
from node.ledger.order_tables import performed_steps, worklist_questions
from node.ledger.schema import audit
from node.ledger.sql import SqlLedger, open_ledger
from worklists.modality import desk, intake, reads, store, trace
from worklists.modality.desk import Desk
from worklists.modality.form import OrderInvalid, checked
from worklists.modality.services import WAITING, ModalityDesk

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HERE = Desk(NOW, "ktv")
LATER = Desk(NOW + timedelta(minutes=10), "ct1")
TEXT = OrderText(
    "Nguyễn Thị Đào", "BN-1", "CT", "20261122", "083000", stations=("CT1",), procedure_description="CT ngực"
)


class StandingClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def enter(ledger: SqlLedger, number: int = 1, **changes: Any) -> Order:
    with ledger.begin() as tx:
        text = replace(TEXT, **changes)
        return desk.enter(tx, HERE, text, order_id=f"{number:032x}", study_uid=f"2.25.{number}")


def state(ledger: SqlLedger, order: Order) -> OrderState:
    with ledger.begin() as tx:
        found = store.get_order(tx, order.id)
    assert found is not None
    return found.state


def step(uid: str = "2.25.50", study: str = "2.25.1", **changes: Any) -> PerformedStep:
    given: dict[str, Any] = {
        "state": PerformedState.IN_PROGRESS,
        "scheduled": (ScheduledReference(study_uid=study),),
        "patient_id": "BN-1",
    }
    return PerformedStep(uid, **given | changes)


def test_an_order_comes_back_as_it_was_entered(ledger: SqlLedger) -> None:
    form = {
        "patient_name": "Nguyễn Thị Đào", "patient_id": "BN-1", "modality": "CT", "stations": ["CT1", "CT 2"],
        "priority": "khẩn", "weight": "52,5", "pregnancy": "có thể", "allergies": "iod; latex", "reason": "a\nb",
    }  # fmt: skip
    with ledger.begin() as tx:
        entered = desk.enter(tx, HERE, checked(form, NOW), order_id="a" * 32, study_uid="2.25.1")
    with ledger.begin() as tx:
        assert store.get_order(tx, "a" * 32) == entered
    with ledger.read() as tx:
        (kind,) = tx.execute(select(audit.c.kind).where(audit.c.subject == "a" * 32)).scalars()
    assert kind == "order-entered"


def test_accession_numbers_count_within_the_local_day(ledger: SqlLedger) -> None:
    assert [enter(ledger, n).text.accession_number for n in (1, 2)] == ["2611220001", "2611220002"]
    enter(ledger, 3, accession_number="2611220003")
    assert enter(ledger, 4).text.accession_number == "2611220004"
    tomorrow = Desk(NOW + timedelta(hours=16), "ktv")  # in Hà Nội it is the 23rd already
    with ledger.begin() as tx:
        order = desk.enter(tx, tomorrow, TEXT, order_id="5" * 32, study_uid="2.25.5")
    assert order.text.accession_number == "2611230001"


def test_two_who_enter_at_once_get_two_numbers(ledger: SqlLedger) -> None:
    threads = [threading.Thread(target=enter, args=(ledger, n)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as tx:
        found, total = reads.list_orders(tx, reads.Filter(), limit=100, offset=0)
    assert (len({order["accession_number"] for order in found}), total) == (8, 8)


def test_a_number_and_a_study_belong_to_one_order(ledger: SqlLedger) -> None:
    enter(ledger, accession_number="X", study_uid="2.25.9")
    with pytest.raises(OrderInvalid) as caught:
        enter(ledger, 2, accession_number="X", study_uid="2.25.9")
    assert {(f.field, f.code) for f in caught.value.faults} == {("accession_number", "used"), ("study_uid", "used")}


def test_who_read_an_older_text_does_not_write_over_a_newer(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        changed = desk.change(tx, HERE, order.id, replace(order.text, reason="mới"), 1)
    assert (changed.revision, changed.text.reason) == (2, "mới")
    with pytest.raises(Conflict), ledger.begin() as tx:
        desk.change(tx, HERE, order.id, replace(order.text, reason="cũ"), 1)
    with ledger.begin() as tx:
        assert desk.change(tx, HERE, order.id, changed.text, 2).revision == 2  # nothing changed


def test_what_a_machine_has_begun_is_no_longer_corrected(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        desk.begin_step(tx, LATER, step())
    with pytest.raises(NotAllowed), ledger.begin() as tx:
        desk.change(tx, HERE, order.id, order.text, 1)
    with pytest.raises(NotFound), ledger.begin() as tx:
        desk.change(tx, HERE, "unknown", order.text, 1)


def test_a_step_is_kept_with_its_order_or_not_at_all(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        desk.begin_step(tx, LATER, step())
        tx.get_transaction().rollback()  # the power goes
    assert state(ledger, order) == OrderState.SCHEDULED
    with ledger.read() as tx:
        assert tx.execute(select(func.count()).select_from(performed_steps)).scalar_one() == 0


def test_a_step_is_begun_once_and_ended_once(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        assert [o.id for o in desk.begin_step(tx, LATER, step())] == [order.id]
    with pytest.raises(Conflict), ledger.begin() as tx:
        desk.begin_step(tx, LATER, step())
    series = (PerformedSeries("2.25.60", "Axial", "Ngực", ("2.25.61", "2.25.62")),)
    with ledger.begin() as tx:
        desk.change_step(tx, LATER, PerformedStep("2.25.50", None, series=series, description="CT ngực"))
    assert state(ledger, order) == OrderState.IN_PROGRESS
    with ledger.begin() as tx:
        done = desk.change_step(tx, LATER, PerformedStep("2.25.50", PerformedState.COMPLETED))
    assert (done.series, done.description, state(ledger, order)) == (series, "CT ngực", OrderState.COMPLETED)
    with pytest.raises(NotAllowed), ledger.begin() as tx:
        desk.change_step(tx, LATER, PerformedStep("2.25.50", PerformedState.COMPLETED))
    with pytest.raises(NotFound), ledger.begin() as tx:
        desk.change_step(tx, LATER, PerformedStep("2.25.51", PerformedState.COMPLETED))
    with ledger.read() as tx:
        (performed,) = (reads.show_order(tx, order.id) or {})["performed"]
    assert (performed["series"], performed["instances"], performed["peer"]) == (1, 2, "ct1")


SCANNER = Peer("ct1", PeerKind.DICOM, "ttyt", ae_title="CT1", host="10.0.0.7")
CONSOLE = replace(SCANNER, code="ct1-console", ae_title="CT1CON")
NOWHERE = replace(SCANNER, code="us1", host="")


@pytest.mark.parametrize(
    ("began", "ends", "may"),
    [
        (SCANNER, SCANNER, True),
        (SCANNER, CONSOLE, True),  # one machine with two entries
        (NOWHERE, CONSOLE, True),  # the registry does not say where it is: its facility is all that is known
        (CONSOLE, NOWHERE, False),
        (SCANNER, replace(CONSOLE, host="10.0.0.8"), False),
        (SCANNER, replace(CONSOLE, facility="bvt"), False),
        (NOWHERE, replace(CONSOLE, facility="bvt"), False),
        (replace(SCANNER, code="gone"), CONSOLE, False),  # the registry does not know it any more
        (SCANNER, None, False),
        (None, None, True),
        (None, SCANNER, False),
    ],
)
def test_a_step_is_ended_by_the_machine_that_began_it_and_no_other(
    ledger: SqlLedger, began: Peer | None, ends: Peer | None, may: bool
) -> None:
    order = enter(ledger)
    registry = Registry(1, peers=tuple(peer for peer in (SCANNER, NOWHERE, CONSOLE, ends) if peer))
    machine = ModalityDesk(ledger, StandingClock(), lambda: registry)
    machine.begin(Caller("CT1", "NODE", "10.0.0.7", began), step())
    over = PerformedStep("2.25.50", PerformedState.DISCONTINUED)
    if may:
        machine.change(Caller("CT1", "NODE", "10.0.0.7", ends), over)
        assert state(ledger, order) == OrderState.DISCONTINUED
        return
    with pytest.raises(NotFound):
        machine.change(Caller("CT1", "NODE", "10.0.0.7", ends), over)
    assert state(ledger, order) == OrderState.IN_PROGRESS
    with ledger.read() as tx:
        assert tx.execute(select(performed_steps.c.state)).scalar_one() == "in-progress"


def test_an_unknown_machine_does_not_pass_for_a_peer_by_its_title(ledger: SqlLedger) -> None:
    enter(ledger)
    machine = ModalityDesk(ledger, StandingClock(), lambda: Registry(1, peers=(SCANNER,)))
    machine.begin(Caller("CT1", "NODE", "10.0.0.7", SCANNER), step())
    with pytest.raises(NotFound):
        machine.change(Caller("ct1", "NODE", "10.0.0.9"), PerformedStep("2.25.50", PerformedState.COMPLETED))


def test_one_step_may_be_about_two_orders(ledger: SqlLedger) -> None:
    chest, head = enter(ledger, 1), enter(ledger, 2)
    both = (ScheduledReference(study_uid="2.25.1"), ScheduledReference(study_uid="2.25.2"))
    with ledger.begin() as tx:
        desk.begin_step(tx, LATER, step(scheduled=both))
        desk.change_step(tx, LATER, PerformedStep("2.25.50", PerformedState.COMPLETED))
    assert (state(ledger, chest), state(ledger, head)) == (OrderState.COMPLETED, OrderState.COMPLETED)


@pytest.mark.parametrize(
    ("reference", "patient", "linked"),
    [
        (ScheduledReference("2.25.1"), "BN-1", True),
        (ScheduledReference("2.25.1"), "BN-9", True),  # the node made that UID: it says which order
        (ScheduledReference("2.25.8", "ACC"), "BN-1", True),
        (ScheduledReference("2.25.8", "ACC"), "BN-9", False),
        (ScheduledReference("2.25.8", "ACC"), "", False),
        (ScheduledReference("2.25.8", "", "", "SPS"), "BN-1", True),
        (ScheduledReference("2.25.8", "OTHER"), "BN-1", False),
    ],
)
def test_a_step_finds_its_order_and_no_other_patients(
    ledger: SqlLedger, reference: ScheduledReference, patient: str, linked: bool
) -> None:
    order = enter(ledger, accession_number="ACC", step_id="SPS")
    with ledger.begin() as tx:
        desk.begin_step(tx, LATER, step(scheduled=(reference,), patient_id=patient))
    assert state(ledger, order) == (OrderState.IN_PROGRESS if linked else OrderState.SCHEDULED)


def test_a_person_acts_for_a_machine_that_does_not_report(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        assert desk.act(tx, HERE, order.id, OrderEvent.COMPLETE).state == OrderState.COMPLETED
    with pytest.raises(NotAllowed), ledger.begin() as tx:
        desk.act(tx, HERE, order.id, OrderEvent.CANCEL)
    cancelled = enter(ledger, 2)
    for _ in range(2):
        with ledger.begin() as tx:
            assert desk.act(tx, HERE, cancelled.id, OrderEvent.CANCEL).state == OrderState.CANCELLED


def test_of_a_file_the_good_rows_are_taken(ledger: SqlLedger) -> None:
    content = "Họ tên;Mã BN;Loại máy;Chỉ định\nA;1;CT;x\nB;;CT;x\nA;1;CT;x\nC;3;MR;y\n"
    found = intake.read_file(content.encode())
    numbers = iter(range(1, 99))

    def new_id() -> tuple[str, str]:
        number = next(numbers)
        return f"{number:032x}", f"2.25.{number}"

    with ledger.begin() as tx:
        rows = intake.take(tx, HERE, found, new_id)
    assert [(row.number, [(f.field, f.code) for f in row.faults]) for row in rows] == [
        (2, []),
        (3, [("patient_id", "missing")]),
        (4, [("", "duplicate")]),
        (5, []),
    ]
    with ledger.read() as tx:
        assert reads.list_orders(tx, reads.Filter(), limit=10, offset=0)[1] == 2


def ask(machine: ModalityDesk, caller: str = "CT1", **texts: str) -> int:
    keys = tuple(make_key(tag, keyword, vr, texts[keyword]) for keyword, (tag, vr) in KEYS.items() if keyword in texts)
    found = machine.ask(Caller(caller, "NODE", "127.0.0.1"), Identifier(keys))
    machine.told(found, answered=len(found.entries), ending="success", milliseconds=1.0)
    return len(found.entries)


KEYS = {"PatientName": (0x00100010, "PN"), "PatientID": (0x00100020, "LO"), "AccessionNumber": (0x00080050, "SH")}


def test_orders_are_found_by_what_identifies_a_patient(ledger: SqlLedger) -> None:
    enter(ledger)
    enter(ledger, 2, patient_name="Trần^Văn^Bình", patient_id="BN-2", accession_number="A_2%")
    machine = ModalityDesk(ledger, StandingClock())
    assert [ask(machine, PatientName=name) for name in ("dao", "DAO^NGUYEN THI", "Binh*", "tran van*", "*", "x*")] == [
        0, 1, 1, 1, 2, 0,
    ]  # fmt: skip
    assert [ask(machine, AccessionNumber=number) for number in ("A_2%", "A?2*", "a_2%", "A%")] == [1, 1, 0, 0]
    assert ask(machine, PatientID="BN-1\\BN-2") == 2


def test_a_corrected_name_is_found_and_the_old_one_is_not(ledger: SqlLedger) -> None:
    order = enter(ledger)
    with ledger.begin() as tx:
        desk.change(tx, HERE, order.id, replace(order.text, patient_name="Nguyễn Thị Hồng"), 1)
    machine = ModalityDesk(ledger, StandingClock())
    assert (ask(machine, PatientName="nguyen thi hong"), ask(machine, PatientName="nguyen thi dao")) == (1, 0)


def test_the_trace_keeps_the_last_questions_of_each_caller(ledger: SqlLedger) -> None:
    enter(ledger)
    machine = ModalityDesk(ledger, StandingClock())
    ask(machine, "MR1", PatientID="BN-1")
    for _ in range(trace.KEPT // WAITING + 2):
        for number in range(WAITING + 3):  # more at once than wait to be noted
            ask(machine, PatientID=f"BN-{number}")
        assert machine.write_notes() <= 2 * WAITING
    assert machine.write_notes() == 0
    with ledger.read() as tx:
        counts = dict(
            tx.execute(select(worklist_questions.c.caller, func.count()).group_by(worklist_questions.c.caller)).all()
        )
        assert counts == {"CT1": trace.KEPT, "MR1": 1}
        assert [row["caller"] for row in trace.recent(tx, "MR1")] == ["MR1"]
        assert {row["caller"]: row["questions"] for row in trace.callers(tx)} == counts


def test_why_orders_were_left_out_is_found_while_others_may_write(ledger: SqlLedger) -> None:
    enter(ledger)
    machine = ModalityDesk(ledger, StandingClock())
    for caller in ("CT1", "MR1"):
        ask(machine, caller, PatientID="BN-9")
    read: list[bool] = []

    def listen(connection: Any, *said: Any) -> None:
        if "FROM orders" in said[1]:
            read.append(bool(connection.get_execution_options().get("lientuyen_write")))

    event.listen(ledger.engine, "before_cursor_execute", listen)
    assert machine.write_notes() == 2
    assert read == [False]  # once, and not while the ledger is held for writing
    with ledger.read() as tx:
        assert [[why["because"] for why in row["left_out"]] for row in trace.recent(tx)] == [["PatientID"]] * 2


def test_what_was_written_lately_is_suggested_the_commonest_first(ledger: SqlLedger) -> None:
    enter(ledger, 1, procedure_description="CT bụng", location="Khoa Nội")
    for number in (2, 3):
        enter(ledger, number, referring_physician="BS. Lê Hà", location="Khoa Ngoại")
    with ledger.read() as tx:
        found = reads.suggestions(tx)
        known = reads.last_of_patient(tx, "BN-1")
    assert [row["description"] for row in found["procedures"]] == ["CT ngực", "CT bụng"]
    assert (found["physicians"], found["locations"]) == (["BS. Lê Hà"], ["Khoa Ngoại", "Khoa Nội"])
    assert known is not None
    assert known["patient_name"] == "Nguyễn Thị Đào"


def test_the_list_is_narrowed_and_turned_over(ledger: SqlLedger) -> None:
    enter(ledger, 1)
    enter(ledger, 2, patient_name="Đỗ Văn Bình", patient_id="BN_2", modality="MR", stations=(), scheduled_time="070000")
    cancelled = enter(ledger, 3, scheduled_date="20261123")
    with ledger.begin() as tx:
        desk.act(tx, HERE, cancelled.id, OrderEvent.CANCEL)

    def ids(**wanted: str) -> list[str]:
        with ledger.read() as tx:
            items, total = reads.list_orders(tx, reads.Filter(**wanted), limit=10, offset=0)
        assert total == len(items)
        return [str(int(item["id"], 16)) for item in items]

    assert ids() == ["2", "1"]
    assert ids(states="all") == ["2", "1", "3"]
    assert (ids(states="cancelled"), ids(states="completed")) == (["3"], [])
    assert (ids(modality="MR"), ids(station="CT1"), ids(station="CT2")) == (["2"], ["2", "1"], ["2"])
    assert (ids(text="do binh"), ids(text="BN_"), ids(text="BN%"), ids(text="261122")) == (["2"], ["2"], [], ["2", "1"])
    with ledger.read() as tx:
        page, total = reads.list_orders(tx, reads.Filter(states="all"), limit=1, offset=1)
    assert ([item["id"] for item in page], total) == ([f"{1:032x}"], 3)


def test_the_trace_does_not_keep_more_of_a_question_than_a_person_reads(ledger: SqlLedger) -> None:
    machine = ModalityDesk(ledger, StandingClock())
    caller = Caller("CT1", "NODE", "10.0.0.7")
    strange = tuple(make_key(tag, f"{tag:08X}", "LO", "x") for tag in range(0x00091000, 0x00091400))
    step = make_key(0x00080060, "Modality", "CS", "\\".join(f"CT{n}" for n in range(10_000)))
    nested = Key(0x00400100, "ScheduledProcedureStepSequence", "SQ", Matching.SEQUENCE, nested=(step,))
    machine.told(machine.ask(caller, Identifier((*strange, nested))), answered=0, ending="success", milliseconds=1.0)
    assert machine.write_notes() == 1
    with ledger.read() as tx:
        (kept,) = trace.recent(tx)
    assert len(kept["keys"][0]["value"]) == trace.LONGEST
    assert len(kept["ignored"]) == trace.MOST_IGNORED
