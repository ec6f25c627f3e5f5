"""The web server's certificate is read again when its files have changed; connections that are open keep the old one."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int], ...]


class Renewal:
    """Watches the files behind the context of a server. Used by one thread."""

    def __init__(self, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
        self._context = context
        self._files = (certificate, key)
        self._seen = self._stamp()

    def look(self) -> bool:
        """Takes over changed files, when they are whole and belong together; whether it did."""
        now = self._stamp()
        if now == self._seen:
            return False
        self._seen = now
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files, password="")  # before the real one
            self._context.load_cert_chain(*self._files, password="")
        except OSError as error:
            log.error("the changed certificate of the web server cannot be used, the old one stays: %s", error.strerror)
            return False
        log.info("the certificate of the web server was read again")
        return True

    def _stamp(self) -> Stamp:
        found = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                continue
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)
