"""The bodies of an IMAP mailbox, batch by batch: what the server hands over, and what it lists and withholds.

Nothing that a server says about a size is ever held against a body: Exchange reports the sizes that it stores, others
make them up. Sizes only shape the batches.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from channels.base import Arrival, Listing, Missed
from channels.imap_session import NotAnswered, Session

GONE = "The server no longer has this message in this mailbox: the next listing shows whether it was moved or deleted."
_WITHHELD = (
    "The server lists this message and does not hand it over: later runs try again; if it stays so, save the message "
    "as a file (.eml or .msg) and put it into the folder of a channel, then take it out of this mailbox."
)


def batches(session: Session, uids: Sequence[int], most_messages: int) -> Iterator[list[int]]:
    """UIDs in batches that fit into memory, of at most so many messages.

    To ask for each size would cost a third of a fetch's CPU [measured], so the server is asked which messages are
    larger than their share of a batch, and for the sizes of those only.
    """
    most, share = session.account.batch_bytes, session.account.batch_bytes // session.account.batch_messages
    sizes = _large(session, uids, share)
    batch: list[int] = []
    total = 0
    for uid in uids:
        size = sizes.get(uid, share)
        if batch and (total + size > most or len(batch) == most_messages):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    yield batch


def _large(session: Session, uids: Sequence[int], share: int) -> dict[int, int]:
    """The sizes of the messages that are larger than ``share``, in bytes by UID."""
    try:
        large = set(session.larger(uids, share))
    except NotAnswered:
        large = set(uids)
    asked = [uid for uid in uids if uid in large]
    sizes: dict[int, int] = {}
    for start in range(0, len(asked), session.account.batch_messages):
        part = asked[start : start + session.account.batch_messages]
        try:
            sizes |= session.sizes(part)
        except NotAnswered:
            sizes |= dict.fromkeys(part, session.account.batch_bytes)  # each in a batch of its own
    return sizes


def fetch_batch(
    session: Session, mailbox: str, role: str, batch: Sequence[tuple[int, Listing]]
) -> Iterator[tuple[int, Arrival | Missed]]:
    """Each message of a batch by its UID: its bytes as the server has them, or why it does not hand them over."""
    said = {"mailbox": mailbox} | ({"mailbox_role": role} if role else {})
    found = _bodies(session, [uid for uid, _ in batch])
    missing = [uid for uid, _ in batch if not found.get(uid, (None, None))[0]]
    still_there = _still_there(session, missing) if missing else set()
    empty = _empty(session, [uid for uid in missing if uid in still_there and found.get(uid, (None, None))[0] == b""])
    for uid, listing in batch:
        body, arrived_at = found.pop(uid, (None, None))
        if body or (body is not None and uid in empty):
            yield uid, _arrival(listing, body, arrived_at, said | {"uid": str(uid)})
        else:
            # Dovecot answers with 0 bytes for a message that another session has just expunged.
            yield uid, Missed(listing.source_key, listing.version, _WITHHELD if uid in still_there else GONE)


def _arrival(listing: Listing, body: bytes, arrived_at: datetime | None, facts: dict[str, str]) -> Arrival:
    return Arrival(
        source_key=listing.source_key, version=listing.version, original=body, media_type="message/rfc822",
        arrived_at=arrived_at, arrived_basis="internaldate", facts=facts,
    )  # fmt: skip


def _bodies(session: Session, uids: Sequence[int]) -> dict[int, tuple[bytes | None, datetime | None]]:
    """Bodies and dates by UID. If a server refuses a batch for the sake of one message, only that is left out."""
    try:
        return session.bodies(uids)
    except NotAnswered:
        if len(uids) == 1:
            return {}
    half = len(uids) // 2
    return _bodies(session, uids[:half]) | _bodies(session, uids[half:])


def _still_there(session: Session, uids: Sequence[int]) -> set[int]:
    """Those messages that the server still has; all of them if it does not say."""
    try:
        return set(session.sizes(uids))
    except NotAnswered:
        return set(uids)


def _empty(session: Session, uids: Sequence[int]) -> set[int]:
    """Those messages, handed over with 0 bytes, that have none: once received they would never be asked for again.

    Believed only if the server says it in three ways: as the size, as an answer to SEARCH, and as a body once more.
    """
    if not uids:
        return set()
    try:
        sizes, found = session.sizes(uids), set(session.empty(uids))
    except NotAnswered:
        return set()
    asked = [uid for uid in uids if sizes.get(uid) == 0 and uid in found]
    return {uid for uid, (body, _) in _bodies(session, asked).items() if body == b""} if asked else set()
