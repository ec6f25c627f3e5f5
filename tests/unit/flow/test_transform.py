"""What travels: made from what was received, the pseudonyms committed with it, one bad object never in the way."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pydicom
import pytest

from node.dicom.vault import Vault
from node.domain.delivery import DeliveryState
from node.domain.route import Compression
from node.domain.timeline import Hop
from node.errors import LedgerBusy, StorageFull
from node.flow import transform as transform_module
from node.ledger.schema import pseudonyms
from tests.unit.flow.station import STUDY, UP, Station, an_object, numbered

Make = Callable[..., Station]


@pytest.fixture
def station(make_station: Make) -> Station:
    return make_station(UP)


def test_what_leaves_carries_no_identity_and_the_same_pixels(station: Station) -> None:
    station.receive(an_object(1))
    station.drain()
    ((_, study, (uid,)),) = station.sender.calls
    content = station.sender.contents[uid]
    for secret in (b"MAU-0001", "NGUYỄN".encode(), STUDY.encode()):
        assert secret not in content
    sent = pydicom.dcmread(io.BytesIO(content))
    assert (sent.StudyInstanceUID, sent.SOPInstanceUID) == (study, uid)
    original = pydicom.dcmread(io.BytesIO(an_object(1)))
    assert (sent.pixel_array == original.pixel_array).all()


def test_the_vault_rows_are_committed_with_the_prepared_items(station: Station) -> None:
    seen: list[tuple[int, bool]] = []

    def look() -> None:
        (row,) = station.rows(pseudonyms, pseudonyms.c.kind == "study")
        seen.append((len(station.rows(pseudonyms)), STUDY.encode() in row.sealed))

    station.sender.before = look
    station.receive(an_object(1))
    station.drain()
    assert seen == [(seen[0][0], False)]
    assert seen[0][0] >= 4  # study, series and instance by UID, and the study's identity
    uid = station.sender.sent[0]
    (row,) = station.rows(pseudonyms, pseudonyms.c.kind == "uid", pseudonyms.c.pseudonym == uid)
    assert Vault(station.node.vault_key).open("uid", uid, row.sealed).decode() == f"{STUDY}.1.1"


def test_when_the_settling_fails_neither_pseudonyms_nor_items_are_there_and_nothing_was_sent(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise LedgerBusy("The database did not answer in time.")

    station.receive(an_object(1))
    with monkeypatch.context() as patch:
        patch.setattr(transform_module, "note_prepared", busy)
        for _ in range(2):  # route, transform
            station.runner.step()
    assert station.rows(pseudonyms) == []
    assert station.item_states("hub") == ["waiting"]
    assert station.sender.calls == []
    station.let(2)
    assert station.item_states("hub") == ["delivered"]
    assert station.rows(pseudonyms) != []


def test_made_again_it_is_the_same_object(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = station.stages["transform"]
    station.receive(an_object(1))
    station.runner.step()
    made: list[list[str]] = []
    work = stage.work

    def twice(job: object, node: object) -> object:
        for _ in range(2):
            result = work(job, node)  # type: ignore[arg-type]
            made.append([m.derived.digest for m in result])
        return result

    monkeypatch.setattr(stage, "work", twice)
    station.drain()
    assert made[0] == made[1] != []


def test_an_object_that_shows_the_identity_is_held_and_the_others_travel(station: Station) -> None:
    station.receive(an_object(1), an_object(2, BurnedInAnnotation="YES"), an_object(3))
    station.drain()
    station.let(60)
    assert station.item_states("hub") == ["delivered", "held", "delivered"]
    assert station.items("hub")[1].reason
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    assert station.verifier.manifests[-1]["withheld"] == 1
    assert station.verifier.manifests[-1]["expected"] == 2
    assert station.count(Hop.HELD) == 1


def test_an_object_whose_bytes_are_lost_is_held_and_the_others_travel(station: Station) -> None:
    station.receive(*numbered(range(1, 4)))
    station.node.storage.path(station.instances()[1].digest).unlink()
    station.drain()
    station.let(60)
    assert station.item_states("hub") == ["delivered", "held", "delivered"]
    assert "storage" in station.items("hub")[1].reason
    assert station.jobs() == []


def test_a_study_of_which_nothing_may_travel_is_held(station: Station) -> None:
    station.receive(an_object(1, BurnedInAnnotation="YES"))
    station.drain()
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.HELD
    assert station.delivery("hub").last_error
    assert station.sender.calls == []
    assert station.jobs() == []


def test_a_full_disk_is_waited_for_and_leaves_nothing_behind(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    station.receive(*numbered(range(1, 4)))
    with monkeypatch.context() as patch:
        patch.setattr(station.node.storage, "adopt", full)
        for _ in range(2):
            station.runner.step()
        assert list(station.node.scratch.rglob("*.dcm")) == []
        (job,) = (j for j in station.jobs() if j.kind == "transform")
        assert (job.state, job.attempts) == ("open", 1)
    station.let(2)
    assert station.item_states("hub") == ["delivered"] * 3
    assert list(station.node.scratch.iterdir()) == []


def test_a_worker_that_fails_halfway_leaves_nothing_behind(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    from node.dicom.derive import derive as real

    def fail_at_the_second(path: str, scratch: str, **more: object) -> object:
        derived: object = real(path, scratch, **more)  # type: ignore[arg-type]
        if len(list(station.node.scratch.rglob("*.dcm"))) > 1:
            raise OSError(28, "No space left on device")
        return derived

    station.receive(*numbered(range(1, 4)))
    with monkeypatch.context() as patch:
        patch.setattr(transform_module, "derive", fail_at_the_second)
        for _ in range(2):
            station.runner.step()
    assert list(station.node.scratch.rglob("*.dcm")) == []
    station.let(2)
    assert station.item_states("hub") == ["delivered"] * 3


def test_a_study_that_is_only_compressed_keeps_its_uids(make_station: Make) -> None:
    from node.domain.route import Identity

    station = make_station(replace(UP, identity=Identity.KEEP, compression=Compression.JPEG_LS))
    station.receive(an_object(1))
    station.drain()
    assert station.sender.calls == [("hub", STUDY, [f"{STUDY}.1.1"])]
    assert station.delivery("hub").outward_uid == STUDY
    assert station.rows(pseudonyms) == []
