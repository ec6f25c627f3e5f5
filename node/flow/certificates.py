"""When certificates end: our own, the authorities that we trust, and those that peers have shown. Said ahead, once a day."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from node.dicom.network.certificate import Certificate, read_pem
from node.dicom.network.tls import Tls
from node.domain.facility import PeerKind
from node.errors import NodeError
from node.ports import Node

log = logging.getLogger(__name__)

_AGAIN: Final = timedelta(days=1)
_MOST: Final = 20  # of one file: a bundle of the whole world's authorities is not ours to watch


class Expiry(StrEnum):
    GOOD = "good"
    SOON = "soon"
    URGENT = "urgent"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Watched:
    """`name` says whose: dicom, dicom-authority, web, peer:<code>, peer-authority:<code>."""

    name: str
    certificate: Certificate
    state: Expiry


class CertificateWatch:
    """Reads the files each time that it is asked: they are few, and may change."""

    def __init__(self, node: Node, tls: Tls) -> None:
        self._node = node
        self._tls = tls
        self._said: dict[tuple[str, str], datetime] = {}

    def all(self) -> list[Watched]:
        """The first to end comes first."""
        now = self._node.clock.now()
        found = [Watched(name, one, self._state(one.not_after - now)) for name, one in self._certificates()]
        return sorted(found, key=lambda watched: watched.certificate.not_after)

    def warn(self) -> None:
        """Says what ends soon, each once a day."""
        now = self._node.clock.now()
        for watched in self.all():
            key = watched.name, watched.certificate.sha256
            if watched.state == Expiry.GOOD or now - self._said.get(key, now - _AGAIN) < _AGAIN:
                continue
            self._said[key] = now
            level = logging.WARNING if watched.state == Expiry.SOON else logging.ERROR
            ends = watched.certificate.not_after
            word = "has expired on" if watched.state == Expiry.EXPIRED else f"expires in {(ends - now).days} days, on"
            log.log(
                level,
                "the certificate of %s (%s) %s %s: renew it",
                watched.name,
                watched.certificate.subject,
                word,
                f"{ends:%Y-%m-%d}",
            )

    def _state(self, left: timedelta) -> Expiry:
        part = self._node.settings.node
        if left <= timedelta():
            return Expiry.EXPIRED
        if left <= timedelta(days=part.certificate_urgent_days):
            return Expiry.URGENT
        return Expiry.SOON if left <= timedelta(days=part.certificate_warning_days) else Expiry.GOOD

    def _certificates(self) -> Iterator[tuple[str, Certificate]]:
        files = self._tls.files
        yield from self._of_file("dicom", files.certificate, most=1)
        yield from self._of_file("dicom-authority", files.client_ca)
        yield from self._of_file("web", self._node.settings.web.tls_certificate, most=1)
        learnt = self._tls.learnt
        for peer in self._node.registry().peers:
            if peer.ca_file and (peer.tls or peer.kind == PeerKind.NODE):
                yield from self._of_file(f"peer-authority:{peer.code}", self._tls.folder / peer.ca_file)
            if peer.code in learnt:
                yield f"peer:{peer.code}", learnt[peer.code]

    def _of_file(self, name: str, file: Path | None, most: int = _MOST) -> Iterator[tuple[str, Certificate]]:
        if file is None:
            return
        try:
            yield from ((name, one) for one in read_pem(file)[:most])
        except NodeError as error:  # it is said where it is used, too
            now = self._node.clock.now()
            if now - self._said.get((name, ""), now - _AGAIN) >= _AGAIN:
                self._said[name, ""] = now
                log.error("%s: %s", name, error)
