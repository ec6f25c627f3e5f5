"""The addresses of host names, remembered: an association does not wait for the name server each time."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

_FRESH: Final = 60.0  # seconds that an answer is used without asking again
_FAILED: Final = 10.0  # seconds after which a name that had no address is looked up again


def resolve(host: str) -> frozenset[str]:
    """All addresses of a host name, asked for now. Raises `OSError`."""
    return frozenset(plain(str(entry[4][0])) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))


def plain(address: str) -> str:
    """An address in its shortest form, IPv4 as IPv4; a host name stays as it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address.lower()
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class HostNames:
    """Answers from memory. An old answer is used while a thread asks anew; it stays when the name server does not answer."""

    def __init__(
        self,
        ask: Callable[[str], frozenset[str]] = resolve,
        monotonic: Callable[[], float] = time.monotonic,
        later: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._later = later or _in_a_thread
        self._lock = threading.Lock()
        self._known: dict[str, tuple[frozenset[str], float]] = {}  # addresses, when to ask again
        self._asking: set[str] = set()

    def addresses(self, host: str) -> frozenset[str]:
        """Empty when the name has none, or nobody says so."""
        if is_address(host):
            return frozenset((plain(host),))
        now = self._monotonic()
        with self._lock:
            known = self._known.get(host)
            if known is not None and (now < known[1] or host in self._asking):
                return known[0]
            self._asking.add(host)
        if known is not None and known[0]:
            self._later(lambda: self._look_up(host))
            return known[0]
        self._look_up(host)
        return self._known[host][0]

    def _look_up(self, host: str) -> None:
        try:
            found = self._ask(host)
        except (OSError, UnicodeError):
            found = frozenset()
        now = self._monotonic()
        with self._lock:
            before = self._known.get(host, (found, 0.0))[0]
            self._known[host] = (found, now + _FRESH) if found else (before, now + _FAILED)
            self._asking.discard(host)


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="host-names", daemon=True).start()
