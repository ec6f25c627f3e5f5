"""Between real nodes the link is HTTPS: a certificate that the site trusts, and none that it does not."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from node.config import load_settings
from node.demo.network import district_registry
from node.errors import Invalid
from node.exchange.address import check_link_url
from node.ledger import registry
from node.ledger.sql import open_ledger
from tests.flow.ended import check_ended_once
from tests.flow.loop import Loop, wait_for

Push = Callable[[Loop, Path], bool]


def secure(loop: Loop, authority: trustme.CA, folder: Path) -> None:
    """The hub serves HTTPS with a certificate of `authority`; the district trusts the one in its secrets folder."""
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = folder / "hub.pem", folder / "hub.key"
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    loop.environments["hub"] = {"LIENTUYEN_WEB__TLS_CERTIFICATE": str(chain), "LIENTUYEN_WEB__TLS_KEY": str(key)}
    loop.urls["hub"] = f"https://localhost:{loop.demo.hub.web_port}"
    loop.trust = ssl.create_default_context()
    authority.configure_trust(loop.trust)


def trust(loop: Loop, authority: trustme.CA) -> None:
    """What the district's administrator does: the other hospital's authority into the secrets folder, and the registry."""
    site = loop.demo.district
    authority.cert_pem.write_to_path(str(site.folder / "secrets" / "hub-ca.pem"))
    document = district_registry(hub_url=loop.urls["hub"], pacs_port=loop.demo.pacs_port, quiet_seconds=0.5)
    document["peers"][0]["ca_file"] = "hub-ca.pem"
    ledger = open_ledger(load_settings(site.folder / "node.toml").ledger_url)
    with ledger.begin() as tx:
        registry.apply(tx, document, "test", datetime.now(UTC))
    ledger.dispose()


def test_the_loop_ends_over_https(loop: Loop, ct_study: Path, storescu: Push, tmp_path: Path) -> None:
    authority = trustme.CA()
    secure(loop, authority, tmp_path)
    trust(loop, authority)
    loop.start_both()
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)


def test_nothing_is_sent_to_a_hub_whose_certificate_is_not_trusted(
    loop: Loop, ct_study: Path, storescu: Push, tmp_path: Path
) -> None:
    secure(loop, trustme.CA(), tmp_path)
    trust(loop, trustme.CA())
    loop.start_both()
    assert storescu(loop, ct_study)

    def failed() -> bool:
        with loop.api("district", "admin") as api:
            return any(d["last_error"] for d in api.get("/api/admin/queue").json()["deliveries"])

    wait_for(failed, 60, "the district says that it cannot reach the hub")
    with loop.api("hub", "radiologist") as api:
        assert api.get("/api/reading/tasks", params={"state": "all"}).json()["items"] == []


@pytest.mark.parametrize("url", ["http://192.0.2.1:8050", "http://hub.example", "ftp://127.0.0.1", "https://"])
def test_a_plain_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="only https"):
        check_link_url(url)
