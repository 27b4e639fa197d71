"""Messages that a mail server has built anew: what stays of them, and which pairs a person is asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add three tables; what is kept stays as it is."""
    op.create_table(
        "identity",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["original.sha256"]),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index("ix_identity_digest", "identity", ["digest"], unique=False)

    op.create_table(
        "rebuilt_batch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "rebuilt_pair",
        sa.Column("receipt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("older_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["rebuilt_batch.id"]),
        sa.ForeignKeyConstraint(["older_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_index("ix_rebuilt_pair_batch_id", "rebuilt_pair", ["batch_id"], unique=False)
    op.create_index("ix_rebuilt_pair_older_id", "rebuilt_pair", ["older_id"], unique=False)
