"""One real node that reads what it is sent: a reading desk with people, for tests that kill it and start it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from pydicom.dataset import Dataset

from node.demo.network import hub_registry
from node.ledger import registry, users
from node.ledger.desk_tables import reader_profiles
from tests.flow.lone_node import LoneNode
from tests.flow.loop import wait_for
from tests.flow.nursery import Nursery
from tests.wire.conftest import an_image

PASSWORD = "mat-khau-dung-123"
PEOPLE = {
    "anh": ("BS. Trần Thị Hồng Ánh", "radiologist", "senior", "004512/TNG-GPHN"),
    "duc": ("BS. Lê Quang Đức", "radiologist", "trainee", "007731/TNG-GPHN"),
    "ktv": ("KTV. Nguyễn Văn Bình", "radiographer", "", ""),
}


class DeskNode(LoneNode):
    """A lone node with three people, whose studies all go to the worklist."""

    def __init__(self, folder: Path, nursery: Nursery | None = None, **settings: dict[str, Any]) -> None:
        settings.setdefault("workers", {"processes": 1, "threads": 2})
        settings.setdefault("storage", {"min_free_mb": 64})
        settings.setdefault("node", {})["organization"] = "Bệnh viện Trung ương Thái Nguyên"
        super().__init__(folder, nursery, **settings)
        self._taken = 0
        now = datetime.now(UTC)
        with self.ledger.begin() as tx:
            registry.apply(tx, _registry(), "test", now)
            for username, (name, role, seniority, licence) in PEOPLE.items():
                users.create_user(tx, username, name, role, PASSWORD, "vi", now)
                if seniority:
                    values = {"licence_number": licence, "seniority": seniority, "updated_at": now}
                    lists: dict[str, list[str]] = {"modalities": [], "specialities": [], "on_call": []}
                    tx.execute(reader_profiles.insert().values(username=username, **values, **lists))

    def api(self, username: str) -> httpx.Client:
        """A client that is logged in by a bearer token."""
        answer = httpx.post(f"{self.url}/api/tokens", json={"username": username, "password": PASSWORD}, timeout=30)
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['token']}", "Accept-Language": "vi"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    @cached_property
    def reader(self) -> httpx.Client:
        """One login for all questions, also after the node was killed: tokens live in the ledger."""
        return self.api("anh")

    def take(self, files: Sequence[bytes]) -> None:
        """Stores objects by STOW-RS."""
        boundary = "tests"
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(head + file + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        with self.api("anh") as api:
            answer = api.post(
                "/dicom-web/studies",
                content=body,
                headers={"Content-Type": kind, "Accept": "application/dicom+json"},
            )
            assert answer.status_code in (200, 202), answer.text
        self._taken += len(files)

    def wait_tasks(self, count: int = 1) -> list[dict[str, Any]]:
        """The tasks of the worklist, once so many are ready and all images that were taken are there."""

        def found() -> list[dict[str, Any]]:
            with self.api("anh") as api:
                items = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
            whole = sum(item["instances_received"] for item in items) >= self._taken
            return items if whole and sum(item["state"] == "ready" for item in items) >= count else []

        return list(wait_for(found, 60, f"{count} studies on the worklist"))


def a_study(number: int = 1, images: int = 2, **changes: Any) -> list[bytes]:
    """A small CT study as files."""
    uid = f"2.25.9{number}"
    common = {
        "StudyInstanceUID": uid,
        "SeriesInstanceUID": f"{uid}.1",
        "StudyDate": "20261120",
        "StudyDescription": "CT sọ não không tiêm",
        "BodyPartExamined": "HEAD",
        "PixelSpacing": [0.5, 0.5],
    }
    return [file_of(an_image(n, SOPInstanceUID=f"{uid}.1.{n}", **(common | changes))) for n in range(1, images + 1)]


def file_of(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _registry() -> dict[str, Any]:
    document = hub_registry(district_token_sha256="0" * 64, quiet_seconds=0.3)
    read = next(route for route in document["routes"] if route["code"] == "read")
    facility = {"code": "LONE", "name": "Bệnh viện Trung ương Thái Nguyên", "tier": "district"}
    return {
        "tiers": [{"code": "district", "rank": 1, "name": "Tuyến huyện"}],
        "facilities": [facility],
        "accept_unknown_callers": True,
        "routes": [read],
    }
