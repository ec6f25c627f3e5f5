"""dcmjs-dimse, the stack in JavaScript, under Node.js. `npm ci` in `tests/peers/dcmjs` installs it (make system)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, run
from tests.services import ServiceError, find_program

TITLE = "DCMJS"
FOLDER = Path(__file__).with_name("dcmjs")


@dataclass(frozen=True)
class Answers:
    """What came back on one association."""

    answers: list[list[dict[str, Any]]]  # for each request its responses: status, comment, instance, elements, counts
    events: list[dict[str, Any]] = field(default_factory=list)  # N-EVENT-REPORTs: where (same, later), type, elements
    files: list[str] = field(default_factory=list)  # what C-GET brought
    error: str = ""

    @property
    def statuses(self) -> list[int]:
        """The last status of each request; -1 for one that got no answer."""
        return [told[-1]["status"] if told else -1 for told in self.answers]

    def elements(self, number: int = 0) -> list[dict[str, Any]]:
        """The data sets of a request's responses."""
        return [told["elements"] for told in self.answers[number] if told["elements"] is not None]


def command() -> list[str | Path]:
    """The words that start our script around dcmjs-dimse."""
    if not (FOLDER / "node_modules" / "dcmjs-dimse").is_dir():
        raise ServiceError("The tests need dcmjs-dimse. Install it with: make system (or: npm ci in tests/peers/dcmjs)")
    return [find_program("node", "nodejs"), FOLDER / "peer.cjs"]


def ask(port: int, *requests: dict[str, Any], **more: Any) -> Answers:
    """Sends `requests` on one association: `{"kind": "find", "level": "STUDY", "elements": {…}}`, see `peer.cjs`.

    `more`: folder (for C-GET), listen (port) and events (how many to wait for) for
    N-EVENT-REPORT, linger (ms before the release), authority, certificate and key (PEM files) for TLS, title.
    """
    title = more.pop("title", TITLE)
    order = {"host": HOST, "port": port, "calling": title, "called": AE_TITLE, "requests": list(requests), **more}
    said = run(*command(), given=json.dumps(order, default=str))
    lines = [line for line in said.text.splitlines() if line.startswith('{"answers"')]
    if not lines:
        raise AssertionError(f"dcmjs-dimse said nothing that can be read (exit {said.code}):\n{said.text}")
    return Answers(**json.loads(lines[-1]))


def echo(port: int) -> bool:
    return ask(port, {"kind": "echo"}).statuses == [0]


def store(port: int, *files: Path) -> int:
    return ask(port, *stores(files)).statuses.count(0)


def stores(files: Sequence[Path]) -> list[dict[str, Any]]:
    return [{"kind": "store", "file": str(file)} for file in files]


def text(value: Any) -> str:
    """An element's value as text: names come as [{"Alphabetic": …}]."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return str(value[0].get("Alphabetic", ""))
    return str(value)
