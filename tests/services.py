"""Real servers for the tests on free ports of loopback, stopped when the tests end: PostgreSQL and Redis; Orthanc is in `orthanc`.

Nothing of the system's own servers is used or touched. A missing program is a failure that says what to install, not a
skip: `make test` installs all of them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds that a server may take to answer for the first time, and to stop
BEAT = 0.02  # seconds between two looks at a server that starts
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for HTTP without TLS: loading the system's authorities takes long
SYSTEM_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/snap/bin")


class ServiceError(Exception):
    """A server cannot be had; the message says what to do."""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now, and that nobody else is given while the tests run."""
    return next(_PORTS)


def _unused_ports() -> Iterator[int]:
    """Below those that the system gives to whoever calls; in rows, of which each process of the tests holds its own."""
    rows = range(10_000, 20_000, 100)
    first = os.getpid() % len(rows)
    for row in (*rows[first:], *rows[:first]):
        guard = socket.socket()
        try:
            guard.bind((HOST, row))
        except OSError:
            guard.close()
            continue
        _GUARDS.append(guard)
        yield from filter(_is_free, range(row + 1, row + 100))
    raise ServiceError("The tests find no free port between 10000 and 20000.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


_GUARDS: list[socket.socket] = []  # bound for as long as the tests run
_PORTS = _unused_ports()


def find_program(name: str, package: str, *folders: Path) -> Path:
    """The system's program `name`, looked for in `folders` first.

    The virtual environment comes last: pynetdicom and dicom3tools put programs there with the names of DCMTK's.
    Raises `ServiceError` naming the Debian package.
    """
    environment = Path(sys.prefix, "bin").resolve()
    path = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    others = [folder for folder in path if folder.resolve() != environment]
    for folder in (*folders, *map(Path, SYSTEM_FOLDERS), *others):
        if os.access(folder / name, os.X_OK) and (folder / name).is_file():
            return folder / name
    raise ServiceError(f"The tests need '{name}'. Install it with: make system (or: sudo apt-get install {package})")


def find_chromium() -> Path | None:
    """The system's Chromium; None: Playwright shall take its own."""
    for name in ("chromium", "google-chrome"):
        try:
            return find_program(name, "chromium")
        except ServiceError:
            continue
    return None


def wait_until_up(process: subprocess.Popen[bytes], log: Path, is_up: Callable[[], bool], what: str) -> None:
    """Waits until `is_up`; raises `ServiceError` with the end of the log when the process ends or is too slow."""
    for _ in range(int(PATIENCE / BEAT)):
        if is_up():
            return
        try:
            process.wait(timeout=BEAT)
            break
        except subprocess.TimeoutExpired:
            continue
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise ServiceError(f"{what} did not start (exit {process.poll()}). The end of its log:\n{end}")


class Stoppable(Protocol):
    """What `stop` needs of a process."""

    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


def stop(process: Stoppable, how: signal.Signals = signal.SIGTERM) -> None:
    """Ends a process of ours; kills it when it does not listen."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def background(
    command: Sequence[str | Path | int], log: Path, is_up: Callable[[], bool], what: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` beside the test, its words into `log`, from when `is_up` until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, cwd=log.parent)
    try:
        wait_until_up(process, log, is_up, what)
        yield process
    finally:
        stop(process)


def listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def is_bound(port: int) -> bool:
    """Whether somebody listens there, found out without calling: some servers take one caller and no more."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    lines += Path("/proc/net/tcp6").read_text(encoding="ascii").splitlines() if Path("/proc/net/tcp6").exists() else []
    return any(words[1].endswith(f":{port:04X}") and words[3] == "0A" for words in map(str.split, lines[1:]))


@contextmanager
def temporary_folder(name: str, owner: pwd.struct_passwd | None = None) -> Iterator[Path]:
    """A temporary folder that `owner` may reach, whatever the mode of pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix=f"lientuyen-{name}-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# PostgreSQL


@dataclass
class PostgresServer:
    """A server of this test run; every database is new."""

    port: int
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://lientuyen@{HOST}:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Makes a database from `template` and returns its name."""
        name = f"test_{next(self.numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Drops it, connections that were left open included."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def is_up(self) -> bool:
        try:
            self._execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host=HOST, port=self.port, user="lientuyen", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


# What a crash would lose does not matter here; the node's own crash tests kill the node, not the database.
POSTGRES_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "timezone": "Asia/Ho_Chi_Minh",  # not UTC, so that a time without a zone is found out
}


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; None: we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServiceError("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as.")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: int(f.parent.name.split(".")[0]), reverse=True
    )
    owner = _unprivileged()
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with temporary_folder("postgres", owner) as folder:
        data = folder / "data"
        initdb = [find_program("initdb", "postgresql", *folders), "-D", data, "-U", "lientuyen", "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(initdb, cwd=folder, capture_output=True, text=True, check=False, **identity)  # type: ignore[call-overload]
        if made.returncode != 0:
            raise ServiceError(f"initdb failed: {made.stderr.strip()}")
        server = PostgresServer(free_port())
        command: list[str | Path] = [
            find_program("postgres", "postgresql", *folders),
            "-D",
            data,
            "-p",
            str(server.port),
        ]
        for name, value in POSTGRES_OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, **identity)  # type: ignore[call-overload]
        try:
            wait_until_up(process, log, server.is_up, "PostgreSQL")
            yield server
        finally:
            stop(process, signal.SIGINT)  # PostgreSQL's "fast": does not wait for clients


# Redis


@dataclass(frozen=True)
class RedisServer:
    port: int

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def flush(self) -> None:
        """Forgets everything."""
        with socket.create_connection((HOST, self.port), timeout=PATIENCE) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            answer = connection.recv(64)
        if not answer.startswith(b"+OK"):
            raise ServiceError(f"Redis did not flush: {answer!r}")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    program = find_program("redis-server", "redis-server")
    with temporary_folder("redis") as folder:
        server = RedisServer(free_port())
        options = {"port": str(server.port), "bind": HOST, "dir": str(folder), "save": "", "appendonly": "no"}
        command = [str(program), *(word for name, value in options.items() for word in (f"--{name}", value))]
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until_up(process, log, lambda: listens(server.port), "Redis")
            yield server
        finally:
            stop(process)
