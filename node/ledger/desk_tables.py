"""The tables of the reading desk beside tasks and reports: letters between hospitals, notices, people's settings,
measurements, critical findings, second opinions. Part of `schema.metadata`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from node.ledger.schema import Key, Utc, metadata

letters = Table(  # what two hospitals say to each other about a study, beside images and reports; kept at both
    "letters",
    metadata,
    Column("number", Key, primary_key=True),  # also the cursor of the exchange between nodes
    Column("id", String(32), nullable=False, unique=True),
    Column("study_uid", String(64), nullable=False),  # as this node knows it
    Column("node", String(32), nullable=False),  # facility code of the writer
    Column("kind", String(16), nullable=False),  # node.domain.letter.LetterKind
    Column("about", String(32), nullable=False),  # id of the letter that it answers; empty: none
    Column("author", String(200), nullable=False),  # display name; never a patient's
    Column("username", String(64), nullable=False),  # of who wrote it here; empty: written elsewhere
    Column("body", JSON, nullable=False),
    Column("at", Utc, nullable=False),  # written
    Column("received_at", Utc, nullable=False),  # kept here
    Index("ix_letters_study", "study_uid"),
)

notices = Table(  # what people are told in the application
    "notices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),  # the same thing is said once
    Column("audience", String(80), nullable=False),  # a username, or "role:" and a role
    Column("kind", String(32), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("task_id", String(32), nullable=False),
    Column("detail", JSON, nullable=False),  # never a patient's name or identifier
    Column("at", Utc, nullable=False),
    Column("over_at", Utc),  # what it was about is done
    Index("ix_notices_audience", "audience", "at"),
)

notice_reads = Table(
    "notice_reads",
    metadata,
    Column("notice_id", ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True),
    Column("username", String(64), primary_key=True),
    Column("at", Utc, nullable=False),
)

preferences = Table(  # what a person has set up: filters, hanging protocols, keys, macros
    "preferences",
    metadata,
    Column("username", String(64), primary_key=True),  # empty: the site's own, for all who have none
    Column("name", String(32), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", Utc, nullable=False),
)

reader_profiles = Table(  # what a radiologist may read, and when
    "reader_profiles",
    metadata,
    Column("username", ForeignKey("users.username", ondelete="CASCADE"), primary_key=True),
    Column("licence_number", String(32), nullable=False),
    Column("seniority", String(16), nullable=False),  # trainee | reader | senior
    Column("modalities", JSON, nullable=False),  # licensed scope; empty: all
    Column("specialities", JSON, nullable=False),  # sub-specialities; empty: all
    Column(
        "on_call", JSON, nullable=False
    ),  # [{"days": [0 Monday … 6], "from": "07:00", "to": "15:00"}]; empty: always
    Column("updated_at", Utc, nullable=False),
)

second_opinions = Table(
    "second_opinions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("task_id", ForeignKey("reading_tasks.id"), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_of", String(64), nullable=False),  # empty: whoever takes it
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_by", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # open | answered | withdrawn
    Column("asked_at", Utc, nullable=False),
    Column("answered_at", Utc),
    Index("ix_second_opinions_task", "task_id"),
    Index("ix_second_opinions_asked_of", "asked_of", "state"),
)

marks = Table(  # measurements and marks on images, saved as they are drawn
    "marks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("study_uid", ForeignKey("studies.uid"), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("frame", Integer, nullable=False),  # from 1
    Column("kind", String(24), nullable=False),  # node.domain.measurement.MeasurementKind
    Column("content", JSON, nullable=False),  # the rest of node.domain.measurement.Measurement
    Column("author", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_marks_study", "study_uid"),
)

critical_findings = Table(
    "critical_findings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("task_id", ForeignKey("reading_tasks.id"), nullable=False),
    Column("category", Integer, nullable=False),  # 1 minutes, 2 hours, 3 days
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),  # raised | told | noted | withdrawn
    Column("raised_by", String(64), nullable=False),
    Column("raised_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),  # somebody at the origin must have taken note by then
    Column("remind_at", Utc, nullable=False),  # when it is escalated next, as long as it is open
    Column("told_at", Utc),  # the origin's node has it
    Column("channel", String(16), nullable=False),  # application | telephone | video | message
    Column("noted_by", String(200), nullable=False),  # who took note at the origin, with the role
    Column("read_back", Boolean, nullable=False),
    Column("noted_at", Utc),
    Column("escalated_at", Utc),  # the last time
    Index("ix_critical_findings_task", "task_id"),
    Index("ix_critical_findings_remind", "state", "remind_at"),
)

webhook_calls = Table(  # what the hospital's own systems are to be told, until they have it
    "webhook_calls",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(200), nullable=False),
    Column("event", String(32), nullable=False),
    Column("body", JSON, nullable=False),  # never a patient's name or identifier
    Column("made_at", Utc, nullable=False),
    Column("delivered_at", Utc),
    UniqueConstraint("key", name="uq_webhook_calls_key"),
)
