"""What is to be done with a study: decisions become deliveries and jobs, quiet becomes completeness.

A study's instances are decided on in groups: by the way they came (from modalities and other nodes, from our own desk,
re-identified here), and PDF documents apart, so that a report in a study never takes the way of its images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from node.domain.delivery import DeliveryEvent, ItemState
from node.domain.job import Job, NextJob
from node.domain.route import (
    Action,
    Compression,
    Decision,
    Field,
    Identity,
    Registry,
    Route,
    RoutingFacts,
    Start,
    Target,
)
from node.domain.study import Priority, StudyEvent, StudyState, Via
from node.domain.timeline import Hop, TimelineEntry
from node.flow.transform import note_prepared
from node.ledger import deliveries, jobs, studies, timeline
from node.ledger.schema import decisions
from node.ports import Node
from node.routing.completion import quiet_until
from node.routing.decide import decide

_CHUNK = 16  # instances of one transform job
_INDEX_PATIENCE = timedelta(seconds=0.5)
_OWN = (Via.DESK, Via.HOME)
_PDF = "1.2.840.10008.5.1.4.1.1.104.1"  # Encapsulated PDF Storage


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that came by the same way, and what was decided for them."""

    via: Via
    name: str
    instances: Sequence[Any]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Routed:
    """The result of looking at a study once."""

    study: Any
    groups: tuple[Group, ...]
    complete: bool
    look_again_at: datetime | None


class RouteStage:
    """Implements `node.ports.Stage`; the subject is a Study Instance UID."""

    kind = "route"

    def work(self, job: Job, node: Node) -> Routed | None:
        registry = node.registry()
        with node.ledger.read() as tx:
            study = studies.get(tx, job.subject)
            if study is None:  # a manifest came before the first image
                return None
            found = studies.current_instances(tx, job.subject)
            manifest = studies.manifest(tx, job.subject)
            held = studies.stored_versions(tx, job.subject) if manifest is not None else frozenset()
        groups = tuple(_groups(found, study, registry))
        images = [g for g in groups if g.via not in _OWN]
        if study.shadow or not images:
            return Routed(study, groups, complete=True, look_again_at=None)
        if manifest is not None:
            return Routed(study, groups, complete=_all_here(manifest, held), look_again_at=None)
        last = min(study.last_received_at, node.clock.now())  # the clock may have been set back since
        until = quiet_until((t.route for g in images for t in g.decision.targets), last)
        waiting = node.intake.waiting_since()
        if waiting is not None and waiting <= until:  # it may be this study's
            until = max(until, node.clock.now() + _INDEX_PATIENCE)
        quiet = until <= node.clock.now()
        return Routed(study, groups, complete=quiet, look_again_at=None if quiet else until)

    def settle(self, tx: Any, job: Job, result: Routed | None, node: Node) -> Iterable[NextJob]:
        if result is None:
            return []
        now = node.clock.now()
        following: list[NextJob] = []
        complete = _unchanged(tx, result) and result.complete
        _set_priority(tx, result)
        for group in result.groups:
            _save_decision(tx, result.study.uid, group, now)
            for target in group.decision.targets:
                following += _apply(tx, result, group, target, node, complete=complete or group.via in _OWN)
        if result.look_again_at is not None:
            following.append(NextJob(self.kind, job.subject, due_at=result.look_again_at, priority=job.priority))
        elif complete and any(g.via not in _OWN for g in result.groups):
            _complete(tx, result, node)
        elif result.complete and not complete:
            following.append(NextJob(self.kind, job.subject, priority=job.priority))
        return following


def _groups(found: Sequence[Any], study: Any, registry: Registry) -> Iterator[Group]:
    for via in Via:
        for documents in (False, True):
            members = [i for i in found if i.via == via.value and (i.sop_class_uid == _PDF) == documents]
            if members:
                decision = decide(registry, _facts(members, study), origin=study.origin)
                yield Group(via, via.value + (" documents" if documents else ""), members, decision)


def _facts(members: Sequence[Any], study: Any) -> RoutingFacts:
    def values(name: str) -> frozenset[str]:
        return frozenset(filter(None, (getattr(m, name) for m in members)))

    return RoutingFacts(
        {
            Field.VIA: values("via"),
            Field.PEER: values("peer"),
            Field.FACILITY: values("facility"),
            Field.CALLING_AE: values("calling_ae"),
            Field.CALLED_AE: values("called_ae"),
            Field.MODALITY: values("modality"),
            Field.SOP_CLASS: values("sop_class_uid"),
            Field.BODY_PART: frozenset(filter(None, (study.body_part,))),
            Field.PRIORITY: frozenset((study.priority,)),
        }
    )


def _all_here(manifest: Any, held: frozenset[tuple[str, str]]) -> bool:
    return bool(manifest.closed) and all(item in held for item in manifest.items.items())


def _unchanged(tx: Any, result: Routed) -> bool:
    """Nothing came between looking and settling, and nothing will until this is settled."""
    study = studies.locked(tx, result.study.uid)
    return study is not None and (study.instances, study.last_received_at) == (
        result.study.instances,
        result.study.last_received_at,
    )


def _set_priority(tx: Any, result: Routed) -> None:
    wanted = [t.route.priority for g in result.groups for t in g.decision.targets if t.route.priority]
    best = min(wanted, key=lambda p: p.rank, default=None)
    if best is not None and best.rank < Priority(result.study.priority).rank:
        studies.set_priority(tx, result.study.uid, best)


def _save_decision(tx: Any, study_uid: str, group: Group, now: datetime) -> None:
    targets = [
        {"route": t.route.code, "action": t.route.action.value, "to": t.destination} for t in group.decision.targets
    ]
    last = tx.execute(
        select(decisions).where(decisions.c.study_uid == study_uid).order_by(decisions.c.id.desc()).limit(2 * len(Via))
    ).all()
    reasons = [f"[{group.name}] {reason}" for reason in group.decision.reasons]
    if any(d.reasons == reasons and d.revision == group.decision.revision for d in last):
        return
    values = {"study_uid": study_uid, "decided_at": now, "revision": group.decision.revision}
    tx.execute(decisions.insert().values(**values, targets=targets, reasons=reasons))


def _apply(tx: Any, result: Routed, group: Group, target: Target, node: Node, *, complete: bool) -> list[NextJob]:
    route = target.route
    study_uid = result.study.uid
    rank = (route.priority or Priority(result.study.priority)).rank
    if route.action == Action.READ:
        return [NextJob("read", study_uid, priority=rank)]
    if route.start == Start.COMPLETION and not complete:
        return []
    now = node.clock.now()
    plain = route.identity == Identity.KEEP
    delivery = deliveries.ensure(
        tx,
        study_uid=study_uid,
        route=route.code,
        destination=target.destination,
        plan=_plan(route, node.registry()),
        priority=rank,
        outward_uid=study_uid if plain else "",
        now=now,
    )
    new = deliveries.add_items(tx, delivery, [i.id for i in group.instances])
    entry = TimelineEntry(study_uid, node.facility, Hop.ROUTED, now, len(group.instances))
    if new and not result.study.shadow:
        timeline.record(
            tx, _keyed(entry, f"{route.code}:{target.destination}", route=route.code, to=target.destination)
        )
    return list(_next(tx, delivery, route, new, group, rank, node, complete=complete))


def _next(
    tx: Any, delivery: int, route: Route, new: Sequence[int], group: Group, rank: int, node: Node, *, complete: bool
) -> Iterator[NextJob]:
    now = node.clock.now()
    if new:
        deliveries.move(tx, delivery, DeliveryEvent.MORE, now, closed=False)
    if route.action == Action.HOMECOMING:
        if new:
            yield NextJob("homecome", str(delivery), priority=rank)
        return
    if route.identity == Identity.KEEP and route.compression == Compression.NONE:
        stored = {i.id: i for i in group.instances}
        for instance_id in new:
            _pass_through(tx, delivery, stored[instance_id])
    else:
        for start in range(0, len(new), _CHUNK):
            chunk = list(new[start : start + _CHUNK])
            yield NextJob("transform", str(delivery), {"instances": chunk}, priority=rank, part=str(chunk[0]))
    row = deliveries.get(tx, delivery)
    assert row is not None
    if complete and not row.closed:
        deliveries.update_delivery(tx, delivery, now, closed=True)
        note_prepared(tx, delivery, node)
    if new or (complete and not row.closed):
        yield NextJob("deliver", str(delivery), priority=rank)


def _pass_through(tx: Any, delivery: int, instance: Any) -> None:
    deliveries.set_item(
        tx,
        delivery,
        instance.id,
        ItemState.PREPARED,
        outward_sop_uid=instance.sop_instance_uid,
        digest=instance.digest,
        size=instance.size,
        transfer_syntax_uid=instance.transfer_syntax_uid,
    )


def _plan(route: Route, registry: Registry) -> dict[str, Any]:
    profile = registry.profile(route.profile)
    return {
        "identity": route.identity.value,
        "compression": route.compression.value,
        "profile": asdict(profile) if profile else None,
        "revision": registry.revision,
    }


def _complete(tx: Any, result: Routed, node: Node) -> None:
    now = node.clock.now()
    study = result.study
    before = studies.move(tx, study.uid, StudyEvent.QUIET, now)
    if before != StudyState.COMPLETE and not study.shadow:
        count = sum(len(g.instances) for g in result.groups if g.via not in _OWN)
        timeline.record(tx, TimelineEntry(study.uid, node.facility, Hop.COMPLETE, now, count, key=str(count)))
        if any(t.route.action == Action.READ for g in result.groups for t in g.decision.targets):
            jobs.enqueue(tx, NextJob("read", study.uid), now)


def _keyed(entry: TimelineEntry, key: str, **detail: Any) -> TimelineEntry:
    return TimelineEntry(entry.study_instance_uid, entry.node, entry.hop, entry.at, entry.instances, detail, key)
