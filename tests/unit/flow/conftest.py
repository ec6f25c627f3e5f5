"""A node's pipeline on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.domain.route import Route
from tests.unit.flow.station import Station, a_registry


@pytest.fixture
def make_station(ledger_url: str, tmp_path: Path) -> Iterator[Callable[..., Station]]:
    """Makes the node of this test with the given routes."""
    made: list[Station] = []

    def make(*routes: Route) -> Station:
        made.append(Station(tmp_path / "node", ledger_url, a_registry(*routes)))
        return made[-1]

    yield make
    for station in made:
        station.close()
