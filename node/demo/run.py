"""Runs the demonstration: two node processes, the origin's PACS and a modality, watched over by this process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from node.config import load_settings
from node.demo.modality import push
from node.demo.network import DISTRICT, DISTRICT_AE, HUB, HUB_AE, PACS_AE, district_registry, hub_registry
from node.dicom.network.store_scp import start_store_scp
from node.errors import Invalid
from node.exchange.address import check_link_url
from node.ledger import registry, users
from node.ledger.sql import open_ledger

QUIET_SECONDS = 5.0
_PEOPLE = {
    "radiographer": {DISTRICT: "KTV Định Hóa", HUB: "KTV Thái Nguyên"},
    "clinician": {DISTRICT: "BS. Điều trị Định Hóa", HUB: "BS. Điều trị Thái Nguyên"},
    "radiologist": {DISTRICT: "BS. CĐHA Định Hóa", HUB: "BS. CĐHA Thái Nguyên"},
    "admin": {DISTRICT: "Quản trị Định Hóa", HUB: "Quản trị Thái Nguyên"},
}


@dataclass(frozen=True, slots=True)
class Site:
    """One node of the demonstration."""

    name: str
    facility: str
    ae_title: str
    folder: Path
    web_port: int
    dicom_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the command line said."""

    folder: Path
    port_base: int
    data: Path | None = None
    modality: bool = True
    hub_address: str = ""
    quiet_seconds: float = QUIET_SECONDS

    @property
    def district(self) -> Site:
        return Site("district", DISTRICT, DISTRICT_AE, self.folder / "district", self.port_base, self.port_base + 1)

    @property
    def hub(self) -> Site:
        return Site("hub", HUB, HUB_AE, self.folder / "hub", self.port_base + 10, self.port_base + 11)

    @property
    def pacs_port(self) -> int:
        return self.port_base + 21


def run(demo: Demo) -> None:
    """Returns after Ctrl-C or SIGTERM. Raises `Invalid` with what to do when it cannot start."""
    if demo.data is not None and not demo.data.exists():
        raise Invalid(f"There is no folder {demo.data}.", hint="Give --data the folder with the DICOM files to push.")
    demo.folder.mkdir(parents=True, exist_ok=True)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    credentials = prepare(demo)
    with _pacs(demo), _nodes(demo, stopping):
        if stopping.is_set():
            return
        announce(demo, credentials)
        if demo.modality:
            push(demo.data, demo.folder / "modality", demo.district.dicom_port, DISTRICT_AE, stopping)
        while not stopping.wait(0.5):
            pass
        print("\nĐang dừng… / Stopping…", flush=True)


def prepare(demo: Demo) -> dict[str, Any]:
    """Settings files, registries and logins; everything that is there already is kept. Returns the credentials."""
    file = demo.folder / "credentials.json"
    credentials: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    token = _secret(demo.district.folder / "secrets" / "hub.token")
    hub_url = check_link_url(demo.hub_address or demo.hub.url)
    documents = {
        "district": district_registry(hub_url=hub_url, pacs_port=demo.pacs_port, quiet_seconds=demo.quiet_seconds),
        "hub": hub_registry(
            district_token_sha256=hashlib.sha256(token.encode()).hexdigest(), quiet_seconds=demo.quiet_seconds
        ),
    }
    for site in (demo.district, demo.hub):
        known = credentials.get(site.name, {}).get("users", {})
        _write_settings(site)
        credentials[site.name] = {"url": site.url, "users": _fill(site, documents[site.name], known)}
    _write_private(file, json.dumps(credentials, ensure_ascii=False, indent=2) + "\n")
    return credentials


def _fill(site: Site, document: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    ledger = open_ledger(load_settings(site.folder / "node.toml").ledger_url)
    ledger.migrate()
    people = {}
    now = datetime.now(UTC)
    with ledger.begin() as tx:
        registry.apply(tx, document, "demo", now)
        for role, names in _PEOPLE.items():
            person = known.get(role) or {"username": role, "password": secrets.token_hex(8)}
            people[role] = person
            if users.find_user(tx, person["username"]) is not None:
                if role not in known:  # killed before the passwords were written down
                    users.set_password(tx, person["username"], person["password"])
            else:
                users.create_user(
                    tx,
                    username=person["username"],
                    display_name=names[site.facility],
                    role=role,
                    password=person["password"],
                    language="vi",
                    now=now,
                )
    ledger.dispose()
    return people


def _write_settings(site: Site) -> None:
    site.folder.mkdir(parents=True, exist_ok=True)
    text = (
        f'[node]\nfacility = "{site.facility}"\ndirectory = "."\n\n'
        f"[storage]\nmin_free_mb = 256\n\n[workers]\nthreads = 4\n\n"
        f'[dicom]\nhost = "127.0.0.1"\nport = {site.dicom_port}\nae_title = "{site.ae_title}"\nany_called_ae = true\n\n'
        f'[web]\nhost = "127.0.0.1"\nport = {site.web_port}\n'
    )
    file = site.folder / "node.toml"
    if not file.exists():
        file.write_text(text)
    elif file.read_text() != text and load_settings(file).web.port != site.web_port:
        file.write_text(text)  # started with another --port-base


def _secret(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        _write_private(file, secrets.token_urlsafe(32) + "\n")
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
    temporary.replace(file)


@contextlib.contextmanager
def _pacs(demo: Demo) -> Iterator[None]:
    try:
        server = start_store_scp(demo.folder / "origin-pacs", host="127.0.0.1", port=demo.pacs_port, ae_title=PACS_AE)
    except OSError as error:
        raise Invalid(
            f"Port {demo.pacs_port} cannot be used ({error.strerror}).", hint="Choose other ports with --port-base."
        ) from error
    try:
        yield
    finally:
        server.shutdown()


@contextlib.contextmanager
def _nodes(demo: Demo, stopping: threading.Event) -> Iterator[None]:
    """Both nodes run while the block does; one that dies is started again."""
    keepers = [Keeper(site, stopping) for site in (demo.hub, demo.district)]
    try:
        for keeper in keepers:
            keeper.wait_ready()
        yield
    finally:
        stopping.set()
        for keeper in keepers:
            keeper.stop()


class Keeper:
    """Keeps one node process running."""

    def __init__(self, site: Site, stopping: threading.Event) -> None:
        self.site = site
        self._stopping = stopping
        self._process = self._spawn()
        self._thread = threading.Thread(target=self._watch, name=f"keep-{site.name}", daemon=True)
        self._thread.start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "node", "serve", "--config", str(self.site.folder / "node.toml")]
        environment = {**os.environ, "LIENTUYEN_PARENT": str(os.getpid())}
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            code = self._process.poll()
            if code is None:
                self._stopping.wait(0.2)
                continue
            print(f"! {self.site.name} đã dừng (mã {code}), khởi động lại / stopped, starting again", flush=True)
            if self._stopping.wait(1.0):
                return
            self._process = self._spawn()

    def wait_ready(self, seconds: float = 60.0) -> None:
        opener = build_opener(ProxyHandler({}))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            with contextlib.suppress(URLError, OSError):
                if opener.open(f"{self.site.url}/readyz", timeout=2).status == 200:
                    return
            if self._process.poll() is not None:
                raise Invalid(
                    f"The {self.site.name} node did not start.",
                    hint="The reason is printed above; if a port is taken, choose others with --port-base.",
                )
            time.sleep(0.1)
        if not self._stopping.is_set():
            raise Invalid(
                f"The {self.site.name} node does not answer on {self.site.url}.", hint="See its messages above."
            )

    def stop(self) -> None:
        self._thread.join(5)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def announce(demo: Demo, credentials: dict[str, Any]) -> None:
    """Prints addresses and logins."""
    lines = [
        "",
        "Liên Tuyến: bản trình diễn / demonstration (cả hai nút nhận mọi AE gọi đến / any calling AE is accepted)",
        "",
    ]
    for site, title in ((demo.district, "Tuyến huyện / district"), (demo.hub, "Tuyến trên / hub")):
        lines.append(f"  {title:<24} {site.url}   DICOM 127.0.0.1:{site.dicom_port}  AE {site.ae_title}")
        for role, person in credentials[site.name]["users"].items():
            lines.append(f"      {role:<14} {person['username']:<14} {person['password']}")
    lines += [
        f"  PACS nơi gửi / origin    127.0.0.1:{demo.pacs_port}  AE {PACS_AE}  → {demo.folder / 'origin-pacs'}",
        f"  Mật khẩu / passwords     {demo.folder / 'credentials.json'}",
        "  Dừng / stop              Ctrl-C",
        "",
    ]
    print("\n".join(lines), flush=True)
