"""A played modality: pushes DICOM files to the district by real C-STORE, with a progress bar."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from node.dicom.dataset import read_header
from node.dicom.network.send import StoreSender
from node.dicom.phantom import write_phantoms
from node.domain.facility import Peer, PeerKind
from node.errors import NodeError, Unreadable
from node.ports import Outcome, Outgoing

MODALITY_AE = "MAY_CHUP"
_BATCH = 100  # files of one association


def push(data: Path | None, scratch: Path, port: int, ae_title: str, stopping: threading.Event) -> None:
    """Sends every DICOM file of `data` (default: phantoms, made once under `scratch`); says what was left out."""
    if data is None:
        if (scratch / "sent").exists():  # a restart goes on, it does not send the phantoms again
            return
        files = write_phantoms(scratch, now=datetime.now(UTC), seed=1)
    else:
        files = sorted(p for p in ([data] if data.is_file() else data.rglob("*")) if p.is_file())
    items, left_out = _read(files)
    for path, why in left_out[:10]:
        print(f"  bỏ qua / left out: {path.name}: {why}", flush=True)
    peer = Peer(code="district", kind=PeerKind.DICOM, facility="", ae_title=ae_title, host="127.0.0.1", port=port)
    outcomes: list[Outcome] = []
    sender = StoreSender(MODALITY_AE)
    for start in range(0, len(items), _BATCH):
        if stopping.is_set():
            return
        try:
            sender.send(peer, "", items[start : start + _BATCH], lambda o: _progress(outcomes, o, len(items)))
        except NodeError as error:
            print(f"\n  {error}", flush=True)
            return
    refused = Counter(o.reason for o in outcomes if not o.delivered)
    print(f"\n  Đã gửi / sent: {sum(o.delivered for o in outcomes)}/{len(items)}", flush=True)
    for reason, count in refused.items():
        print(f"  từ chối / refused: {count} × {reason}", flush=True)
    if data is None:
        (scratch / "sent").touch()


def _read(files: list[Path]) -> tuple[list[Outgoing], list[tuple[Path, str]]]:
    items: list[Outgoing] = []
    left_out: list[tuple[Path, str]] = []
    for number, path in enumerate(files):
        try:
            header = read_header(path)
        except Unreadable as error:
            left_out.append((path, error.message))
            continue
        items.append(
            Outgoing(
                instance_id=number,
                sop_instance_uid=header.sop_instance_uid,
                sop_class_uid=header.sop_class_uid,
                transfer_syntax_uid=header.transfer_syntax_uid,
                digest=header.digest,
                size=header.size,
                path=path,
            )
        )
    return items, left_out


def _progress(outcomes: list[Outcome], outcome: Outcome, total: int) -> None:
    outcomes.append(outcome)
    done = len(outcomes)
    if sys.stdout.isatty():
        bar = "█" * (30 * done // total) + "░" * (30 - 30 * done // total)
        print(f"\r  Máy chụp → huyện / modality → district  {bar} {done}/{total}", end="", flush=True)
    elif done in (1, total) or done % 50 == 0:
        print(f"  Máy chụp → huyện / modality → district  {done}/{total}", flush=True)
