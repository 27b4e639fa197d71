"""The header of each table that was split, rows that stand twice in one file, and rows that were typed from paper."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "layout",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("header", sa.Text(), server_default="", nullable=False),
        sa.Column("uses", sa.Text(), server_default="", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accounted", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"]),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index("ix_layout_channel", "layout", ["channel"], unique=False)
    op.create_table(
        "repeated_row",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("delivery_id", "place"),
    )
    op.create_table(
        "entered_row",
        sa.Column("response_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), server_default="", nullable=False),
        sa.Column("named", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.Column("letter_revision", sa.Integer(), nullable=True),
        sa.Column("row_revision", sa.Integer(), nullable=True),
        sa.Column("conflicting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["letter_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("response_id"),
    )
    op.create_index("ix_entered_row_letter_id", "entered_row", ["letter_id"], unique=False)
