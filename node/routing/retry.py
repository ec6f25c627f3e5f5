"""How long to wait before trying again. There is no last attempt: outages last days."""

from __future__ import annotations

from datetime import timedelta

_FIRST = 1.0
_LONGEST = 300.0


def backoff(attempts: int, jitter: float) -> timedelta:
    """After the `attempts`-th failure in a row (1 is the first): doubling from 1 s to 5 min.

    `jitter` in [0, 1) spreads many senders over the last quarter of the wait.
    """
    seconds = min(_LONGEST, _FIRST * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=seconds * (1 - 0.25 * jitter))
