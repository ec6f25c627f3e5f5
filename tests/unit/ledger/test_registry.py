"""The registry: checked whole, applied whole, the difference told; on both databases."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from node.errors import Invalid
from node.ledger import registry
from node.ledger.schema import registry_revisions
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "tiers": [{"code": "huyen", "rank": 1, "name": "Huyện"}, {"code": "tw", "rank": 3, "name": "Trung ương"}],
    "facilities": [
        {"code": "DH", "name": "TTYT Định Hóa", "tier": "huyen", "reads_at": ["TW"], "valid_from": date(2020, 1, 1)},
        {"code": "TW", "name": "BV TW", "tier": "tw"},
    ],
    "peers": [
        {"code": "hub", "kind": "node", "facility": "TW", "url": "https://hub", "token_file": "hub.token"},
        {"code": "pacs", "kind": "dicom", "facility": "DH", "ae_title": "PACS", "host": "127.0.0.1", "port": 104},
    ],
    "profiles": [{"code": "consult", "name": "Hội chẩn"}],
    "routes": [
        {
            "code": "up",
            "name": "Lên",
            "when": [{"field": "via", "any_of": ["dimse"]}],
            "action": "forward",
            "to": ["hub"],
            "identity": "pseudonymise",
            "profile": "consult",
        }
    ],
}


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def apply(ledger: SqlLedger, document: dict[str, Any]) -> tuple[int, list[str]]:
    with ledger.begin() as tx:
        return registry.apply(tx, document, "admin", NOW)


def test_before_the_first_one_the_registry_is_empty(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        assert registry.current(tx).peers == ()
        assert registry.current_document(tx) == (0, {})


def test_what_was_applied_is_in_force_with_its_revision(ledger: SqlLedger) -> None:
    revision, differences = apply(ledger, DOCUMENT)
    assert revision == 1
    assert differences == [
        "+ tiers huyen", "+ tiers tw", "+ facilities DH", "+ facilities TW", "+ peers hub", "+ peers pacs",
        "+ routes up", "+ profiles consult",
    ]  # fmt: skip
    with ledger.read() as tx:
        current = registry.current(tx)
    assert current == registry.parse(DOCUMENT, 1)
    facility = current.facility("DH")
    assert facility is not None
    assert (facility.name, facility.valid_from) == ("TTYT Định Hóa", date(2020, 1, 1))


def test_applying_the_same_again_changes_nothing(ledger: SqlLedger) -> None:
    apply(ledger, DOCUMENT)
    assert apply(ledger, copy.deepcopy(DOCUMENT)) == (1, [])
    with ledger.read() as tx:
        assert len(tx.execute(select(registry_revisions)).all()) == 1


def test_each_change_is_one_line(ledger: SqlLedger) -> None:
    apply(ledger, DOCUMENT)

    def change(d: dict[str, Any]) -> None:
        d["peers"][0]["url"] = "https://other"
        d["peers"][0]["name"] = "Nút tuyến trên"
        d["peers"].append({"code": "ct", "kind": "dicom", "facility": "DH", "ae_title": "CT"})
        del d["peers"][1]
        d["facilities"].reverse()
        d["facilities"][0]["name"] = "Bệnh viện"
        d["facilities"][1]["name"] = "Trung tâm"
        d["accept_unknown_callers"] = True

    revision, differences = apply(ledger, changed(change))
    assert revision == 2
    assert differences == [
        "~ facilities TW: name", "~ facilities DH: name", "~ facilities: order",
        "+ peers ct", "- peers pacs", "~ peers hub: name, url", "~ accept_unknown_callers: True",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["peers"][0].update(token_flie="x"), "peers.0.token_flie"),
        (lambda d: d.update(router=[]), "router"),
        (lambda d: d["tiers"][0].pop("rank"), "tiers.0.rank"),
        (lambda d: d["peers"][1].update(port="elf"), "peers.1.port"),
        (lambda d: d["routes"][0].update(action="eval"), "routes.0.action"),
        (lambda d: d["routes"][0]["when"][0].update(field="os.system"), "routes.0.when.0.field"),
        (lambda d: d["peers"].append(d["peers"][0]), "peers: the code 'hub' is there twice"),
        (lambda d: d["facilities"][0].update(tier="xa"), "facility 'DH': no tier 'xa'"),
        (lambda d: d["facilities"][0].update(reads_at=["XX"]), "facility 'DH': no facility 'XX'"),
        (lambda d: d["peers"][0].update(facility="XX"), "peer 'hub': no facility 'XX'"),
        (lambda d: d["peers"][1].update(ae_title=""), "peer 'pacs': a DICOM peer needs an ae_title"),
        (lambda d: d["peers"][1].update(commitment=True, host="", port=0), "peer 'pacs': commitment needs the host"),
        (lambda d: d["peers"][0].update(commitment=True), "peer 'hub': commitment is for DICOM peers only"),
        (lambda d: d["peers"][1].update(commitment_reports="fax"), "peers.1.commitment_reports"),
        (lambda d: d["peers"][0].update(url=""), "peer 'hub': a node needs a url"),
        (lambda d: d["peers"][0].update(token_file=""), "peer 'hub': a url needs the token_file"),
        (lambda d: d["routes"][0].update(to=["moon"]), "route 'up': no peer 'moon'"),
        (lambda d: d["routes"][0].update(to=[]), "route 'up': forward needs `to`"),
        (lambda d: d["routes"][0].update(profile="none"), "route 'up': no profile 'none'"),
        (lambda d: d["routes"][0].update(quiet_seconds=-1), "route 'up': quiet_seconds is negative"),
    ],
)
def test_a_faulty_registry_is_refused_whole_and_the_fault_is_named(
    ledger: SqlLedger, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    apply(ledger, DOCUMENT)
    with pytest.raises(Invalid) as raised:
        apply(ledger, changed(change))
    assert said in raised.value.message
    assert raised.value.hint
    with ledger.read() as tx:
        assert registry.current(tx) == registry.parse(DOCUMENT, 1)


def test_every_fault_is_named_at_once() -> None:
    def change(d: dict[str, Any]) -> None:
        d["facilities"][0]["tier"] = "xa"
        d["routes"][0]["to"] = ["moon"]

    with pytest.raises(Invalid, match=r"no tier 'xa'.*no peer 'moon'"):
        registry.parse(changed(change))


def test_two_who_apply_at_once_make_two_revisions(ledger: SqlLedger) -> None:
    documents = [
        changed(lambda d, n=n: d["facilities"][0].update(name=f"Tên {n}"))  # type: ignore[misc]
        for n in range(6)
    ]
    with ThreadPoolExecutor(6) as threads:
        revisions = [revision for revision, _ in threads.map(lambda d: apply(ledger, d), documents)]
    assert sorted(revisions) == [1, 2, 3, 4, 5, 6]
