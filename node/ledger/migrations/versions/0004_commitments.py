"""Storage commitment: what peers asked of us, what we ask of destinations"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "commitment_requests",
        sa.Column("peer", sa.String(length=64), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("called_ae", sa.String(length=16), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "transaction_uid", name=op.f("pk_commitment_requests")),
    )
    op.create_index("ix_commitment_requests_state", "commitment_requests", ["state"], unique=False)
    op.create_table(
        "commitment_inquiries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("peer", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_commitment_inquiries_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_inquiries")),
        sa.UniqueConstraint("transaction_uid", name=op.f("uq_commitment_inquiries_transaction_uid")),
    )
    op.create_index("ix_commitment_inquiries_delivery", "commitment_inquiries", ["delivery_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_commitment_inquiries_delivery", table_name="commitment_inquiries")
    op.drop_table("commitment_inquiries")
    op.drop_index("ix_commitment_requests_state", table_name="commitment_requests")
    op.drop_table("commitment_requests")
