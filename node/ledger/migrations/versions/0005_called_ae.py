"""The AE title that was called, for routes"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("instances", sa.Column("called_ae", sa.String(length=16), nullable=False, server_default=""))
