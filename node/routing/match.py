"""Do a route's conditions hold for a study?"""

from __future__ import annotations

from node.domain.route import Condition, Route, RoutingFacts


def holds(condition: Condition, facts: RoutingFacts) -> bool:
    found = facts.values.get(condition.field, frozenset()) & frozenset(condition.any_of)
    return not found if condition.negate else bool(found)


def first_failure(route: Route, facts: RoutingFacts) -> Condition | None:
    """The first condition that does not hold; None when the route applies."""
    return next((c for c in route.when if not holds(c, facts)), None)


def explain(condition: Condition, facts: RoutingFacts) -> str:
    """Why a condition does not hold, in words: which field, what it has, what was asked for."""
    has = ", ".join(sorted(facts.values.get(condition.field, frozenset()))) or "nothing"
    verb = "must not be" if condition.negate else "must be"
    return f"{condition.field.value} is {has}, {verb} {' or '.join(condition.any_of)}"
