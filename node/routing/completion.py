"""When is a study complete?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from node.domain.route import Route

DEFAULT_QUIET_SECONDS = 60.0


def quiet_until(routes: Iterable[Route], last_received_at: datetime) -> datetime:
    """The study is complete when nothing came until then: the longest quiet time of the routes that apply."""
    seconds = max((r.quiet_seconds for r in routes), default=DEFAULT_QUIET_SECONDS)
    return last_received_at + timedelta(seconds=seconds)
