"""The tables of storage commitment, as the one who is asked and as the one who asks: part of `schema.metadata`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text

from node.ledger.schema import Key, Utc, metadata

commitment_requests = Table(  # what peers asked us to answer for the keeping of
    "commitment_requests",
    metadata,
    Column("peer", String(64), primary_key=True),
    Column("transaction_uid", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("called_ae", String(16), nullable=False),  # as which of our titles it knows us
    Column("items", JSON, nullable=False),  # [[SOP class UID, SOP Instance UID]]
    Column("failed", JSON, nullable=False),  # {SOP Instance UID: failure reason} of the report that the peer took
    Column("asked_at", Utc, nullable=False),  # the last time
    Column("reported_at", Utc),
    Column("last_error", Text, nullable=False),
    Index("ix_commitment_requests_state", "state"),
)

commitment_inquiries = Table(  # what we ask destinations after deliveries
    "commitment_inquiries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("transaction_uid", String(64), nullable=False, unique=True),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False),
    Column("peer", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("items", JSON, nullable=False),  # {SOP Instance UID as the destination knows it: SOP class UID}
    Column("failed", JSON, nullable=False),  # {SOP Instance UID: failure reason, null when it was not mentioned}
    Column("made_at", Utc, nullable=False),
    Column("asked_at", Utc),
    Column("answered_at", Utc),
    Index("ix_commitment_inquiries_delivery", "delivery_id"),
)
