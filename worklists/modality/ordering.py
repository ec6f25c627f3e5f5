"""In what order orders are done and shown: by day and hour, among equals the more urgent first."""

from __future__ import annotations

from typing import Any, Final

from node.domain.order import Order
from node.ledger.order_tables import orders

IN_ORDER: Final[tuple[Any, ...]] = (
    orders.c.scheduled_date,
    orders.c.scheduled_time,
    orders.c.priority,
    orders.c.accession_number,
)


def in_order(order: Order) -> tuple[str, str, int, str]:
    """The same as a key to sort by."""
    text = order.text
    return text.scheduled_date, text.scheduled_time, text.priority.rank, text.accession_number
