"""Critical findings are escalated again until somebody has taken note"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("critical_findings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE critical_findings SET remind_at = due_at")  # what is open and overdue is told again at once
    with op.batch_alter_table("critical_findings", schema=None) as batch_op:
        batch_op.alter_column("remind_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.drop_index("ix_critical_findings_state")
        batch_op.create_index("ix_critical_findings_remind", ["state", "remind_at"], unique=False)
