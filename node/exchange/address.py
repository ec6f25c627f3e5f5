"""Which addresses a link may use: HTTPS anywhere, plain HTTP on this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from node.errors import Invalid


def is_loopback(host: str) -> bool:
    """True for localhost and the loopback ranges; a name that would have to be looked up is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_link_url(url: str) -> str:
    """The URL without a trailing slash; raises `Invalid` when it is neither HTTPS nor loopback."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return url.rstrip("/")
    raise Invalid(
        f"The link address '{parts.scheme}://{parts.hostname or ''}' is refused: between nodes only https is allowed.",
        hint="Use https://… (plain http works on this machine's loopback address only).",
    )
