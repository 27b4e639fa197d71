"""The tables. Rows are written through Core in batches; validation is the plain models' business (``schema.py``).

JSON stands in text columns as canonical JSON (RFC 8785), so that both databases give back the bytes they got.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import IsoDate, Joined, TrueFalse, TwoDecimals, UtcTime


def _utc(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(UtcTime(), nullable=nullable))


def _text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text(), nullable=False, server_default=""))


class Consultation(SQLModel, table=True):
    """The one consultation of this home."""

    id: str = Field(primary_key=True)
    title: str
    prefix: str
    opens: datetime = _utc()
    closes: datetime = _utc()
    timezone: str


class Number(SQLModel, table=True):
    """Counters that give numbers without gaps: a receipt that has disappeared leaves a hole that shows."""

    name: str = Field(primary_key=True)
    last: int


class Run(SQLModel, table=True):
    """One scheduled run. ``report`` is the JSON that ``intake run --json`` printed."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    started_at: datetime = _utc()
    finished_at: datetime | None = _utc(nullable=True)
    balanced: bool | None = None
    sandbox: str
    report: str = _text()


class RunChannel(SQLModel, table=True):
    """What one run found in one channel. The listing itself is not kept: its count and the digest of its sorted
    keys."""

    __tablename__ = "run_channel"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    channel: str = Field(primary_key=True)
    listing_count: int | None = None
    listing_digest: str | None = None
    listed: int | None = None
    unknown: int | None = None
    waiting: int | None = None
    vanished: int | None = None
    received: int = 0
    error: str | None = None
    alarm: str | None = None


class Original(SQLModel, table=True):
    """Bytes as they came, named by their SHA-256: a file of the store, or (rows of a table) ``content`` right here."""

    sha256: str = Field(primary_key=True)
    size: int
    media_type: str
    stored_at: datetime = _utc()
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    erased_at: datetime | None = _utc(nullable=True)


class Delivery(SQLModel, table=True):
    """A file that holds many items. ``state``: stored or copy (to be split), split, refused (it can't be) or repeat."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    channel: str = Field(index=True)
    source_key: str
    sha256: str = Field(foreign_key="original.sha256", index=True)
    media_type: str
    arrived_at: datetime | None = _utc(nullable=True)
    arrived_basis: str
    facts: str = _text("{}")
    stored_at: datetime = _utc()
    run_id: int = Field(foreign_key="run.id")
    state: str
    items: int | None = None
    receipt_id: int | None = None
    salt: str


class Receipt(SQLModel, table=True):
    """The durable record that one item arrived. ``kind``: item (a whole message or file), row, or file (a delivery that
    is accounted for as one: refused, or a repeat). A receipt of a delivery counts once the delivery is split."""

    __table_args__ = (
        Index("ix_receipt_key", "channel", "source_key"),
        Index("ix_receipt_outcome", "channel", "outcome"),
    )

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    channel: str
    kind: str
    source_key: str
    version: str
    path_named: bool = False
    sha256: str = Field(foreign_key="original.sha256", index=True)
    media_type: str
    arrived_at: datetime | None = _utc(nullable=True)
    arrived_basis: str
    facts: str = _text("{}")
    taken_at: datetime = _utc()
    run_id: int = Field(foreign_key="run.id")
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    place: int | None = None
    outcome: str
    reason: str = _text()
    next_step: str = _text()
    salt: str


class Sighting(SQLModel, table=True):
    """A key and version under which a receipt's bytes (or a delivery's) were listed. ``container`` is the path of the
    delivery that shows the item, "" for a whole one; ``delivery_id`` the newest delivery there that shows it."""

    __table_args__ = (
        UniqueConstraint("channel", "container", "source_key", "version"),
        Index("ix_sighting_key", "channel", "source_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    container: str = ""
    source_key: str
    version: str
    receipt_id: int | None = Field(default=None, foreign_key="receipt.id", index=True)
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    place: int | None = None
    run_id: int = Field(foreign_key="run.id")
    seen_at: datetime = _utc()


class Waiting(SQLModel, table=True):
    """An item that is listed and can't be handed over yet."""

    channel: str = Field(primary_key=True)
    source_key: str = Field(primary_key=True)
    version: str
    reason: str
    since: datetime = _utc()
    run_id: int = Field(foreign_key="run.id")


class FurtherOriginal(SQLModel, table=True):
    """A further original of a receipt that grows, by its number from 1: the item's own bytes in a later version (its
    name is ""), or something that came with it, under its name in the source. ``is_read``: a reading has taken it in.
    All else is only added."""

    __tablename__ = "further_original"
    __table_args__ = (UniqueConstraint("receipt_id", "name", "sha256"),)

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id", sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    sha256: str = Field(foreign_key="original.sha256", index=True)
    media_type: str
    facts: str = _text("{}")
    taken_at: datetime = _utc()
    run_id: int | None = Field(default=None, foreign_key="run.id")
    salt: str
    is_read: bool = Field(default=False, index=True)


class Lacking(SQLModel, table=True):
    """An item of which something was announced and could not be had: it is asked for again for some days."""

    channel: str = Field(primary_key=True)
    source_key: str = Field(primary_key=True)
    version: str
    reason: str
    since: datetime = _utc()
    run_id: int = Field(foreign_key="run.id")


class PartRow(SQLModel, table=True):
    """A readable piece of a receipt's original. ``item`` is 0 for the item itself, n for its n-th forwarded message;
    ``document`` is the part without text and words; ``words`` its words with boxes (msgpack, zlib)."""

    __tablename__ = "part"

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id")
    item: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    reader: str
    document: str = _text()
    text: str = _text()
    words: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))


class ReadingRow(SQLModel, table=True):
    """What a reading said of a receipt's original beside its parts: facts and needs (JSON), for documents. With these a
    person's split or join is worked out without reading anything again."""

    __tablename__ = "reading"

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id", sa_column_kwargs={"autoincrement": False})
    reader: str
    facts: str = _text("{}")
    needs: str = _text("[]")


class MailKey(SQLModel, table=True):
    """What a message is found by. ``kind``: id (its own), names (one that it answers or refers to), service (a domain
    that sent it out), or sent (the id of a message that we sent about it). ``item`` is 0 for the receipt's message, n
    for the n-th one forwarded in it."""

    __tablename__ = "mail_key"
    __table_args__ = (Index("ix_mail_key", "kind", "value"),)

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id")
    item: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(sa_column=Column(Text(), primary_key=True))


class ResponseRow(SQLModel, table=True):
    """A response as it stands now. ``revision`` counts its writes; ``cause`` is reading or decision; ``base_revision``
    is the newest revision that holds what the machine read, before any person's word. ``pieces`` says which parts of
    its receipts it is (JSON: receipt, first and last part), "" for all of its own; ``joined_into`` is the reference of
    the response that it is a part of now: then it is none of its own any more."""

    __tablename__ = "response"
    __table_args__ = (UniqueConstraint("receipt_id", "ordinal"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    receipt_id: int = Field(foreign_key="receipt.id")
    ordinal: int = 1
    item: int = 0
    reading_receipt_id: int = Field(foreign_key="receipt.id")
    revision: int = 1
    cause: str
    written_at: datetime = _utc()
    salt: str
    pieces: str = _text()
    joined_into: str = _text()
    reference: str = Field(unique=True)
    consultation: str
    channel: str = Field(index=True)
    received_at: datetime | None = _utc(nullable=True)
    received_basis: str
    late: bool | None = Field(default=None, sa_column=Column(TrueFalse(), nullable=False))
    respondent_kind: str
    respondent_role: str
    name: str
    organisation: str
    email: str
    phone: str
    address: str
    postcode: str
    places: tuple[str, ...] = Field(sa_column=Column(Joined(), nullable=False))
    language: str
    text: str = _text()
    answers: str = _text("{}")
    signatures: int | None = None
    consent_to_publish: str
    status: str = Field(index=True)
    exclusion_reason: str
    duplicate_of: str
    campaign: str
    needs: tuple[str, ...] = Field(sa_column=Column(Joined(), nullable=False))
    method: str
    confidence: float | None = Field(default=None, sa_column=Column(TwoDecimals(), nullable=True))
    source: str
    original_sha256: str
    pages: str
    run: int | None = None
    reader_version: str
    reviewed_by: str
    reviewed_at: datetime | None = _utc(nullable=True)
    posted_on: date | None = Field(default=None, sa_column=Column(IsoDate(), nullable=True))
    late_decision: str
    words: str
    translation: str = _text()
    relayed_by: str
    on_behalf_of: str
    people: tuple[str, ...] = Field(sa_column=Column(Joined(), nullable=False))
    signatures_claimed: int | None = None
    confidentiality_asked: str
    paper_ref: str
    version: int
    text_cut: int
    likely_duplicate_of: tuple[str, ...] = Field(sa_column=Column(Joined(), nullable=False))


class ResponseReceipt(SQLModel, table=True):
    """Which receipts stand behind a response: one, or a row's further versions."""

    __tablename__ = "response_receipt"

    response_id: int = Field(primary_key=True, foreign_key="response.id")
    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id", index=True)


class ResponseVersion(SQLModel, table=True):
    """A state that a response had before: its whole row as canonical JSON, with the salt of its commitment."""

    __tablename__ = "response_version"

    response_id: int = Field(primary_key=True, foreign_key="response.id")
    revision: int = Field(primary_key=True)
    cause: str
    written_at: datetime = _utc()
    salt: str
    document: str = _text()


class EvidenceRow(SQLModel, table=True):
    """Evidence for a response's fields: one document per reading, or one per thing that a person wrote. Only added."""

    __tablename__ = "evidence"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    response_id: int = Field(foreign_key="response.id", index=True)
    revision: int
    receipt_id: int | None = Field(default=None, foreign_key="receipt.id")
    decision_id: int | None = Field(default=None, foreign_key="decision.id")
    by: str = ""
    at: datetime = _utc()
    reader_version: str
    document: str = _text()


class MonitoringAnswer(SQLModel, table=True):
    """An answer to a monitoring question, kept apart from the responses and out of every export."""

    __tablename__ = "monitoring_answer"

    response_id: int = Field(primary_key=True, foreign_key="response.id")
    question: str = Field(primary_key=True)
    answer: str = _text()


class Decision(SQLModel, table=True):
    """What a person did to a response or a receipt. ``due``: by when what was passed on must be answered. Undone is a
    mark; nothing is taken away."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    response_id: int | None = Field(default=None, foreign_key="response.id", index=True)
    receipt_id: int | None = Field(default=None, foreign_key="receipt.id", index=True)
    action: str
    value: str = _text()
    reason: str = _text()
    version: int = 1
    before: str = _text()
    by: str
    at: datetime = _utc()
    due: date | None = Field(default=None, sa_column=Column(IsoDate(), nullable=True))
    undone_by: int | None = None
    salt: str


class Identity(SQLModel, table=True):
    """What stays of a message when a server builds its bytes anew (a digest), by the SHA-256 of the bytes."""

    sha256: str = Field(primary_key=True, foreign_key="original.sha256")
    digest: str = Field(index=True)


class RebuiltBatch(SQLModel, table=True):
    """Receipts of one channel that look like older ones in new bytes: one suggestion to a person. ``decision_id`` is
    the decision that holds on it, if any; ``flagged`` whether the responses of its pairs say what follows from it."""

    __tablename__ = "rebuilt_batch"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    channel: str
    run_id: int = Field(foreign_key="run.id")
    made_at: datetime = _utc()
    decision_id: int | None = Field(default=None, foreign_key="decision.id")
    flagged: bool = False


class RebuiltPair(SQLModel, table=True):
    """A receipt that looks like an older one in new bytes. Only added."""

    __tablename__ = "rebuilt_pair"

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id", sa_column_kwargs={"autoincrement": False})
    older_id: int = Field(foreign_key="receipt.id", index=True)
    batch_id: int = Field(foreign_key="rebuilt_batch.id", index=True)


class AcknowledgingSince(SQLModel, table=True):
    """Since when a channel acknowledges what it receives; no row where it does not."""

    __tablename__ = "acknowledging_since"

    channel: str = Field(primary_key=True)
    since: datetime = _utc()
    run_id: int = Field(foreign_key="run.id")


class Acknowledgement(SQLModel, table=True):
    """What became of the acknowledgement of a receipt: at most one row, and so at most one message, for each.

    ``state``: intended (committed before it is sent), sent, deferred, failed, unsure, skipped, asked or settled (by a
    person). ``reason`` is a word or a server's code. ``answers`` is the Message-ID of what is acknowledged,
    ``message_id`` that of the acknowledgement. ``tried_at`` is the time of the last intent, ``written_at`` of the last
    change. ``asked``: a person wants it sent. ``address`` is in lower case: one recipient, however it was written.
    """

    receipt_id: int = Field(primary_key=True, foreign_key="receipt.id", sa_column_kwargs={"autoincrement": False})
    channel: str = Field(index=True)
    state: str
    reason: str = ""
    reference: str = ""
    address: str = Field(default="", index=True)
    answers: str = _text()
    message_id: str = ""
    asked: bool = False
    attempts: int = 0
    tried_at: datetime | None = _utc(nullable=True)
    written_at: datetime = _utc()
    run_id: int | None = Field(default=None, foreign_key="run.id")
    salt: str


class Layout(SQLModel, table=True):
    """The header of a table that was split (``header``: a JSON list in file order), and what each of its columns filled
    (``uses``, JSON: header -> columns of the schema and other marks). ``rows`` is how many rows the reader counted,
    ``accounted`` how many of them had a receipt or a sighting when all were taken; ``decision_id`` the decision by
    which somebody took a changed header as it is."""

    delivery_id: int = Field(primary_key=True, foreign_key="delivery.id", sa_column_kwargs={"autoincrement": False})
    channel: str = Field(index=True)
    run_id: int = Field(foreign_key="run.id")
    header: str = _text()
    uses: str = _text()
    rows: int
    accounted: int
    decision_id: int | None = Field(default=None, foreign_key="decision.id")


class RepeatedRow(SQLModel, table=True):
    """A place of a file whose row, with the same id and the same values, stands in it again further down."""

    __tablename__ = "repeated_row"

    delivery_id: int = Field(primary_key=True, foreign_key="delivery.id", sa_column_kwargs={"autoincrement": False})
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    receipt_id: int = Field(foreign_key="receipt.id")


class EnteredRow(SQLModel, table=True):
    """What the row of a response says about the paper that it was typed from. ``receipt_id`` is the receipt whose cells
    were looked at, ``headers`` the columns (JSON) and ``named`` the words in them, "" where there are none.

    ``letter_id`` is the response of the letter that the row is joined with, None where it is not; ``letter_revision``
    the revision of that one which holds what was read from the scan alone, ``row_revision`` that of the row which its
    fields come from. ``conflicting``: the row carries ``conflict`` because a person's word on the letter is another.
    """

    __tablename__ = "entered_row"

    response_id: int = Field(primary_key=True, foreign_key="response.id", sa_column_kwargs={"autoincrement": False})
    receipt_id: int = Field(foreign_key="receipt.id")
    headers: str = _text()
    named: str = _text()
    letter_id: int | None = Field(default=None, foreign_key="response.id", index=True)
    letter_revision: int | None = None
    row_revision: int | None = None
    conflicting: bool = False


class LedgerEntry(SQLModel, table=True):
    """One line of the append-only log: its canonical bytes, its leaf, and its position once it is numbered."""

    __tablename__ = "ledger_entry"

    id: int | None = Field(default=None, primary_key=True)
    position: int | None = Field(default=None, unique=True)
    receipt_id: int | None = Field(default=None, index=True)
    body: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
    leaf: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
