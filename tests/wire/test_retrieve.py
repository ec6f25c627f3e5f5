"""C-MOVE and C-GET: what is sent, counted, refused and written down. pynetdicom and DCMTK ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pynetdicom import AE
from sqlalchemy import update

from node.dicom.dataset import dataset_digest
from node.ledger.schema import studies
from tests import services
from tests.images import smooth
from tests.steady import steady
from tests.unit.flow.station import STUDY, an_object, numbered
from tests.wire.conftest import AE_TITLE, ListeningNode, Pacs
from tests.wire.house import (
    CT,
    EXPLICIT,
    HTJ2K,
    IMPLICIT,
    JPEG_LS,
    PATIENT_GET,
    PATIENT_MOVE,
    PLAIN,
    SECONDARY,
    STUDY_GET,
    STUDY_MOVE,
    THE_STUDY,
    Answers,
    House,
    Taker,
    a_house,
    a_taker,
    an_identifier,
    counts,
    failed,
    gotten,
    moved,
    uids,
    uids_in,
)

StartPacs = Callable[..., Pacs]


@pytest.fixture
def house(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, tmp_path: Path) -> Iterator[House]:
    with a_house(start_node, migrated_sqlite, tmp_path) as made:
        yield made


def an_image_of(size: int, number: int) -> bytes:
    """An image that is worth compressing."""
    pixels = smooth(size, size)
    return an_object(number, Rows=size, Columns=size, PixelData=pixels.tobytes())


def test_a_study_moves_to_a_registered_peer_as_stored(house: House, start_pacs: StartPacs) -> None:
    pacs = start_pacs("--bit-preserving")
    house.know(pacs.port)
    house.station.receive(*numbered(range(1, 8)))
    done = house.movescu("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}")
    assert done.returncode == 0, done.stderr
    assert sorted(map(dataset_digest, pacs.files)) == sorted(row.digest for row in house.station.instances())


def test_who_was_sent_what_is_in_the_audit(house: House) -> None:
    house.station.receive(*numbered(range(1, 4)))
    with a_taker() as taker:
        house.know(taker.port)
        taker.answers = {2: 0xC123}
        moved(house, THE_STUDY)
    about = {"operation": "C-MOVE", "destination": "ws"}
    assert house.audit() == [
        ("ct1", "retrieve-begun", STUDY, about | {"instances": 3}),
        ("ct1", "retrieve-ended", STUDY, about | {"instances": 2}),
    ]


def test_who_gets_objects_is_in_the_audit(house: House) -> None:
    house.station.receive(*numbered(range(1, 3)))
    gotten(house, THE_STUDY, PLAIN)
    about = {"operation": "C-GET", "destination": "ct1", "instances": 2}
    assert house.audit() == [("ct1", "retrieve-begun", STUDY, about), ("ct1", "retrieve-ended", STUDY, about)]


def test_the_peer_learns_who_asked_for_the_objects(house: House) -> None:
    house.station.receive(*numbered([1, 2]))
    with a_taker() as taker:
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert taker.originators == {("CT1", 77)}
    assert [counts(status) for status, _ in answers] == [(0xFF00, 2, 0, 0, 0), (0, None, 2, 0, 0)]


def test_a_study_comes_to_who_gets_it(house: House, tmp_path: Path) -> None:
    house.station.receive(*numbered(range(1, 8)))
    done = house.getscu(tmp_path / "got", keys=("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}"))
    assert done.returncode == 0, done.stderr
    assert uids_in(tmp_path / "got") == uids(*range(1, 8))


# what is asked for

OTHER = "1.2.840.99999.2"


@pytest.fixture
def two_studies(house: House) -> House:
    """Two studies of one patient, one of another."""
    house.station.receive(*numbered([1, 2]), *numbered([1], study=OTHER))
    house.station.receive(an_object(3, SeriesInstanceUID=f"{STUDY}.2"))
    house.station.receive(an_object(1, study="1.2.840.99999.3", PatientID="MAU-0002"))
    return house


FOUND = [
    (PATIENT_GET, {"level": "PATIENT", "PatientID": "MAU-0001"}, [*uids(1, 2, 3), *uids(1, study=OTHER)]),
    (PATIENT_GET, {"level": "STUDY", "PatientID": "MAU-0001", "StudyInstanceUID": STUDY}, uids(1, 2, 3)),
    (PATIENT_GET, {"level": "STUDY", "PatientID": "MAU-0002", "StudyInstanceUID": STUDY}, []),
    (STUDY_GET, {"level": "STUDY", "StudyInstanceUID": [STUDY, OTHER]}, [*uids(1, 2, 3), *uids(1, study=OTHER)]),
    (STUDY_GET, {"level": "SERIES", "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.2"}, uids(3)),
    (STUDY_GET, {"level": "SERIES", "SeriesInstanceUID": [f"{STUDY}.2", f"{OTHER}.1"]}, [*uids(3), *uids(1, study=OTHER)]),
    (
        STUDY_GET,
        {"level": "IMAGE", "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": uids(1, 2, 3)},
        uids(1, 2),
    ),
    (PATIENT_GET, {"level": "IMAGE", "SOPInstanceUID": uids(2)}, uids(2)),
    (STUDY_GET, {"level": "STUDY", "StudyInstanceUID": "1.2.3"}, []),
]  # fmt: skip


def test_the_unique_keys_say_what_is_sent(two_studies: House) -> None:
    for model, keys, expected in FOUND:
        ds = an_identifier(keys["level"], **{k: v for k, v in keys.items() if k != "level"})
        taken, answers = gotten(two_studies, ds, PLAIN, model=model)
        assert sorted(one.SOPInstanceUID for one in taken) == sorted(expected), keys
        assert counts(answers[-1][0]) == (0, None, len(expected), 0, 0)


REFUSED = [
    (STUDY_MOVE, an_identifier("STUDY")),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID="")),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID="1.2.*")),
    (STUDY_MOVE, an_identifier("PATIENT", PatientID="MAU-0001")),
    (STUDY_MOVE, an_identifier("", StudyInstanceUID=STUDY)),
    (STUDY_MOVE, an_identifier("SERIES", StudyInstanceUID=STUDY)),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID=STUDY, SOPInstanceUID="1.2.3")),
    (STUDY_MOVE, an_identifier("IMAGE", SeriesInstanceUID=["1.2"] * 501, SOPInstanceUID="1.2.3")),
    (PATIENT_MOVE, an_identifier("PATIENT", PatientID="MAU*")),
    (PATIENT_MOVE, an_identifier("PATIENT", PatientID=["MAU-0001", "MAU-0002"])),
    ("1.2.840.10008.5.1.4.1.2.3.2", an_identifier("SERIES", SeriesInstanceUID="1.2.3")),
]


def test_an_identifier_that_does_not_fit_is_refused(house: House) -> None:
    house.know(1)
    for model, identifier in REFUSED:
        [(status, _)] = moved(house, identifier, model=model)
        assert status.Status == 0xA900, identifier
        assert 0 < len(status.ErrorComment) <= 64
    assert house.audit() == []


def test_shadows_and_what_was_replaced_are_never_sent(house: House) -> None:
    house.station.receive(*numbered([1, 2]), *numbered([1], study=OTHER))
    house.station.receive(an_object(2, SeriesDescription="sent again, changed"))
    with house.station.ledger.begin() as tx:
        tx.execute(update(studies).where(studies.c.uid == OTHER).values(shadow=True))
    wanted = an_identifier("STUDY", StudyInstanceUID=[STUDY, OTHER])
    taken, answers = gotten(house, wanted, PLAIN)
    assert sorted((ds.SOPInstanceUID, ds.get("SeriesDescription", "")) for ds in taken) == [
        (uids(1)[0], ""),
        (uids(2)[0], "sent again, changed"),
    ]
    assert counts(answers[-1][0]) == (0, None, 2, 0, 0)
    assert OTHER not in {subject for _, _, subject, _ in house.audit()}


def test_what_is_still_in_the_spool_is_not_waited_for(house: House) -> None:
    house.station.receive(*numbered([1]))
    house.station.put(*numbered([2]))
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1)
    assert counts(answers[-1][0]) == (0, None, 1, 0, 0)


# destinations


def test_an_unknown_destination_is_said_at_once(house: House) -> None:
    """CT1 is registered without an address."""
    house.station.receive(*numbered([1]))
    for title in ("NOBODY", "CT1"):
        [(status, _)] = moved(house, THE_STUDY, to=title)
        assert status.Status == 0xA801
    assert house.audit() == []


def test_a_destination_that_does_not_answer_fails_everything_at_once(house: House) -> None:
    house.know(services.free_port())
    house.station.receive(*numbered(range(1, 10)))
    answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xA702, None, 0, 9, 0)
    assert answers[-1][0].ErrorComment.startswith("No connection to ws")
    assert sorted(failed(answers)) == uids(*range(1, 10))


def test_a_destination_that_refuses_us_is_named(house: House) -> None:
    house.station.receive(*numbered([1]))
    with a_taker(classes=(CT,)) as taker:
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xA702, None, 0, 1, 0)
    assert answers[-1][0].ErrorComment == "No presentation context fits an object."


def test_what_the_destination_refuses_is_counted_and_named(house: House) -> None:
    house.station.receive(*numbered(range(1, 6)))
    with a_taker() as taker:
        taker.answers = {2: 0xA900, 3: 0xB007, 4: 0xC000}
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 2, 1)
    assert failed(answers) == uids(2, 4)


def test_a_line_that_breaks_costs_one_object(house: House) -> None:
    house.station.receive(*numbered(range(1, 6)))
    with a_taker() as taker:
        taker.answers = {2: None}
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xB000, None, 4, 1, 0)
    assert failed(answers) == uids(2)


def test_a_full_destination_is_not_sent_hundreds_of_objects(house: House) -> None:
    house.station.receive(*numbered(range(1, 31)))
    with a_taker() as taker:
        taker.answers = dict.fromkeys(range(2, 100), 0xA700)
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert len(taker.taken) < 10
    assert counts(answers[-1][0]) == (0xB000, None, 1, 29, 0)
    assert sorted(failed(answers)) == sorted(uids(*range(2, 31)))


def test_lost_bytes_are_a_failure_of_their_object_only(house: House) -> None:
    house.station.receive(*numbered([1, 2, 3]))
    house.station.node.storage.path(house.station.instances()[1].digest).unlink()
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1, 3)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 1, 0)
    assert failed(answers) == uids(2)


def test_the_caller_may_cancel(house: House) -> None:
    house.station.receive(*numbered(range(1, 10)))
    cancelled = threading.Event()
    with a_taker() as taker:
        taker.before = lambda: cancelled.wait(10)
        house.know(taker.port)
        ae = AE("CT1")
        ae.add_requested_context(STUDY_MOVE)
        assoc = steady(ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE))
        answers: Answers = []
        for answer in assoc.send_c_move(THE_STUDY, "WS", STUDY_MOVE, msg_id=9):
            answers.append(answer)
            if not cancelled.is_set():
                assoc.send_c_cancel(9, query_model=STUDY_MOVE)
                cancelled.set()
        assoc.release()
    code, remaining, completed, *others = counts(answers[-1][0])
    assert (code, others) == (0xFE00, [0, 0])
    assert remaining + completed == 9  # the cancel travels while the next object may be on its way
    assert 1 <= completed < 9
    assert house.audit()[-1][3]["instances"] == completed


def test_the_caller_may_cancel_between_the_objects_that_it_gets(house: House) -> None:
    house.station.receive(*numbered(range(1, 10)))
    taker = Taker()
    taker.with_event = lambda event: event.assoc.send_c_cancel(1, query_model=STUDY_GET)
    taken, answers = gotten(house, THE_STUDY, PLAIN, taker=taker)
    assert len(taken) == 1
    assert counts(answers[-1][0]) == (0xFE00, 8, 1, 0, 0)


def test_a_caller_that_leaves_is_not_sent_for_any_more(house: House) -> None:
    house.station.receive(*numbered(range(1, 10)))
    left = threading.Event()
    with a_taker() as taker:
        taker.before = lambda: left.wait(10)
        house.know(taker.port)
        ae = AE("CT1")
        ae.add_requested_context(STUDY_MOVE)
        assoc = steady(ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE))
        next(assoc.send_c_move(THE_STUDY, "WS", STUDY_MOVE))
        assoc.abort()
        left.set()
        house.node.wait_until_alone()
        assert len(taker.taken) == 1
    assert house.audit()[-1][1:] == (
        "retrieve-ended",
        STUDY,
        {"operation": "C-MOVE", "destination": "ws", "instances": 1},
    )


# transfer syntaxes


def test_a_class_without_a_context_is_a_failure_not_an_abort(house: House) -> None:
    house.station.receive(*numbered([1, 3]), an_object(2, SOPClassUID=CT))
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1, 3)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 1, 0)
    assert failed(answers) == uids(2)


def test_without_the_role_of_a_taker_nothing_is_sent(house: House) -> None:
    house.station.receive(*numbered([1]))
    ae = AE("CT1")
    ae.add_requested_context(STUDY_GET)
    ae.add_requested_context(SECONDARY)
    assoc = steady(ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE))
    answers = list(assoc.send_c_get(THE_STUDY, STUDY_GET))
    assoc.release()
    assert counts(answers[-1][0]) == (0xA702, None, 0, 1, 0)


def test_headers_come_without_pixels(house: House) -> None:
    house.station.receive(*numbered([1, 2, 3]))
    wanted = an_identifier("IMAGE", SOPInstanceUID=uids(1, 3))
    taken, answers = gotten(house, wanted, PLAIN, model="1.2.840.10008.5.1.4.1.2.5.3")
    assert counts(answers[-1][0]) == (0, None, 2, 0, 0)
    assert [(ds.SOPInstanceUID, ds.Rows, "PixelData" in ds) for ds in taken] == [(uid, 8, False) for uid in uids(1, 3)]


@pytest.mark.parametrize("syntax", [JPEG_LS, HTJ2K])
def test_who_takes_only_a_compressed_syntax_gets_it(house: House, syntax: str) -> None:
    house.station.receive(an_image_of(64, 1), an_image_of(64, 2))
    taken, answers = gotten(house, THE_STUDY, (SECONDARY, [syntax]))
    assert counts(answers[-1][0]) == (0, None, 2, 0, 0)
    assert {ds.file_meta.TransferSyntaxUID for ds in taken} == {syntax}


def test_an_uncompressed_syntax_is_agreed_on_where_there_is_a_choice(house: House) -> None:
    house.station.receive(*numbered([1]))
    taken, _ = gotten(house, THE_STUDY, (SECONDARY, ["1.2.840.10008.1.2.4.90", IMPLICIT, EXPLICIT]))
    assert [ds.file_meta.TransferSyntaxUID for ds in taken] == [EXPLICIT]
