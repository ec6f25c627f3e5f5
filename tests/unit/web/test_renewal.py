"""The web server's certificate follows its files."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from node.web.renewal import Renewal
from tests.wire.pki import Authority, Identity


def shown(context: ssl.SSLContext, authority: Path) -> bytes:
    """The certificate that a new connection sees, without any network."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = ssl.create_default_context(cafile=authority).wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert(binary_form=True) or b""


def test_a_new_certificate_is_taken_over_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    own = Identity(tmp_path / "web.crt", tmp_path / "web.key")

    def install(name: str) -> None:
        made = authority.issue(name, "localhost")
        own.certificate.write_bytes(made.certificate.read_bytes())
        own.key.write_bytes(made.key.read_bytes())

    install("one")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    renewal = Renewal(context, own.certificate, own.key)
    first = shown(context, authority.file)
    assert first
    assert not renewal.look()
    install("two")
    assert renewal.look()
    second = shown(context, authority.file)
    assert second not in (b"", first)
    own.certificate.write_bytes(
        authority.issue("three", "localhost").certificate.read_bytes()
    )  # the key is missing yet
    assert not renewal.look()
    assert "the old one stays" in caplog.text
    assert shown(context, authority.file) == second
