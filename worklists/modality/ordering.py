"""In what order orders are done and shown: by day and hour, among equals the more urgent first."""

from __future__ import annotations

from typing import Any, Final

from node.ledger.order_tables import orders

IN_ORDER: Final[tuple[Any, ...]] = (
    orders.c.scheduled_date,
    orders.c.scheduled_time,
    orders.c.priority,
    orders.c.accession_number,
)
