"""The conformance statement says what a stranger finds out: pixelmed's `ProbeCapability` asks the port for everything it knows."""

from __future__ import annotations

import re

import pytest

from tests.architecture.tables import ROOT
from tests.peers import pixelmed
from tests.peers.gateway import Gateway

OF_MODEL = {"1": "query", "2": "move", "3": "get"}  # by the last part of a SOP class of Query/Retrieve (PS3.4 C.6)
STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."


@pytest.fixture(scope="module")
def probed(gateway: Gateway) -> dict[str, set[str]]:
    return pixelmed.probe(gateway.port)


def stated(name: str) -> set[str]:
    """The UIDs of a table of the statement, where it has such a column with SCP in it."""
    document = (ROOT / "CONFORMANCE.md").read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, _, *lines = document[document.index(begin) + len(begin) : document.index(end)].strip().splitlines()
    scp = [cell.strip() for cell in head.split("|")].index("SCP") if "SCP" in head else None
    rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    return {row[2] for row in rows if scp is None or row[scp] == "yes"}


def test_query_and_retrieve_are_offered_as_stated(probed: dict[str, set[str]]) -> None:
    for last, kind in OF_MODEL.items():
        pattern = rf"1\.2\.840\.10008\.5\.1\.4\.1\.2\.[123]\.{last}"
        assert probed[kind] == {uid for uid in stated("services") if re.fullmatch(pattern, uid)}, kind


def test_all_storage_classes_that_pixelmed_knows_are_offered_as_stated(probed: dict[str, set[str]]) -> None:
    table = stated("storage-classes")
    assert len(probed["storage"]) > 100
    assert {uid for uid in probed["storage"] if uid not in table and not uid.startswith(STORAGE_ROOT)} == set()
    assert len(probed["storage"] & table) > 100


def test_a_private_storage_class_is_not_offered_unless_the_registry_names_it(probed: dict[str, set[str]]) -> None:
    """pixelmed proposes private classes of three vendors, too."""
    assert all(uid.startswith("1.2.840.10008.") for uid in probed["storage"])
