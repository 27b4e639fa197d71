"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring an empty database to the first shape."""
    op.create_table(
        "consultation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("opens", sa.String(27), nullable=False),
        sa.Column("closes", sa.String(27), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("receipt_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("position"),
    )
    op.create_index("ix_ledger_entry_receipt_id", "ledger_entry", ["receipt_id"], unique=False)

    op.create_table(
        "number",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "original",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("stored_at", sa.String(27), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("finished_at", sa.String(27), nullable=True),
        sa.Column("balanced", sa.Boolean(), nullable=True),
        sa.Column("sandbox", sa.String(), nullable=False),
        sa.Column("report", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.String(27), nullable=True),
        sa.Column("arrived_basis", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("stored_at", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=True),
        sa.Column("receipt_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.ForeignKeyConstraint(["sha256"], ["original.sha256"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delivery_channel", "delivery", ["channel"], unique=False)
    op.create_index("ix_delivery_sha256", "delivery", ["sha256"], unique=False)

    op.create_table(
        "run_channel",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("listing_count", sa.Integer(), nullable=True),
        sa.Column("listing_digest", sa.String(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=True),
        sa.Column("unknown", sa.Integer(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("vanished", sa.Integer(), nullable=True),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("run_id", "channel"),
    )
    op.create_table(
        "waiting",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("channel", "source_key"),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("path_named", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.String(27), nullable=True),
        sa.Column("arrived_basis", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.String(27), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("next_step", sa.Text(), server_default="", nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.ForeignKeyConstraint(["sha256"], ["original.sha256"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_receipt_delivery_id", "receipt", ["delivery_id"], unique=False)
    op.create_index("ix_receipt_key", "receipt", ["channel", "source_key"], unique=False)
    op.create_index("ix_receipt_outcome", "receipt", ["channel", "outcome"], unique=False)
    op.create_index("ix_receipt_sha256", "receipt", ["sha256"], unique=False)

    op.create_table(
        "part",
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "item", "number"),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("reading_receipt_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("written_at", sa.String(27), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("consultation", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=True),
        sa.Column("received_basis", sa.String(), nullable=False),
        sa.Column("late", sa.String(5), nullable=False),
        sa.Column("respondent_kind", sa.String(), nullable=False),
        sa.Column("respondent_role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("places", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("answers", sa.Text(), server_default="", nullable=False),
        sa.Column("signatures", sa.Integer(), nullable=True),
        sa.Column("consent_to_publish", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("exclusion_reason", sa.String(), nullable=False),
        sa.Column("duplicate_of", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("needs", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("confidence", sa.String(4), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("original_sha256", sa.String(), nullable=False),
        sa.Column("pages", sa.String(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("reader_version", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("reviewed_at", sa.String(27), nullable=True),
        sa.Column("posted_on", sa.String(10), nullable=True),
        sa.Column("late_decision", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("translation", sa.Text(), server_default="", nullable=False),
        sa.Column("relayed_by", sa.String(), nullable=False),
        sa.Column("on_behalf_of", sa.String(), nullable=False),
        sa.Column("people", sa.String(), nullable=False),
        sa.Column("signatures_claimed", sa.Integer(), nullable=True),
        sa.Column("confidentiality_asked", sa.String(), nullable=False),
        sa.Column("paper_ref", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text_cut", sa.Integer(), nullable=False),
        sa.Column("likely_duplicate_of", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["reading_receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("receipt_id", "ordinal"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index("ix_response_channel", "response", ["channel"], unique=False)
    op.create_index("ix_response_status", "response", ["status"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "container", "source_key", "version"),
    )
    op.create_index("ix_sighting_delivery_id", "sighting", ["delivery_id"], unique=False)
    op.create_index("ix_sighting_key", "sighting", ["channel", "source_key"], unique=False)
    op.create_index("ix_sighting_receipt_id", "sighting", ["receipt_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=True),
        sa.Column("receipt_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_decision_receipt_id", "decision", ["receipt_id"], unique=False)
    op.create_index("ix_decision_response_id", "decision", ["response_id"], unique=False)

    op.create_table(
        "monitoring_answer",
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("response_id", "question"),
    )
    op.create_table(
        "response_receipt",
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("response_id", "receipt_id"),
    )
    op.create_index("ix_response_receipt_receipt_id", "response_receipt", ["receipt_id"], unique=False)

    op.create_table(
        "response_version",
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("written_at", sa.String(27), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("response_id", "revision"),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("reader_version", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"]),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"]),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evidence_response_id", "evidence", ["response_id"], unique=False)
