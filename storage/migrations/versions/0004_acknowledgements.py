"""Acknowledgements: what was sent to whom, and since when a channel does so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables of acknowledgements, and a run's alarm."""
    op.create_table(
        "acknowledging_since",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("receipt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("answers", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.String(27), nullable=True),
        sa.Column("written_at", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_index("ix_acknowledgement_channel", "acknowledgement", ["channel"], unique=False)
    op.create_index("ix_acknowledgement_address", "acknowledgement", ["address"], unique=False)
    op.add_column("run_channel", sa.Column("alarm", sa.String(), nullable=True))
