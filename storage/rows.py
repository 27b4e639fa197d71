"""What tables that are delivered again and again say about their rows: newer versions, rows gone, ids used twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, String, and_, func, literal, not_, select, type_coerce

from storage.models import Delivery, Receipt, ResponseReceipt, ResponseRow, Sighting

_receipts = Receipt.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]
_links = ResponseReceipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]


_OWN = _responses.c.channel.concat("") == _receipts.c.channel
"""A row's own response, and not that of the letter which it was typed from: that one follows its row (``entered``).

Joined to an empty text, so that SQLite looks a response up by its number: by the index of channels it would go through
all of a channel's responses for each of its rows.
"""


@dataclass(frozen=True, slots=True)
class Newest:
    """A response whose newest export shows other values than it was read from, or behind which other versions of its
    row stand than it says: the receipt to read now, how many versions there are, and whether it is read from that
    receipt already."""

    response_id: int
    receipt_id: int
    versions: int
    is_shown: bool


def response_of_key(tx: Connection, channel: str, keys: Sequence[str]) -> dict[str, int]:
    """The response of each row key of a channel that has one."""
    found = tx.execute(
        select(_receipts.c.source_key, _links.c.response_id)
        .join(_links, _links.c.receipt_id == _receipts.c.id)
        .join(_responses, _responses.c.id == _links.c.response_id)
        .where(_receipts.c.channel == channel, _receipts.c.kind == "row", _receipts.c.source_key.in_(keys), _OWN)
    )
    return dict(found.all())


def newer_values(tx: Connection, channel: str) -> list[Newest]:
    """Responses that should be read from another receipt of the same row, because a newer export shows that one; and
    those whose number of versions is another than they say, because some were never shown.

    The newest export is the last by first sighting; its values win, also where they are values seen before.
    """
    shown = (
        select(_links.c.response_id, _links.c.receipt_id, func.max(_sightings.c.delivery_id).label("shown_in"))
        .join(_sightings, _sightings.c.receipt_id == _links.c.receipt_id)
        .where(_sightings.c.channel == channel, _sightings.c.container != "")
        .group_by(_links.c.response_id, _links.c.receipt_id)
        .subquery()
    )
    ranked = select(
        shown.c.response_id, shown.c.receipt_id, func.count().over(partition_by=shown.c.response_id).label("versions"),
        func.row_number().over(
            partition_by=shown.c.response_id, order_by=(shown.c.shown_in.desc(), shown.c.receipt_id.desc())
        ).label("rank"),
    ).subquery()  # fmt: skip
    is_shown = _responses.c.reading_receipt_id == ranked.c.receipt_id
    found = tx.execute(
        select(ranked.c.response_id, ranked.c.receipt_id, ranked.c.versions, is_shown)
        .join(_responses, _responses.c.id == ranked.c.response_id)
        .where(ranked.c.rank == 1, _responses.c.channel == channel)
        .where(not_(is_shown) | (_responses.c.version != ranked.c.versions))
        .order_by(ranked.c.response_id)
    )
    return [Newest(response, receipt, versions, bool(shown)) for response, receipt, versions, shown in found]


def gone_rows(tx: Connection, channel: str, *, has_ids: bool) -> set[int]:
    """Responses whose row is no longer in the newest export: of the channel where rows have ids, else of their path.

    A file that can't be split makes no row gone.
    """
    split = and_(_deliveries.c.channel == channel, _deliveries.c.state == "split")
    scope = literal("") if has_ids else _deliveries.c.source_key
    newest = (
        select(scope.label("scope"), func.max(_deliveries.c.id).label("id")).where(split).group_by(scope).subquery()
    )
    shown_in = (
        select(
            _links.c.response_id,
            func.max(_sightings.c.delivery_id).label("id"),
            func.min(_sightings.c.container).label("path"),
        )
        .join(_sightings, _sightings.c.receipt_id == _links.c.receipt_id)
        .join(_receipts, and_(_receipts.c.id == _links.c.receipt_id, _receipts.c.kind == "row"))
        .join(_responses, and_(_responses.c.id == _links.c.response_id, _OWN))
        .where(_sightings.c.channel == channel, _sightings.c.container != "")
        .group_by(_links.c.response_id)
        .subquery()
    )
    same_scope = newest.c.scope == ("" if has_ids else shown_in.c.path)
    found = tx.execute(select(shown_in.c.response_id).join(newest, same_scope).where(shown_in.c.id < newest.c.id))
    return set(found.scalars())


def flagged(tx: Connection, channel: str, need: str) -> set[int]:
    """Responses of a channel that carry this need."""
    pattern = f"%;{need};%"
    needs = literal(";") + type_coerce(_responses.c.needs, String) + ";"
    return set(
        tx.execute(select(_responses.c.id).where(_responses.c.channel == channel, needs.like(pattern))).scalars()
    )


def same_id_groups(tx: Connection, channel: str) -> list[list[int]]:
    """Responses whose rows carried one id twice in one file with other values: groups of response numbers."""
    numbered = (
        select(_receipts.c.source_key, _links.c.response_id)
        .join(_links, _links.c.receipt_id == _receipts.c.id)
        .join(_responses, _responses.c.id == _links.c.response_id)
        .where(_receipts.c.channel == channel, _receipts.c.kind == "row", _receipts.c.source_key.like("%#%"), _OWN)
    )
    doubled: dict[str, set[int]] = {}
    for key, response in tx.execute(numbered):
        stem, mark, count = key.rpartition("#")
        # An id's own "#" is doubled in its key, so an odd one before a number is the mark of a second row.
        if mark and count.isdigit() and (len(stem) - len(stem.rstrip("#"))) % 2 == 0:
            doubled.setdefault(stem, set()).add(response)
    for key, response in response_of_key(tx, channel, list(doubled)).items():
        doubled[key].add(response)
    return [sorted(group) for group in doubled.values() if len(group) > 1]
