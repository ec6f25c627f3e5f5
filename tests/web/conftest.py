"""The world of the web tests, and the sides on which its node may stand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.ledger.schema import users
from tests.web.correspondence import put_on_worklist
from tests.web.world import World, ct, ledger_of, make_world, password_hash


@pytest.fixture
def world(tmp_path: Path, migrated_sqlite: Path) -> Iterator[World]:
    file = tmp_path / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    made = make_world(tmp_path, f"sqlite:///{file}")
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()


# The node as the reading hospital, as the origin, and as both


@pytest.fixture
def hub(world: World) -> World:
    """A study of the district is on the worklist of this node."""
    put_on_worklist(world)
    return world


@pytest.fixture
def site(world: World) -> World:
    """A study was made at this node; a treating doctor has an account."""
    world.receive(ct(1), ct(2), facility="DEMO-TW")
    with world.node.ledger.begin() as tx:
        row = {"username": "bsdt", "display_name": "BS. Phạm Thu", "role": "clinician", "language": "vi"}
        tx.execute(users.insert().values(**row, password_hash=password_hash(), created_at=world.clock.now()))
    return world


@pytest.fixture
def house(site: World) -> World:
    """The study of this node is read at this node."""
    put_on_worklist(site, facility="DEMO-TW", receive=False)
    return site
