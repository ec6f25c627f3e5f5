"""Every malformed file that we have, sent to a whole node: by DCMTK where it reads them, and raw by a scripted peer.

None may stop it, hang it or vanish: each is indexed, or put aside with the reason in words, or refused. Good objects that come
between and after them are indexed as ever.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from node.dicom.network.upper_layer import ProposedContext, encode_release_request, parse_associate_accept
from node.dicom.part10 import layout
from node.errors import Unreadable
from node.ledger.schema import instances, quarantine
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway, wait_for
from tests.services import find_program
from tests.unit.flow.station import STUDY, an_object
from tests.web.world import World, ledger_of, make_world
from tests.wire.conftest import an_image, dcmtk
from tests.wire.script import ACCEPTED, CT, EXPLICIT, connected, fragments, request, status_of, store_request

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # it warns of what it forgives

SECONDS = 10.0  # that one file may take, on a busy machine too
STORED, PUT_ASIDE, MISMATCH = 0x0000, 0xC000, 0xA900
UID = re.compile(rb"[0-9.]{3,64}")
MODALITY = "MODALITY"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway"), [a_peer(MODALITY)]) as running:
        yield running


@pytest.fixture(scope="module")
def malformed(shared_data: Path) -> list[Path]:
    files = sorted(path for path in (shared_data / "malformed").rglob("*") if path.is_file())
    assert len(files) > 200
    return files


@pytest.fixture
def world(tmp_path: Path, migrated_sqlite: Path) -> Iterator[World]:
    file = tmp_path / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    made = make_world(tmp_path, f"sqlite:///{file}")
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()


def find_uid(content: bytes, element: bytes) -> str:
    """What follows the tag (0008,00xx) and looks like a UID, in any encoding; "" when nothing does."""
    at = content.find(b"\x08\x00" + element)
    found = UID.match(content, at + 8) if at >= 0 else None
    return found.group().decode() if found else ""


def lenient_scan(content: bytes) -> tuple[bytes, str, str, str]:
    """(data set, SOP class, SOP instance, transfer syntax); made-up ones where the file has none that can be proposed."""
    at, syntax = 0, EXPLICIT
    try:
        found = layout(BytesIO(content))
        at, syntax = found.offset, found.transfer_syntax_uid
    except Unreadable:  # where the first element of group 8 stands, else all of it
        at = max(0, content.find(b"\x08\x00"))
    body = content[at:]
    sop_class, instance = find_uid(body, b"\x16\x00"), find_uid(body, b"\x18\x00")
    if not sop_class.startswith("1.2.840.10008.5.1.4.1.1."):
        sop_class = CT
    return body, sop_class, instance or "2.25.1", syntax if UID.fullmatch(syntax.encode()) else EXPLICIT


def send_raw(port: int, path: Path) -> int:
    """Sends the bytes after the file meta as they are; returns the status."""
    body, sop_class, instance, syntax = lenient_scan(path.read_bytes())
    with connected(port) as peer:
        context = ProposedContext(1, sop_class, (syntax,))
        peer.send(request(context, called=AE_TITLE, calling=MODALITY))
        kind, answer = peer.read_pdu()
        assert kind == ACCEPTED
        assert parse_associate_accept(answer)[0] == {1: syntax}
        peer.send(store_request(instance, sop_class=sop_class) + fragments(body))
        status = status_of(peer)
        peer.send(encode_release_request())
        return status


def rows(gateway: Gateway) -> tuple[int, int]:
    """(instances kept, objects put aside)"""
    with gateway.process.ledger.read() as tx:
        kept, aside = (tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (instances, quarantine))
    return kept, aside


def settle(gateway: Gateway) -> None:
    """Returns when nothing waits for the index any more and all that was put aside is listed."""
    spool = gateway.process.indexer.spool
    wait_for(lambda: not spool.waiting(1) and rows(gateway)[1] == len(spool.aside.names()), "the index to be done")


def assert_healthy(gateway: Gateway, number: int, folder: Path) -> None:
    """The node answers, and a good study goes through to the ledger."""
    study = f"2.25.9000.{number}"
    path = folder / "good.dcm"
    an_image(number, StudyInstanceUID=study).save_as(path, enforce_file_format=True)
    port = str(gateway.port)
    assert dcmtk("echoscu", "-aet", MODALITY, "-aec", AE_TITLE, "127.0.0.1", port).returncode == 0
    assert dcmtk("storescu", "-aet", MODALITY, "-aec", AE_TITLE, "127.0.0.1", port, path).returncode == 0
    gateway.wait_instances(study, 1)


def say(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """DCMTK's program to its end; its words may be no text, for they quote the files."""
    command = [str(find_program(program, "dcmtk")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def test_every_malformed_file_sent_raw_is_kept_or_put_aside_or_refused(
    gateway: Gateway, malformed: list[Path], tmp_path: Path
) -> None:
    answers = {}
    for number, path in enumerate(malformed):
        began = time.monotonic()
        answers[path.name] = send_raw(gateway.port, path)
        assert time.monotonic() - began < SECONDS, path.name
        if number % 60 == 0:
            assert_healthy(gateway, 1 + number, tmp_path)
    assert set(answers.values()) <= {STORED, PUT_ASIDE, MISMATCH}, answers
    settle(gateway)
    totals = gateway.process.dicom.totals
    assert totals["put aside"] == sum(status == PUT_ASIDE for status in answers.values())
    assert_healthy(gateway, 1000, tmp_path)


def test_every_malformed_file_that_dcmtk_reads_is_answered(
    gateway: Gateway, malformed: list[Path], shared_data: Path, tmp_path: Path
) -> None:
    before = gateway.process.dicom.totals
    where = ("-aet", MODALITY, "-aec", AE_TITLE, "127.0.0.1", str(gateway.port))
    folder = shared_data / "malformed"
    sent = say("dcmsend", "-v", "-dn", "-nh", "-nuc", "+sd", "+r", *where, folder)
    assert sent.returncode in (0, 23, 43), sent.stderr[-2000:].decode(
        errors="replace"
    )  # some files were none, some were refused
    for path in malformed[::3]:  # storescu stops at the first file that it does not like: one call for each
        told = say("storescu", "-v", "-R", "-nh", *where, path)
        assert told.returncode >= 0, path.name  # not killed by a signal
    settle(gateway)
    totals = gateway.process.dicom.totals
    assert totals["stored"] - before.get("stored", 0) > 200
    assert_healthy(gateway, 2000, tmp_path)


def test_nothing_vanished_and_every_reason_is_in_words_without_values(gateway: Gateway, malformed: list[Path]) -> None:
    settle(gateway)
    with gateway.process.ledger.read() as tx:
        found = tx.execute(select(quarantine.c.reason, quarantine.c.calling_ae, quarantine.c.size)).all()
    assert found
    for reason, calling_ae, size in found:
        assert re.fullmatch(r"[A-Z][a-zA-Z ,;']+( \([A-Za-z]+\))?\.", reason), reason
        assert calling_ae == MODALITY
        assert size > 0
    spool = gateway.process.indexer.spool
    wait_for(lambda: gateway.process.dicom.connections == 0, "the associations end")  # a note goes with its association
    assert not list(spool.incoming.iterdir())
    assert not list(spool.arrivals.iterdir())
    assert len(list(spool.quarantine.glob("*.dcm"))) == len(found)


def test_the_files_that_are_well_formed_after_all_are_indexed(gateway: Gateway, malformed: list[Path]) -> None:
    """Every stored object has its bytes in the storage."""
    settle(gateway)
    with gateway.process.ledger.read() as tx:
        digests = tx.execute(select(instances.c.digest)).scalars().all()
    assert len(digests) > 100
    assert all(gateway.process.node.storage.exists(digest) for digest in digests)


def test_every_malformed_file_by_stow_is_kept_or_put_aside_or_refused(world: World, malformed: list[Path]) -> None:
    """One request holds all of them, a good one between and after them."""
    good = [an_object(number) for number in (1, 2)]
    parts = [good[0], *(path.read_bytes() for path in malformed), good[1]]
    boundary = "malformed-0a1b2c3d4e5f"
    body = b"".join(
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts
    )
    answer = world.client("quantri").post(
        "/dicom-web/studies",
        content=body + f"--{boundary}--\r\n".encode(),
        headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}'},
    )
    assert answer.status_code == 202
    stored, failed = (len(answer.json().get(tag, {}).get("Value", [])) for tag in ("00081199", "00081198"))
    assert stored > 100
    assert stored + failed == len(parts)
    world.index()
    world.indexer.note_quarantine()
    with world.node.ledger.read() as tx:
        kept = set(tx.execute(select(instances.c.sop_instance_uid)).scalars())
    assert {f"{STUDY}.1.1", f"{STUDY}.1.2"} <= kept
    assert not world.indexer.spool.waiting(1)
