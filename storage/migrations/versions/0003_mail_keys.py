"""What messages are found by, and by when what is passed on must be answered."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the keys of messages and the due date of a decision."""
    op.create_table(
        "mail_key",
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "item", "kind", "value"),
    )
    op.create_index("ix_mail_key", "mail_key", ["kind", "value"], unique=False)
    op.add_column("decision", sa.Column("due", sa.String(10), nullable=True))
