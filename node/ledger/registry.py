"""The registry: facilities, peers, routes and profiles as one validated document with revisions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, func, select, text

from node.domain.route import Action, Identity, Registry
from node.errors import Invalid
from node.ledger.registry_faults import peer_faults
from node.ledger.schema import registry_revisions

_ADAPTER = TypeAdapter(Registry)
_LISTS = ("tiers", "facilities", "peers", "routes", "profiles")


def parse(document: Mapping[str, Any], revision: int = 0) -> Registry:
    """The registry that a document (as read from TOML or JSON) describes; raises `Invalid` naming every fault."""
    registry = _shaped(document, revision)
    faults = list(_faults(registry))
    if faults:
        raise Invalid("The registry has faults: " + "; ".join(faults) + ".", hint="Mend them and apply it again.")
    return registry


def _shaped(document: Mapping[str, Any], revision: int) -> Registry:
    try:
        return _ADAPTER.validate_python({**document, "revision": revision})
    except ValidationError as error:
        faults = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise Invalid(
            "The registry has faults: " + "; ".join(faults) + ".", hint="Mend them and apply it again."
        ) from None


def _faults(registry: Registry) -> Iterator[str]:
    for name in _LISTS:
        codes = [item.code for item in getattr(registry, name)]
        yield from (f"{name}: the code '{c}' is there twice" for c in sorted({c for c in codes if codes.count(c) > 1}))
    tiers = {t.code for t in registry.tiers}
    facilities = {f.code for f in registry.facilities}
    for facility in registry.facilities:
        if facility.tier not in tiers:
            yield f"facility '{facility.code}': no tier '{facility.tier}'"
        yield from (f"facility '{facility.code}': no facility '{c}'" for c in facility.reads_at if c not in facilities)
    yield from peer_faults(registry)
    yield from _route_faults(registry)


def _route_faults(registry: Registry) -> Iterator[str]:
    peers = {p.code for p in registry.peers}
    for route in registry.routes:
        yield from (f"route '{route.code}': no peer '{c}'" for c in route.to if c not in peers)
        if route.action == Action.FORWARD and not route.to:
            yield f"route '{route.code}': forward needs `to`, the peers to send to"
        if route.identity == Identity.PSEUDONYMISE and registry.profile(route.profile) is None:
            yield f"route '{route.code}': no profile '{route.profile}'"
        if route.quiet_seconds < 0:
            yield f"route '{route.code}': quiet_seconds is negative"


def current_document(tx: Connection) -> tuple[int, dict[str, Any]]:
    """(revision, document); (0, {}) before the first was applied."""
    row = tx.execute(select(registry_revisions).order_by(registry_revisions.c.revision.desc()).limit(1)).first()
    return (row.revision, row.document) if row else (0, {})


def current_revision(tx: Connection) -> int:
    return tx.execute(select(func.max(registry_revisions.c.revision))).scalar() or 0


def current(tx: Connection) -> Registry:
    """What was applied is in force, also when a later version would find faults in it."""
    revision, document = current_document(tx)
    return _shaped(document, revision)


def at(tx: Connection, moment: datetime) -> Registry:
    """What was in force at a moment."""
    row = tx.execute(
        select(registry_revisions)
        .where(registry_revisions.c.applied_at <= moment)
        .order_by(registry_revisions.c.revision.desc())
        .limit(1)
    ).first()
    return _shaped(row.document, row.revision) if row else Registry(0)


def apply(tx: Connection, document: Mapping[str, Any], actor: str, now: datetime) -> tuple[int, list[str]]:
    """Stores the document as a new revision, all or nothing. Returns (revision, what changed).

    Applying what is already in force changes nothing and returns no differences.
    """
    parse(document)
    if tx.dialect.name == "postgresql":  # two who apply at once come one after the other; readers go on
        tx.execute(text("LOCK TABLE registry_revisions IN SHARE ROW EXCLUSIVE MODE"))
    revision, old = current_document(tx)
    clean = json.loads(json.dumps(document, sort_keys=True, default=str))
    differences = list(difference(old, clean))
    if revision and not differences:
        return revision, []
    tx.execute(
        registry_revisions.insert().values(
            revision=revision + 1,
            applied_at=now,
            applied_by=actor,
            digest=hashlib.sha256(json.dumps(clean, sort_keys=True).encode()).hexdigest(),
            document=clean,
        )
    )
    return revision + 1, differences


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """One line for each entry that was added (+), removed (-) or changed (~)."""
    for name in _LISTS:
        before = {item["code"]: item for item in old.get(name, [])}
        after = {item["code"]: item for item in new.get(name, [])}
        yield from (f"+ {name} {code}" for code in after if code not in before)
        yield from (f"- {name} {code}" for code in before if code not in after)
        for code in (c for c in after if c in before):
            keys = sorted(
                k for k in after[code].keys() | before[code].keys() if after[code].get(k) != before[code].get(k)
            )
            if keys:
                yield f"~ {name} {code}: {', '.join(keys)}"
        if before.keys() == after.keys() and list(before) != list(after):
            yield f"~ {name}: order"
    before, after = old.get("private_sop_classes", []), new.get("private_sop_classes", [])
    yield from (f"+ private_sop_classes {uid}" for uid in after if uid not in before)
    yield from (f"- private_sop_classes {uid}" for uid in before if uid not in after)
    if old.get("accept_unknown_callers", False) != new.get("accept_unknown_callers", False):
        yield f"~ accept_unknown_callers: {new.get('accept_unknown_callers', False)}"
