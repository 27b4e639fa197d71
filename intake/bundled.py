"""A call with all that came with it, as its reader gets it: documents and transcripts whole, of audio the name only."""

import msgspec

from intake.reading.callfacts import CALL, MESSAGE, Held
from intake.reading.sandbox import ReadJob
from intake.receive import ChannelRun
from storage import further, receipts
from storage.receipts import ReceiptView

CALL_TYPES = frozenset({CALL, MESSAGE})
"""The kinds of originals that are calls or text messages of a telephone service, and grow."""
_LONGEST = 32 << 20  # of a document or a transcript: a day of talking has 2 MB
FURTHER = "further"
"""The option of such a job that says how many further originals are in it."""


def call_job(current: ChannelRun, receipt: ReceiptView) -> ReadJob:
    """The job that reads a call with all its originals.

    Raises:
        OriginalDamaged: one that is opened is missing, or has other bytes than were received.
    """
    with current.database.read() as tx:
        more = further.of_receipt(tx, receipt.id)
        sizes = {sha256: row.size for sha256 in {receipt.sha256, *(one.sha256 for one in more)}
                 if (row := receipts.original(tx, sha256)) is not None}  # fmt: skip
    named: list[tuple[str, str, str, dict[str, str]]] = [("", receipt.sha256, receipt.media_type, {})]
    named += [(one.name, one.sha256, one.media_type, one.facts) for one in more]
    held = []
    for name, sha256, media_type, facts in named:
        size = sizes.get(sha256, 0)
        opened = not media_type.startswith(("audio/", "video/")) and size <= _LONGEST
        held.append(Held(name, media_type, size, facts, current.originals.read(sha256) if opened else b""))
    options = {FURTHER: max((one.number for one in more), default=0)}
    return ReadJob(receipt.id, None, msgspec.msgpack.encode(held), receipt.media_type, options)
