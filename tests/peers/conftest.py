"""One running node for each module of tests, which knows all peers by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers import ctn, dcmjs_dimse, dcmtk, odil, pixelmed, pynetdicom_apps
from tests.peers.gateway import Gateway, a_peer, running_gateway

TITLES = [stack.TITLE for stack in (ctn, dcmjs_dimse, dcmtk, odil, pixelmed, pynetdicom_apps)]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A node where every stack may ask for everything."""
    with running_gateway(tmp_path_factory.mktemp("gateway"), [a_peer(title) for title in TITLES]) as running:
        yield running
