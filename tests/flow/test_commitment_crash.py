"""A promise to report survives the node: it is killed after it has answered a storage commitment request."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.config import load_settings
from tests import services
from tests.flow.loop import wait_for
from tests.flow.nursery import Born, Nursery
from tests.peers.commitment import Modality, action, ask, send
from tests.peers.gateway import AE_TITLE, FACILITY, a_peer, apply_registry
from tests.peers.objects import CT_IMAGE, write_study


class KilledNode:
    """A node in a process of its own, and the one modality that it knows."""

    def __init__(self, folder: Path, reports: str, nursery: Nursery) -> None:
        self._nursery = nursery
        self.port, self.modality_port = services.free_port(), services.free_port()
        self.file = folder / "node.toml"
        self.file.write_text(
            f'[node]\ndirectory = "{folder}"\nfacility = "{FACILITY}"\n'
            f'[dicom]\nhost = "127.0.0.1"\nport = {self.port}\nae_title = "{AE_TITLE}"\n'
            f"[web]\nport = {services.free_port()}\n"
            "[storage]\nmin_free_mb = 0\n[workers]\nprocesses = 1\n",
            encoding="utf-8",
        )
        peer = a_peer("CT", self.modality_port, commitment_reports=reports)
        apply_registry(load_settings(self.file).ledger_url, [peer])
        self.process: Born | None = None

    def start(self, crash: str = "") -> None:
        self.process = self._nursery.start([str(self.file), crash], os.environ)
        wait_for(lambda: services.listens(self.port), 60, "the node listens")

    def wait_killed(self) -> None:
        process = self.process
        assert process is not None
        wait_for(lambda: process.poll() is not None, 60, "the node reaches its crash")
        assert process.returncode == -signal.SIGKILL


@pytest.fixture
def killed(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Iterator[KilledNode]:
    node = KilledNode(tmp_path, request.param, nursery)
    yield node
    if node.process is not None:
        services.stop(node.process)


@pytest.mark.parametrize("killed", ["either"], indirect=True)
def test_what_was_promised_on_an_association_that_died_with_the_node_is_reported_after_the_restart(
    killed: KilledNode, tmp_path: Path
) -> None:
    modality = Modality("CT")
    killed.start("commitment.before_tell")
    with modality.calls(killed.port) as assoc:
        sent = send(assoc, write_study(tmp_path / "study", "1.2.6.1"))
        assert ask(assoc, action("2.25.61", *sent)) == 0
        killed.wait_killed()
    assert modality.heard == []
    with modality.listens(killed.modality_port):
        killed.start()
        [(way, report)] = modality.wait()
    assert (way, report.transaction, report.kept) == ("new", "2.25.61", tuple(uid for _, uid in sent))
    assert report.failed == {}


@pytest.mark.parametrize("killed", ["new"], indirect=True)
def test_a_report_that_was_taken_when_the_node_died_has_the_same_effect_twice(killed: KilledNode) -> None:
    modality = Modality("CT")
    with modality.listens(killed.modality_port):
        killed.start("commit-report.after_work")
        with modality.calls(killed.port) as assoc:
            assert ask(assoc, action("2.25.62", (CT_IMAGE, "1.2.6.2.1"))) == 0
        killed.wait_killed()
        assert len(modality.heard) == 1
        killed.start()
        first, second = modality.wait(2)
    assert first == second
    assert first[1].failed == {"1.2.6.2.1": 0x0112}
