"""Searches: words of names, more attributes of studies, indexes"""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from node.domain.person_name import index_words

revision = "0002"
down_revision = "0001"

_PIECE = 500
_ADDED = (("study_id", 64, "00200010"), ("referring_physician", 324, "00080090"), ("timezone", 5, "00080201"))
_PREFIXES = ("patient_id", "accession_number", "study_id")

_studies = sa.table(
    "studies", *(sa.column(name) for name in ("uid", "patient_name", "name_key", *(name for name, _, _ in _ADDED)))
)
_instances = sa.table("instances", sa.column("id"), sa.column("study_uid"), sa.column("header"))


def upgrade() -> None:
    op.create_table(
        "name_words",
        sa.Column("word", sa.String(324).with_variant(sa.String(324, collation="C"), "postgresql"), nullable=False),
        sa.Column("name_key", sa.String(length=324), nullable=False),
        sa.PrimaryKeyConstraint("word", "name_key", name=op.f("pk_name_words")),
        sqlite_with_rowid=False,
    )
    for name, length, _ in _ADDED:
        op.add_column("studies", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    _fill_names()
    _fill_attributes()
    for index in ("ix_studies_patient_id", "ix_studies_accession_number", "ix_studies_study_date"):
        op.drop_index(index, "studies")
    for name in _PREFIXES:
        op.create_index(f"ix_studies_{name}", "studies", [name], postgresql_ops={name: "text_pattern_ops"})
    op.create_index("ix_studies_study_date", "studies", ["study_date", "modalities"])
    op.create_index("ix_studies_first_received_at", "studies", ["first_received_at", "uid"])
    op.create_index("ix_series_uid", "series", ["uid"])
    op.drop_index("ix_instances_study", "instances")
    op.create_index("ix_instances_study", "instances", ["study_uid", "series_uid", "current"])


def _fill_names() -> None:
    add = sa.text("INSERT INTO name_words (word, name_key) VALUES (:word, :name_key) ON CONFLICT DO NOTHING")
    for piece in _pieces(_studies.c.patient_name, _studies.c.name_key):
        rows = {(word, row.name_key) for row in piece for word in index_words(row.patient_name)}
        if rows:
            op.get_bind().execute(add, [{"word": word, "name_key": key} for word, key in sorted(rows)])


def _fill_attributes() -> None:
    connection = op.get_bind()
    first = sa.select(sa.func.min(_instances.c.id)).group_by(_instances.c.study_uid)
    change = sa.update(_studies).where(_studies.c.uid == sa.bindparam("of_study"))
    for piece in _pieces():
        of_piece = first.where(_instances.c.study_uid.in_([row.uid for row in piece]))
        rows = connection.execute(
            sa.select(_instances.c.study_uid, _instances.c.header).where(_instances.c.id.in_(of_piece))
        )
        found = [{"of_study": row.study_uid, **_attributes(row.header)} for row in rows]
        if found:
            connection.execute(change.values({name: sa.bindparam(f"new_{name}") for name, _, _ in _ADDED}), found)


def _attributes(header: bytes) -> dict[str, str]:
    try:
        model = json.loads(zlib.decompress(header))
    except (zlib.error, ValueError):  # rows of tests and of other tools
        model = {}
    return {f"new_{name}": _text(model.get(tag, {}))[:length] for name, length, tag in _ADDED}


def _text(element: dict[str, Any]) -> str:
    value = (element.get("Value") or [""])[0]
    if isinstance(value, dict):
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        return "=".join(str(value.get(group, "")) for group in groups).rstrip("=")
    return str(value or "").strip()


def _pieces(*columns: Any) -> Iterator[list[Any]]:
    """All studies, a piece at a time, in the order of their UIDs."""
    after = ""
    while True:
        query = sa.select(_studies.c.uid, *columns).where(_studies.c.uid > after).order_by(_studies.c.uid)
        rows = list(op.get_bind().execute(query.limit(_PIECE)))
        if not rows:
            return
        yield rows
        after = rows[-1].uid


def downgrade() -> None:
    op.drop_index("ix_instances_study", "instances")
    op.create_index("ix_instances_study", "instances", ["study_uid", "series_uid"])
    op.drop_index("ix_series_uid", "series")
    op.drop_index("ix_studies_first_received_at", "studies")
    for name in (*_PREFIXES, "study_date"):
        op.drop_index(f"ix_studies_{name}", "studies")
    for name in ("patient_id", "accession_number", "study_date"):
        op.create_index(f"ix_studies_{name}", "studies", [name])
    for name, _, _ in _ADDED:
        op.drop_column("studies", name)
    op.drop_table("name_words")
