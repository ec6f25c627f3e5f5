"""The whole loop with real processes: a district, a hub and the origin's PACS in a temporary folder."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from node.demo.run import Demo, Site, prepare
from node.dicom.network.store_scp import start_store_scp
from tests.flow.nursery import Born, Nursery

HERE = Path(__file__).parent


def free_port_base() -> int:
    """The first of 24 ports in a row of which the five that the demonstration uses are free; nobody else is given them."""
    for base in range(20000 + os.getpid() * 24 % 8000, 60000, 24):
        mine = socket.socket()
        try:
            mine.bind(("127.0.0.1", base + 22))
            for offset in (0, 1, 10, 11, 21):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            mine.close()
            continue
        _taken.append(mine)
        return base
    raise AssertionError("no free ports")


_taken: list[socket.socket] = []  # one of each row, bound for as long as the tests run


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer of `condition`; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Loop:
    """Both nodes as processes of their own that can be killed and started again."""

    def __init__(
        self, folder: Path, *, quiet_seconds: float = 0.5, hub_address: str = "", nursery: Nursery | None = None
    ) -> None:
        """With a `nursery` the nodes are forked there, which saves the time of loading them."""
        self.demo = Demo(folder, free_port_base(), quiet_seconds=quiet_seconds, hub_address=hub_address)
        self.credentials = prepare(self.demo)
        self.pacs_folder = folder / "origin-pacs"
        self.pacs = start_store_scp(
            self.pacs_folder, host="127.0.0.1", port=self.demo.pacs_port, ae_title="PACS_DINHHOA"
        )
        self.processes: dict[str, subprocess.Popen[bytes] | Born] = {}
        self._nursery = nursery
        self.environments: dict[str, dict[str, str]] = {}  # by node: what its process gets on top of ours
        self.urls = {name: self.site(name).url for name in ("district", "hub")}
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nobody; made once, since loading authorities takes long
        self._tokens: dict[tuple[str, str], str] = {}  # by node and role: people log in once

    def site(self, name: str) -> Site:
        return self.demo.district if name == "district" else self.demo.hub

    def start_both(self, **crash: str) -> None:
        """Starts both nodes at once; `district="deliver.after_work"` makes that one kill itself there."""
        for name in ("hub", "district"):
            self._spawn(name, crash.get(name, ""))
        for name in ("hub", "district"):
            self.wait_ready(name)

    def start(self, name: str, *, crash: str = "") -> None:
        """Starts a node; with `crash` it kills itself with SIGKILL when it first reaches that boundary."""
        self._spawn(name, crash)
        if not crash:
            self.wait_ready(name)

    def _spawn(self, name: str, crash: str) -> None:
        arguments = [str(self.site(name).folder / "node.toml"), crash]
        environment = {
            **os.environ,
            "LIENTUYEN_WORKERS__PROCESSES": "1",
            "LIENTUYEN_PARENT": str(os.getpid()),
            **self.environments.get(name, {}),
        }
        if self._nursery is not None:
            self.processes[name] = self._nursery.start(arguments, environment)
            return
        command = [sys.executable, str(HERE / "crashing_node.py"), *arguments]
        self.processes[name] = subprocess.Popen(command, env=environment, cwd=HERE.parent.parent)

    def wait_ready(self, name: str) -> None:
        def ready() -> bool:
            try:
                return httpx.get(f"{self.urls[name]}/readyz", timeout=2, verify=self.trust).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(ready, 60, f"{name} is ready")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def wait_killed(self, name: str, seconds: float = 60) -> None:
        process = self.processes[name]
        wait_for(lambda: process.poll() is not None, seconds, f"{name} reaches its crash")
        assert process.returncode == -signal.SIGKILL, process.returncode

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.pacs.shutdown()

    def api(self, name: str, role: str) -> httpx.Client:
        """A client that is logged in by a bearer token."""
        url = self.urls[name]
        if (name, role) not in self._tokens:
            person = self.credentials[name]["users"][role]
            answer = httpx.post(f"{url}/api/tokens", json=person, timeout=30, verify=self.trust)
            self._tokens[name, role] = str(answer.raise_for_status().json()["token"])
        headers = {"Authorization": f"Bearer {self._tokens[name, role]}", "Accept-Language": "en"}
        return httpx.Client(base_url=url, headers=headers, timeout=30, verify=self.trust)

    def wait_task(
        self, state: str = "ready", seconds: float = 90, count: int = 1, images: int = 0
    ) -> list[dict[str, Any]]:
        """The hub's reading tasks, once `count` of them are in `state` and these have `images` in all. (A study of which the
        first images came long before the others is ready for a moment without them.)"""

        def found() -> list[dict[str, Any]]:
            try:
                with self.api("hub", "radiologist") as api:
                    items = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
            except httpx.HTTPError:
                return []
            there = [t for t in items if t["state"] == state]
            whole = sum(t["instances_received"] for t in there) >= images
            return items if len(there) >= count and whole else []

        return list(wait_for(found, seconds, f"{count} task(s) {state}"))

    def sign(self, task_id: str, **texts: Any) -> None:
        report = {
            "technique": "Chụp cắt lớp vi tính lồng ngực không tiêm.",
            "findings": "Không thấy tổn thương khu trú ở nhu mô phổi hai bên.",
            "conclusion": "Chưa thấy bất thường trên phim chụp ngực.",
            "recommendation": "Theo dõi lâm sàng.",
            "key_images": [],
            "language": "vi",
        } | texts
        with self.api("hub", "radiologist") as api:
            api.post(f"/api/reading/tasks/{task_id}/claim").raise_for_status()
            answer = api.put(f"/api/reading/tasks/{task_id}/report", json=report)
            assert answer.status_code == 200, answer.text
            seen = {"base_revision": answer.json()["report_revision"]}
            answer = api.post(f"/api/reading/tasks/{task_id}/sign", json=seen)
            assert answer.status_code == 200, answer.text

    def wait_reports(self, count: int = 1, seconds: float = 90) -> list[Path]:
        """The files in the origin's PACS once there are `count` structured reports and their PDFs."""

        def found() -> list[Path]:
            files = sorted(self.pacs_folder.rglob("*.dcm"))
            return files if len(files) >= 2 * count else []

        return list(wait_for(found, seconds, f"{count} report(s) in the origin's PACS"))
