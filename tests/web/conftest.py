"""The world of the web tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.world import World, ledger_of, make_world


@pytest.fixture
def world(tmp_path: Path, migrated_sqlite: Path) -> Iterator[World]:
    file = tmp_path / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    made = make_world(tmp_path, f"sqlite:///{file}")
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()
