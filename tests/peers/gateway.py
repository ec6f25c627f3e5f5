"""A whole node that runs in this process: its DICOM port, its registry, its ledger and its storage, and what to read there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Row, select

from node.assembly import NodeProcess
from node.config import load_settings
from node.ledger import registry, schema
from node.ledger.sql import open_ledger

AE_TITLE = "GATEWAY"
FACILITY = "bv"
ALL_SERVICES = ("store", "find", "retrieve", "worklist", "procedure-step", "commitment")
PATIENCE = 30.0  # seconds that something may take that the node does by itself
T = TypeVar("T")


@dataclass(frozen=True)
class Gateway:
    """A running node."""

    process: NodeProcess
    port: int

    def instances(self, study: str) -> list[Row[Any]]:
        """The current rows of a study's instances, in the order of their UIDs."""
        table = schema.instances
        wanted = select(table).where(table.c.study_uid == study, table.c.current).order_by(table.c.sop_instance_uid)
        with self.process.ledger.read() as tx:
            return list(tx.execute(wanted))

    def wait_instances(self, study: str, count: int, seconds: float = PATIENCE) -> list[Row[Any]]:
        """The same once there are `count` of them."""

        def found() -> list[Row[Any]] | None:
            rows = self.instances(study)
            return rows if len(rows) >= count else None

        return wait_for(found, f"{count} in {study}", seconds)

    def digests(self, study: str, count: int) -> list[str]:
        """The digests of the study's data sets as they came, once there are `count`."""
        return sorted(row.digest for row in self.wait_instances(study, count))

    def file(self, row: Row[Any]) -> Path:
        """The stored file of an instance."""
        return self.process.node.storage.path(row.digest)


def wait_for(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        threading.Event().wait(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def a_peer(ae_title: str, port: int = 0, services: tuple[str, ...] = ALL_SERVICES, **more: Any) -> dict[str, Any]:
    """A peer of the registry on loopback that may ask for all services."""
    given = {"code": ae_title.lower(), "kind": "dicom", "facility": FACILITY, "ae_title": ae_title}
    return given | {"host": "127.0.0.1", "port": port, "services": list(services)} | more


@contextmanager
def running_gateway(
    folder: Path, peers: list[dict[str, Any]], *, routes: Sequence[dict[str, Any]] = (), **settings: Any
) -> Iterator[Gateway]:
    """A node in `folder` that knows `peers`; `settings` change its parts, e.g. `dicom={"idle_seconds": 2}`."""
    parts: dict[str, Any] = {
        "node": {"directory": folder, "facility": FACILITY, "language": "en"},
        "storage": {"min_free_mb": 0},
        "workers": {"processes": 1, "threads": 2},
        "dicom": {"host": "127.0.0.1", "port": 0, "ae_title": AE_TITLE} | settings.pop("dicom", {}),
        "web": {"host": "127.0.0.1", "port": 0},
    }
    read = load_settings(None, **parts | settings)
    apply_registry(read.ledger_url, peers, routes)
    process = NodeProcess(read)
    process.start()
    try:
        yield Gateway(process, process.dicom.port)
    finally:
        process.stop()


def apply_registry(ledger_url: str, peers: list[dict[str, Any]], routes: Sequence[dict[str, Any]] = ()) -> None:
    """Makes `peers` the registry of the node with that ledger."""
    document = {
        "tiers": [{"code": "province", "rank": 1, "name": "Tuyến tỉnh"}],
        "facilities": [{"code": FACILITY, "name": "Bệnh viện thử", "tier": "province"}],
        "peers": peers,
        "routes": list(routes),
    }
    ledger = open_ledger(ledger_url)
    try:
        ledger.migrate()
        with ledger.begin() as tx:
            registry.apply(tx, document, "test", datetime.now(UTC))
    finally:
        ledger.dispose()
