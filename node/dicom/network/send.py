"""C-STORE to a peer: bytes as stored where the peer takes their syntax, else uncompressed, else a refusal that says why.

Implements `node.ports.Sender` for peers of kind dicom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from node.dicom.network.convert import convert, convert_file
from node.dicom.network.requestor import VERIFICATION, Requestor
from node.dicom.network.status import verdict
from node.dicom.network.tls import Tls
from node.dicom.network.upper_layer import ProposedContext
from node.dicom.part10 import dataset_offset
from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE, syntax
from node.domain.facility import Peer
from node.errors import NodeError, PeerBusy, PeerRefused, Retryable, UnsupportedSyntax
from node.ports import Outcome, Outgoing

Key = tuple[str, str]  # SOP class, transfer syntax
CONTEXTS: Final = 128  # presentation contexts that fit into one association (PS3.8 9.3.2.2: odd ids of one byte)
_NATIVE: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
_OUT_OF_RESOURCES: Final = range(0xA700, 0xA800)
_ATTEMPTS: Final = 2  # at an object whose process was killed, perhaps by another one


def echo(
    peer: Peer,
    ae_title: str,
    *,
    connect_seconds: float = 10.0,
    response_seconds: float = 30.0,
    tls: Tls | None = None,
) -> None:
    """C-ECHO. Raises `PeerUnreachable`, `PeerBusy` or `PeerRefused` unless the peer answers with success."""
    configure()
    contexts = [ProposedContext(1, VERIFICATION, (IMPLICIT_LITTLE,))]
    with Requestor(
        peer, ae_title, contexts, connect_seconds=connect_seconds, response_seconds=response_seconds, tls=tls
    ) as association:
        if 1 not in association.accepted:
            raise PeerRefused(f"{peer.code} does not offer C-ECHO.", hint="Look into its settings.")
        status = association.echo(1)
        if status != 0:
            raise PeerRefused(f"{peer.code} answered C-ECHO with status {status:04X}.", hint="Look into its log.")


class StoreSender:
    """Sends instances over one association per call (more when they need over 128 presentation contexts).

    What must be encoded anew is in the processes of the `pool`, by files in `scratch`: a small object may need much memory.
    Without them it is done here.
    """

    def __init__(
        self,
        ae_title: str,
        *,
        connect_seconds: float = 10.0,
        response_seconds: float = 60.0,
        tls: Tls | None = None,
        pool: Executor | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._ae_title = ae_title
        self._pool = pool
        self._scratch = scratch
        self._connect_seconds = connect_seconds
        self._response_seconds = response_seconds
        self._tls = tls

    def send(self, peer: Peer, study_uid: str, items: Sequence[Outgoing], report: Callable[[Outcome], None]) -> None:
        """Reports one outcome for each item, in order.

        Raises `PeerUnreachable` or `PeerBusy` when nothing more can be sent now, `PeerRefused` when the peer will not
        talk to us; what was said of earlier items was reported by then.
        """
        configure()
        for keys, group in _groups(items, peer.syntaxes):
            self._send_group(peer, keys, group, report)

    def _send_group(
        self, peer: Peer, keys: list[Key], items: list[Outgoing], report: Callable[[Outcome], None]
    ) -> None:
        if not keys:
            for item in items:
                report(_unsupported(item))
            return
        contexts = [ProposedContext(2 * i + 1, sop_class, (uid,)) for i, (sop_class, uid) in enumerate(keys)]
        with Requestor(
            peer,
            self._ae_title,
            contexts,
            connect_seconds=self._connect_seconds,
            response_seconds=self._response_seconds,
            tls=self._tls,
        ) as association:
            accepted = {
                (c.abstract_syntax, c.transfer_syntaxes[0]): c.id for c in contexts if c.id in association.accepted
            }
            for item in items:
                report(outcome := self._send_item(association, accepted, item))
                if outcome.status and int(outcome.status, 16) in _OUT_OF_RESOURCES:
                    raise PeerBusy(f"{peer.code} is out of resources.", hint="Free space there; it is tried again.")

    def _send_item(self, association: Requestor, accepted: dict[Key, int], item: Outgoing) -> Outcome:
        """Sends one item as stored when its syntax was accepted, else uncompressed when that was."""
        agreed = {uid: context for (sop_class, uid), context in accepted.items() if sop_class == item.sop_class_uid}
        target = next((uid for uid in (item.transfer_syntax_uid, *_NATIVE) if uid in agreed), None)
        if target is None:
            return _unsupported(item)
        try:
            data_set = as_stored(item) if target == item.transfer_syntax_uid else self._converted(item, target)
        except Retryable:
            raise
        except NodeError as error:
            return Outcome(item.instance_id, delivered=False, permanent=True, reason=str(error))
        except OSError as error:
            return Outcome(
                item.instance_id, delivered=False, reason=f"The stored file cannot be read: {error.strerror}."
            )
        with data_set:
            status = association.store(agreed[target], item.sop_class_uid, item.sop_instance_uid, data_set)
        found = verdict(status)
        return Outcome(item.instance_id, found.delivered, found.permanent, f"{status:04X}", found.reason)

    def _converted(self, item: Outgoing, target: str) -> BinaryIO:
        """The data set encoded for an uncompressed `target`. Raises `UnsupportedSyntax`, `Unreadable`, `Retryable`, `OSError`."""
        if self._pool is None or self._scratch is None:
            buffer = BytesIO()
            convert(item.path, item.transfer_syntax_uid, target, buffer)
            buffer.seek(0)
            return buffer
        for _ in range(_ATTEMPTS):
            with TemporaryDirectory(dir=self._scratch, ignore_cleanup_errors=True) as folder:
                file = Path(folder) / "converted"
                work = (str(item.path), item.transfer_syntax_uid, target, str(file))
                try:
                    self._pool.submit(convert_file, *work).result()
                except BrokenExecutor:
                    continue
                return file.open("rb")  # its name may go
        raise UnsupportedSyntax("An object brings the process down that converts it.")


def proposals(kind: Key, allowed: Sequence[str]) -> list[Key]:
    """The contexts that objects of a kind can use: their own syntax, then uncompressed; the registry's list restricts and
    orders."""
    sop_class, stored = kind
    usable = list(dict.fromkeys((stored, *_NATIVE)))
    chosen = [uid for uid in allowed if uid in usable] if allowed else usable
    return [(sop_class, uid) for uid in chosen]


def _groups(items: Sequence[Outgoing], allowed: Sequence[str]) -> Iterator[tuple[list[Key], list[Outgoing]]]:
    """Splits the items, in order, so that each group's contexts fit into one association."""
    keys: dict[Key, None] = {}
    group: list[Outgoing] = []
    for item in items:
        more = dict.fromkeys(proposals((item.sop_class_uid, item.transfer_syntax_uid), allowed))
        if group and len(keys | more) > CONTEXTS:
            yield list(keys), group
            keys, group = {}, []
        keys |= more
        group.append(item)
    if group:
        yield list(keys), group


def _unsupported(item: Outgoing) -> Outcome:
    known = syntax(item.transfer_syntax_uid)
    reason = (
        f"The peer takes SOP class {item.sop_class_uid} neither in {known.name if known else item.transfer_syntax_uid} "
        "nor uncompressed: enable the class or one of these syntaxes there."
    )
    return Outcome(item.instance_id, delivered=False, permanent=True, reason=reason)


def as_stored(item: Outgoing) -> BinaryIO:
    offset = dataset_offset(item.path)
    file = item.path.open("rb")
    file.seek(offset)
    return file
