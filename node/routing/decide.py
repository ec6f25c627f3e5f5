"""Where does a study go, and why?"""

from __future__ import annotations

from node.domain.route import Action, Decision, Registry, Route, RoutingFacts, Target
from node.routing.match import explain, first_failure


def decide(registry: Registry, facts: RoutingFacts, *, origin: str) -> Decision:
    """Every route whose conditions hold, with one reason per route of the registry.

    `origin` is the code of the facility that the study came from: a return goes to the node that serves it.
    """
    targets: list[Target] = []
    reasons: list[str] = []
    for route in registry.routes:
        failed = first_failure(route, facts)
        if failed is not None:
            reasons.append(f"{route.code}: no, {explain(failed, facts)}")
            continue
        destinations = _destinations(registry, route, origin)
        if not destinations:
            reasons.append(f"{route.code}: applies, but no node of facility '{origin}' is registered")
            continue
        reasons.append(f"{route.code}: yes" + (f", to {', '.join(destinations)}" if any(destinations) else ""))
        targets.extend(Target(route, destination) for destination in destinations)
    return Decision(registry.revision, tuple(targets), tuple(reasons))


def _destinations(registry: Registry, route: Route, origin: str) -> tuple[str, ...]:
    if route.action == Action.FORWARD:
        return route.to
    if route.action == Action.RETURN:
        peer = registry.node_of(origin)
        return (peer.code,) if peer else ()
    return ("",)
