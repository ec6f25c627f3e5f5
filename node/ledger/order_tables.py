"""The tables of orders for modalities, of what these report as performed, and of what they asked: part of `schema.metadata`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from node.ledger.schema import Key, Utc, metadata

orders = Table(  # what modalities find on their worklists: one requested procedure with one scheduled step each
    "orders",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("patient_name", String(324), nullable=False),
    Column("name_key", String(324), nullable=False),  # as in studies
    Column("patient_id", String(64), nullable=False),
    Column("issuer_of_patient_id", String(64), nullable=False),
    Column("birth_date", String(8), nullable=False),
    Column("sex", String(16), nullable=False),
    Column("accession_number", String(16), nullable=False, unique=True),
    Column("procedure_id", String(16), nullable=False),
    Column("procedure_description", String(64), nullable=False),
    Column("procedure_code", String(16), nullable=False),
    Column("procedure_code_scheme", String(16), nullable=False),
    Column("step_id", String(16), nullable=False),
    Column("step_description", String(64), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("stations", String(512), nullable=False),  # AE titles, a backslash before and after each; empty: any
    Column("scheduled_date", String(8), nullable=False),
    Column("scheduled_time", String(6), nullable=False),
    Column("performing_physician", String(324), nullable=False),
    Column("referring_physician", String(324), nullable=False),
    Column("reason", Text, nullable=False),
    Column("location", String(64), nullable=False),
    Column("priority", Integer, nullable=False),  # as in reading_tasks
    Column("weight", Float),  # kg
    Column("pregnancy", String(16)),
    Column("allergies", Text, nullable=False),
    Column("alerts", Text, nullable=False),
    Column("study_uid", String(64), nullable=False, unique=True),
    Column("created_at", Utc, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_orders_scheduled", "state", "scheduled_date", "modality"),
    Index("ix_orders_date", "scheduled_date", "scheduled_time"),
    Index("ix_orders_patient_id", "patient_id"),
    Index("ix_orders_name_key", "name_key"),
    Index("ix_orders_procedure_id", "procedure_id"),
    Index("ix_orders_updated_at", "updated_at"),
)

performed_steps = Table(  # what modalities report by MPPS
    "performed_steps",
    metadata,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("peer", String(64), nullable=False),  # code, or the AE title of a caller that the registry does not know
    Column("patient_id", String(64), nullable=False),
    Column("study_uid", String(64), nullable=False),  # of the first scheduled step
    Column("step_id", String(64), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("description", String(256), nullable=False),
    Column("station_ae", String(64), nullable=False),
    Column("station_name", String(64), nullable=False),
    Column("started", String(32), nullable=False),  # DA and TM joined by a blank
    Column("ended", String(32), nullable=False),
    Column("series", JSON, nullable=False),  # [{uid, description, protocol, instances: [SOP Instance UID]}]
    Column("shortcomings", JSON, nullable=False),  # what the modality left out, or what does not fit the order
    Column("attributes", JSON, nullable=False),  # DICOM JSON of all that was said, later words over earlier ones
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_performed_steps_study_uid", "study_uid"),
    Index("ix_performed_steps_updated_at", "updated_at"),
)

performed_orders = Table(  # which orders a performed step is about; none: it was not scheduled here
    "performed_orders",
    metadata,
    Column("sop_instance_uid", ForeignKey("performed_steps.sop_instance_uid"), primary_key=True),
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Index("ix_performed_orders_order_id", "order_id"),
)

worklist_questions = Table(  # what modalities asked lately, and were told
    "worklist_questions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("caller", String(64), nullable=False),  # the peer's code, else its AE title
    Column("calling_ae", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("keys", JSON, nullable=False),  # [{key, value}]
    Column("ignored", JSON, nullable=False),  # keywords of keys that were not looked at for this caller
    Column("answered", Integer, nullable=False),
    Column("ending", String(16), nullable=False),  # success | cancelled | limit | gone
    Column("looked_at", Integer, nullable=False),  # orders that the reasons below are about
    Column("left_out", JSON, nullable=False),  # [{because, orders, only, found: [value]}]
    Column("milliseconds", Float, nullable=False),
    Index("ix_worklist_questions_caller", "caller", "id"),
)
