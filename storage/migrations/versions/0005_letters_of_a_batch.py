"""Letters of a batch: which parts a response is, what is part of another now, and what a reading said of the whole."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table of readings and two columns; blank, as they are in all responses so far, they change nothing."""
    op.create_table(
        "reading",
        sa.Column("receipt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("needs", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.add_column("response", sa.Column("pieces", sa.Text(), server_default="", nullable=False))
    op.add_column("response", sa.Column("joined_into", sa.Text(), server_default="", nullable=False))
