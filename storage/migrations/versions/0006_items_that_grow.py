"""Items that grow: the further originals of a receipt, and what a source announced and did not hand over."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "further_original",
        sa.Column("receipt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("is_read", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["sha256"], ["original.sha256"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "number"),
        sa.UniqueConstraint("receipt_id", "name", "sha256"),
    )
    op.create_index("ix_further_original_sha256", "further_original", ["sha256"], unique=False)
    op.create_index("ix_further_original_is_read", "further_original", ["is_read"], unique=False)
    op.create_table(
        "lacking",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("channel", "source_key"),
    )
