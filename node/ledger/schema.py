"""The tables. A migration under `migrations/` accompanies every change here; `tests/unit/ledger` compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER


class Utc(TypeDecorator[datetime]):
    """An aware UTC time on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the ledger are aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]


registry_revisions = Table(
    "registry_revisions",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Utc, nullable=False),
    Column("applied_by", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", JSON, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("username", String(64), primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("role", String(32), nullable=False),  # radiographer | clinician | radiologist | admin
    Column("password_hash", Text, nullable=False),
    Column("language", String(8), nullable=False, default="vi"),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until", Utc),
    Column("created_at", Utc, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("username", ForeignKey("users.username", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),  # cookie | bearer
    Column("created_at", Utc, nullable=False),
    Column("used_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

studies = Table(
    "studies",
    metadata,
    Column("uid", String(64), primary_key=True),  # Study Instance UID as this node knows it
    Column("state", String(16), nullable=False),
    Column(
        "shadow", Boolean, nullable=False, default=False
    ),  # the pseudonymous twin, at the origin, of one of our studies
    Column("origin", String(32), nullable=False, default=""),  # facility code
    Column("priority", String(16), nullable=False),
    Column("patient_id", String(64), nullable=False, default=""),
    Column("issuer_of_patient_id", String(64), nullable=False, default=""),
    Column("patient_name", String(324), nullable=False, default=""),
    Column("name_key", String(324), nullable=False, default=""),  # accents, Đ, order and spaces folded
    Column("birth_date", String(8), nullable=False, default=""),
    Column("sex", String(16), nullable=False, default=""),
    Column("age", String(4), nullable=False, default=""),
    Column("accession_number", String(64), nullable=False, default=""),
    Column("study_date", String(8), nullable=False, default=""),
    Column("study_time", String(16), nullable=False, default=""),
    Column("description", String(1024), nullable=False, default=""),
    Column("modalities", String(200), nullable=False, default=""),  # backslash-separated, sorted
    Column("body_part", String(64), nullable=False, default=""),
    Column("institution", String(256), nullable=False, default=""),
    Column("study_id", String(64), nullable=False, default="", server_default=""),
    Column("referring_physician", String(324), nullable=False, default="", server_default=""),
    Column(
        "timezone", String(5), nullable=False, default="", server_default=""
    ),  # +HHMM; empty: the objects do not say
    Column("instances", Integer, nullable=False, default=0),
    Column("first_received_at", Utc, nullable=False),
    Column("last_received_at", Utc, nullable=False),
    Column("completed_at", Utc),
    Index("ix_studies_patient_id", "patient_id", postgresql_ops={"patient_id": "text_pattern_ops"}),
    Index("ix_studies_accession_number", "accession_number", postgresql_ops={"accession_number": "text_pattern_ops"}),
    Index("ix_studies_study_id", "study_id", postgresql_ops={"study_id": "text_pattern_ops"}),
    Index("ix_studies_name_key", "name_key"),
    Index("ix_studies_study_date", "study_date", "modalities"),
    Index("ix_studies_first_received_at", "first_received_at", "uid"),
    Index("ix_studies_last_received_at", "last_received_at"),
)

name_words = Table(  # by which patients' names are found: their folded words, and the same without spaces
    "name_words",
    metadata,
    Column("word", String(324).with_variant(String(324, collation="C"), "postgresql"), primary_key=True),
    Column("name_key", String(324), primary_key=True),  # as in studies
    sqlite_with_rowid=False,
)

series = Table(
    "series",
    metadata,
    Column("study_uid", ForeignKey("studies.uid"), primary_key=True),
    Column("uid", String(64), primary_key=True),
    Column("modality", String(16), nullable=False, default=""),
    Column("number", Integer),
    Column("description", String(1024), nullable=False, default=""),
    Column("body_part", String(64), nullable=False, default=""),
    Index("ix_series_uid", "uid"),
)

instances = Table(
    "instances",
    metadata,
    Column("id", Key, primary_key=True),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("study_uid", ForeignKey("studies.uid"), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("sop_class_uid", String(64), nullable=False),
    Column("transfer_syntax_uid", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # of the dataset; names the object in the storage
    Column("size", BigInteger, nullable=False),
    Column("frames", Integer, nullable=False, default=1),
    Column("rows", Integer, nullable=False, default=0),
    Column("columns", Integer, nullable=False, default=0),
    Column("number", Integer),
    Column("header", LargeBinary, nullable=False),  # zlib of the DICOM JSON without bulk data
    Column("via", String(8), nullable=False),
    Column("peer", String(64), nullable=False, default=""),
    Column("facility", String(32), nullable=False, default=""),
    Column("calling_ae", String(16), nullable=False, default=""),
    Column("called_ae", String(16), nullable=False, default="", server_default=""),  # which of our AE titles
    Column("received_at", Utc, nullable=False),
    Column("current", Boolean, nullable=False, default=True),  # False: the same UID came later with other bytes
    Column("conflict", Boolean, nullable=False, default=False),
    UniqueConstraint("sop_instance_uid", "digest", name="uq_instances_sop_digest"),
    Index("ix_instances_study", "study_uid", "series_uid", "current"),
    Index("ix_instances_digest", "digest"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("study_uid", ForeignKey("studies.uid"), nullable=False),
    Column("decided_at", Utc, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Index("ix_decisions_study", "study_uid"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("study_uid", ForeignKey("studies.uid"), nullable=False),
    Column("route", String(64), nullable=False),
    Column("destination", String(64), nullable=False),  # peer code
    Column("plan", JSON, nullable=False),  # identity, profile, compression
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("closed", Boolean, nullable=False, default=False),  # the study is complete: no more instances expected
    Column("outward_uid", String(64), nullable=False, default=""),  # Study Instance UID as the destination knows it
    Column("attempts", Integer, nullable=False, default=0),  # since the last success
    Column("next_attempt_at", Utc),
    Column("last_error", Text, nullable=False, default=""),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    UniqueConstraint("study_uid", "route", "destination", name="uq_deliveries_study_route_destination"),
    Index("ix_deliveries_state", "state"),
    Index("ix_deliveries_destination", "destination", "state"),
    Index("ix_deliveries_outward_uid", "outward_uid"),
)

delivery_items = Table(
    "delivery_items",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id"), primary_key=True),
    Column("instance_id", ForeignKey("instances.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("outward_sop_uid", String(64), nullable=False, default=""),
    Column("digest", String(64), nullable=False, default=""),  # of the bytes that travel
    Column("size", BigInteger, nullable=False, default=0),
    Column("transfer_syntax_uid", String(64), nullable=False, default=""),
    Column("status", String(32), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("delivered_at", Utc),
    Index("ix_delivery_items_outward", "outward_sop_uid"),
)

manifests = Table(  # at the receiving node: what the sending node says a study consists of
    "manifests",
    metadata,
    Column("study_uid", String(64), primary_key=True),
    Column("peer", String(64), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("expected", Integer, nullable=False),  # instances that will come; grows until closed
    Column("withheld", Integer, nullable=False, default=0),  # instances that the origin keeps back
    Column("items", JSON, nullable=False),  # {SOP Instance UID: digest}
    Column("updated_at", Utc, nullable=False),
)

pseudonyms = Table(  # the identity vault: at the origin only, sealed with a key that is not in the database
    "pseudonyms",
    metadata,
    Column("kind", String(8), primary_key=True),  # uid | patient | study
    Column("pseudonym", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Utc, nullable=False),
)

jobs = Table(  # what is to be done; a finished job is no row
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(300), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("generation", Integer, nullable=False, default=0),  # grows when the job is asked for again
    Column("lease_owner", String(64), nullable=False, default=""),
    Column("lease_until", Utc),
    Column("state", String(8), nullable=False, default="open"),  # open | held: a person decides
    Column("last_error", Text, nullable=False, default=""),
    Column("created_at", Utc, nullable=False),
    Index("ix_jobs_due", "state", "due_at"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Key, primary_key=True),  # also the cursor of the exchange of entries between nodes
    Column("study_uid", String(64), nullable=False),
    Column("node", String(32), nullable=False),  # facility code
    Column("hop", String(32), nullable=False),
    Column("key", String(200), nullable=False, default=""),
    Column("at", Utc, nullable=False),
    Column("instances", Integer),
    Column("detail", JSON, nullable=False),
    UniqueConstraint("study_uid", "node", "hop", "key", name="uq_timeline_entry"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("name", String(100), primary_key=True),  # file name in the quarantine folder
    Column("reason", Text, nullable=False),
    Column("via", String(8), nullable=False),
    Column("peer", String(64), nullable=False, default=""),
    Column("calling_ae", String(16), nullable=False, default=""),
    Column("size", BigInteger, nullable=False),
    Column("received_at", Utc, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", String(64), nullable=False),  # username, peer code or "node"
    Column("kind", String(48), nullable=False),
    Column("subject", String(200), nullable=False, default=""),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_at", "at"),
)

cursors = Table(  # how far a conversation with a peer has come
    "cursors",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

reading_tasks = Table(
    "reading_tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("study_uid", ForeignKey("studies.uid"), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),  # 0 emergency, 1 urgent, 2 routine
    Column("instances_received", Integer, nullable=False, default=0),
    Column("instances_expected", Integer),  # None: the sender has not said
    Column("claimed_by", String(64), nullable=False, default=""),
    Column("lease_until", Utc),
    Column("lease_seconds", Integer, nullable=False, default=0, server_default="0"),  # what each sign of life is worth
    Column("assigned_to", String(64), nullable=False, default="", server_default=""),  # empty: whoever takes it
    Column("assigned_by", String(64), nullable=False, default="", server_default=""),
    Column("speciality", String(32), nullable=False, default="", server_default=""),
    Column("clinical_question", Text, nullable=False, default="", server_default=""),
    Column("clock_running_since", Utc),  # the service clock; None: it stands
    Column("clock_used_seconds", Integer, nullable=False, default=0, server_default="0"),  # before that
    Column("escalations", Integer, nullable=False, default=0, server_default="0"),  # since the clock ran out
    Column("ready_at", Utc),
    Column("signed_at", Utc),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_reading_tasks_order", "state", "priority", "ready_at"),
)

reports = Table(
    "reports",
    metadata,
    Column("task_id", ForeignKey("reading_tasks.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(16), nullable=False),  # draft | preliminary | final
    Column("kind", String(16), nullable=False, default="report", server_default="report"),  # report | addendum
    Column("technique", Text, nullable=False, default=""),
    Column("findings", Text, nullable=False, default=""),
    Column("conclusion", Text, nullable=False, default=""),
    Column("recommendation", Text, nullable=False, default=""),
    Column("key_images", JSON, nullable=False),
    Column("language", String(8), nullable=False, default="vi"),
    Column("comparison", Text, nullable=False, default="", server_default=""),
    Column("limitations", Text, nullable=False, default="", server_default=""),
    Column("template", String(32), nullable=False, default="", server_default=""),
    Column("fields", JSON, nullable=False, default=dict, server_default="{}"),  # {field id of the template: value}
    Column("answers", JSON, nullable=False, default=list, server_default="[]"),  # [[question, answer]]
    Column("measurements", JSON, nullable=False, default=list, server_default="[]"),  # as they were when signed
    Column("criticals", JSON, nullable=False, default=list, server_default="[]"),  # the same
    Column("links", JSON, nullable=False, default=list, server_default="[]"),  # worklists.reporting.records.Link
    Column("pages", JSON, nullable=False, default=dict, server_default="{}"),  # {page of a browser: its last save}
    Column("author", String(64), nullable=False),
    Column("signatures", JSON, nullable=False, default=list, server_default="[]"),  # [node.domain.report.Signature]
    Column("sop_instance_uid", String(64), nullable=False, default=""),
    Column("series_instance_uid", String(64), nullable=False, default=""),
    Column("signed_at", Utc),
    Column("updated_at", Utc, nullable=False),
)
