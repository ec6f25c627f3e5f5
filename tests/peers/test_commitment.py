"""Storage commitment with pynetdicom and Orthanc, each as the one who asks and as the one who answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from node.domain.delivery import DeliveryState
from node.ledger import commitment_tables, schema
from tests import services
from tests.orthanc import OrthancServer
from tests.peers.commitment import Archive, Modality, action, ask, send
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway, wait_for
from tests.peers.objects import CT_IMAGE, write_study

ROUTES = ("kept", "loser", "caller", "orthanc")


def a_route(destination: str) -> dict[str, Any]:
    """Studies from the modality `TO_<destination>` go there."""
    return {
        "code": destination,
        "name": destination,
        "when": [{"field": "calling_ae", "any_of": [f"TO_{destination.upper()}"]}],
        "action": "forward",
        "to": [destination],
        "quiet_seconds": 2.0,
    }


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: services.free_port() for name in ("ct", "same", "kept", "loser", "caller")}


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int], orthanc_of_the_run: OrthancServer
) -> Iterator[Gateway]:
    peers = [
        a_peer("CT", ports["ct"]),
        a_peer("SAME", ports["same"], commitment_reports="same"),
        a_peer("NEW", ports["ct"], commitment_reports="new"),
        a_peer("NOWHERE"),
        a_peer("STORER", services=("store",)),
        *(a_peer(name.upper(), ports[name], ("store",), commitment=True) for name in ("kept", "loser", "caller")),
        a_peer("ORTHANC", orthanc_of_the_run.dicom_port, commitment=True),
        *(a_peer(f"TO_{name.upper()}") for name in ROUTES),
    ]
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder, peers, routes=[a_route(name) for name in ROUTES]) as running:
        yield running


def requests(gateway: Gateway, transaction: str) -> list[tuple[str, str]]:
    table = commitment_tables.commitment_requests
    with gateway.process.ledger.read() as tx:
        rows = tx.execute(select(table).where(table.c.transaction_uid == transaction))
        return [(row.state, row.last_error) for row in rows]


def wait_reported(gateway: Gateway, transaction: str) -> None:
    wait_for(lambda: requests(gateway, transaction) == [("reported", "")], "the request is reported")


def delivery_state(gateway: Gateway, study: str) -> str | None:
    with gateway.process.ledger.read() as tx:
        return tx.execute(select(schema.deliveries.c.state).where(schema.deliveries.c.study_uid == study)).scalar()


def wait_verified(gateway: Gateway, study: str) -> None:
    wait_for(lambda: delivery_state(gateway, study) == DeliveryState.VERIFIED, f"{study} is verified")


def test_a_modality_that_waits_is_told_on_its_own_association(gateway: Gateway, tmp_path: Path) -> None:
    modality = Modality("CT")
    with modality.calls(gateway.port) as assoc:
        sent = send(assoc, write_study(tmp_path, "1.2.3.1", 3))
        assert ask(assoc, action("2.25.11", *sent)) == 0
        [(way, report)] = modality.wait()
    assert (way, report.event_type, report.transaction) == ("same", 1, "2.25.11")
    assert report.kept == tuple(uid for _, uid in sent)
    assert (report.failed, report.retrieve_ae) == ({}, AE_TITLE)
    wait_reported(gateway, "2.25.11")


def test_what_is_not_here_and_what_is_here_under_another_class_are_named(gateway: Gateway, tmp_path: Path) -> None:
    modality = Modality("CT")
    with modality.calls(gateway.port) as assoc:
        [kept, other] = send(assoc, write_study(tmp_path, "1.2.3.2", 2))
        mr = "1.2.840.10008.5.1.4.1.1.4"
        assert ask(assoc, action("2.25.12", kept, (mr, other[1]), (CT_IMAGE, "1.2.3.2.2.99"))) == 0
        [(_, report)] = modality.wait()
    assert (report.event_type, report.kept) == (2, (kept[1],))
    assert report.failed == {other[1]: 0x0119, "1.2.3.2.2.99": 0x0112}


@pytest.fixture
def node_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that is about to leave has the time to, however busy this machine is."""
    monkeypatch.setattr("node.dicom.network.services.commitment._QUIET", 10.0)


@pytest.mark.usefixtures("node_waits")
def test_a_modality_that_leaves_is_called_back(gateway: Gateway, tmp_path: Path, ports: dict[str, int]) -> None:
    modality = Modality("CT")
    with modality.listens(ports["ct"]):
        with modality.calls(gateway.port) as assoc:
            sent = send(assoc, write_study(tmp_path, "1.2.3.3"))
            assert ask(assoc, action("2.25.13", *sent)) == 0
        [(way, report)] = modality.wait()
        wait_reported(gateway, "2.25.13")
    assert (way, report.event_type, report.kept) == ("new", 1, tuple(uid for _, uid in sent))


def test_a_modality_that_takes_reports_only_on_a_new_association_gets_them_there_although_it_stays(
    gateway: Gateway, ports: dict[str, int], tmp_path: Path
) -> None:
    modality = Modality("NEW")
    with modality.listens(ports["ct"], roles=False), modality.calls(gateway.port) as assoc:
        sent = send(assoc, write_study(tmp_path, "1.2.3.4", 1))
        assert ask(assoc, action("2.25.14", *sent)) == 0
        assert [way for way, _ in modality.wait()] == ["new"]
        wait_reported(gateway, "2.25.14")


def test_a_report_that_was_refused_on_the_same_association_goes_by_a_new_one(
    gateway: Gateway, ports: dict[str, int]
) -> None:
    modality = Modality("CT", answers=[0x0110])
    with modality.listens(ports["ct"]), modality.calls(gateway.port) as assoc:
        assert ask(assoc, action("2.25.15", (CT_IMAGE, "1.2.9"))) == 0
        assert [way for way, _ in modality.wait(2)] == ["same", "new"]
        wait_reported(gateway, "2.25.15")


def test_the_same_transaction_again_is_answered_and_reported_again(gateway: Gateway) -> None:
    modality = Modality("CT")
    with modality.calls(gateway.port) as assoc:
        for count in (1, 2):
            assert ask(assoc, action("2.25.16", (CT_IMAGE, "1.2.9"))) == 0
            modality.wait(count)
    assert [report.transaction for _, report in modality.heard] == ["2.25.16"] * 2
    wait_reported(gateway, "2.25.16")


@pytest.mark.parametrize(
    ("ds", "more", "status"),
    [
        (action("2.25.17"), {}, 0x0115),
        (action("", (CT_IMAGE, "1.2.9")), {}, 0x0115),
        (action("2.25.17", (CT_IMAGE, "")), {}, 0x0115),
        (action("2.25.17", (CT_IMAGE, "1.2.9")), {"action_type": 2}, 0x0123),
        (action("2.25.17", (CT_IMAGE, "1.2.9")), {"instance": "1.2.840.10008.1.20.1.2"}, 0x0112),
    ],
)
def test_a_request_that_is_none_is_refused_with_the_reason(
    gateway: Gateway, ds: Any, more: dict[str, Any], status: int
) -> None:
    modality = Modality("CT")
    with modality.calls(gateway.port) as assoc:
        assert ask(assoc, ds, **more) == status
    assert requests(gateway, "2.25.17") == []


def test_who_may_only_store_is_not_offered_it(gateway: Gateway) -> None:
    with Modality("STORER").calls(gateway.port) as assoc:
        assert [str(context.abstract_syntax) for context in assoc.accepted_contexts] == [CT_IMAGE]


def test_who_may_report_may_not_ask(gateway: Gateway) -> None:
    with Modality("KEPT").calls(gateway.port) as assoc:
        assert ask(assoc, action("2.25.18", (CT_IMAGE, "1.2.9"))) == 0x0124


def test_who_left_and_cannot_be_called_is_on_the_operators_list_until_it_asks_again(gateway: Gateway) -> None:
    modality = Modality("NOWHERE")
    with pytest.MonkeyPatch.context() as patch, modality.calls(gateway.port) as assoc:
        patch.setattr("node.dicom.network.services.commitment._QUIET", 10.0)  # it leaves at once, even when we are slow
        assert ask(assoc, action("2.25.19", (CT_IMAGE, "1.2.9"))) == 0
    held = wait_for(lambda: [found for found in requests(gateway, "2.25.19") if found[0] == "held"], "it is held")
    assert "has no address" in held[0][1]
    with modality.calls(gateway.port) as assoc:
        assert ask(assoc, action("2.25.19", (CT_IMAGE, "1.2.9"))) == 0
        modality.wait()
    wait_reported(gateway, "2.25.19")


def deliver(gateway: Gateway, destination: str, study: str, folder: Path, count: int = 2) -> list[str]:
    with Modality(f"TO_{destination.upper()}").calls(gateway.port) as assoc:
        return [uid for _, uid in send(assoc, write_study(folder, study, count))]


def test_an_archive_that_answers_at_once_verifies_the_delivery(
    gateway: Gateway, ports: dict[str, int], tmp_path: Path
) -> None:
    archive = Archive("KEPT")
    with archive.listens(ports["kept"]):
        sent = deliver(gateway, "kept", "1.2.4.1", tmp_path, 3)
        wait_verified(gateway, "1.2.4.1")
    assert (archive.asked, archive.stored) == ([sent], sent)


def test_an_archive_that_calls_back_verifies_the_delivery(
    gateway: Gateway, ports: dict[str, int], tmp_path: Path
) -> None:
    archive = Archive("CALLER", calls_back=gateway.port)
    with archive.listens(ports["caller"]):
        deliver(gateway, "caller", "1.2.4.2", tmp_path)
        wait_verified(gateway, "1.2.4.2")
        wait_for(lambda: archive.statuses == [0], "the archive is answered")


def test_what_an_archive_lost_is_sent_again(gateway: Gateway, ports: dict[str, int], tmp_path: Path) -> None:
    archive = Archive("LOSER", loses=["1.2.4.3.2.2"])
    with archive.listens(ports["loser"]):
        sent = deliver(gateway, "loser", "1.2.4.3", tmp_path, 3)
        wait_verified(gateway, "1.2.4.3")
    assert archive.asked == [sent, sent]
    assert archive.stored == [*sent, "1.2.4.3.2.2"]


def test_a_report_that_nobody_asked_for_is_refused(gateway: Gateway) -> None:
    archive = Archive("CALLER", calls_back=gateway.port)
    archive._call_back(action("2.25.999", (CT_IMAGE, "1.2.9")))
    assert archive.statuses == [0x0115]


def test_orthanc_asks_and_is_told(gateway: Gateway, orthanc: OrthancServer, tmp_path: Path) -> None:
    know(orthanc, gateway)
    files = write_study(tmp_path, "1.2.5.1")
    ids = [
        httpx.post(f"{orthanc.url}/instances", content=file.read_bytes(), timeout=30).raise_for_status().json()["ID"]
        for file in files
    ]
    httpx.post(f"{orthanc.url}/modalities/gateway/store", json=ids, timeout=30).raise_for_status()
    wanted = [[CT_IMAGE, "1.2.5.1.2.1"], [CT_IMAGE, "1.2.5.1.2.2"], [CT_IMAGE, "1.2.5.1.2.3"]]
    answer = httpx.post(
        f"{orthanc.url}/modalities/gateway/storage-commitment", json={"DicomInstances": wanted}, timeout=30
    )
    transaction = answer.raise_for_status().json()["ID"]

    def outcome() -> dict[str, Any] | None:
        found = httpx.get(f"{orthanc.url}/storage-commitment/{transaction}", timeout=30).raise_for_status().json()
        return found if found["Status"] != "Pending" else None

    found = wait_for(outcome, "Orthanc has the report")
    assert found["Status"] == "Failure"
    assert [item["SOPInstanceUID"] for item in found["Success"]] == ["1.2.5.1.2.1", "1.2.5.1.2.2"]
    assert [(item["SOPInstanceUID"], item["FailureReason"]) for item in found["Failures"]] == [("1.2.5.1.2.3", 274)]
    wait_reported(gateway, transaction)


def test_orthanc_answers_for_what_was_delivered_to_it(gateway: Gateway, orthanc: OrthancServer, tmp_path: Path) -> None:
    know(orthanc, gateway)
    deliver(gateway, "orthanc", "1.2.5.2", tmp_path, 3)
    wait_verified(gateway, "1.2.5.2")
    assert len(orthanc.instances()) == 3


def know(orthanc: OrthancServer, gateway: Gateway) -> None:
    modality = {"AET": AE_TITLE, "Host": services.HOST, "Port": gateway.port, "AllowStorageCommitment": True}
    httpx.put(f"{orthanc.url}/modalities/gateway", json=modality, timeout=30).raise_for_status()
