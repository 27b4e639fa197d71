"""The picture of the place that a field was read from, for a person who wants to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intake.errors import CommandError, NoPicture
from intake.pictures import Box, Pictures, find_page
from intake.reading.parts import Picture
from intake.trace import trace
from intake.wish import find_target
from storage import receipts, responses
from storage.database import Database
from storage.originals import OriginalStore
from storage.schema import columns

_WHOLE = ("text",)
"""Columns whose pieces belong together: all of them on the first page are shown. Of others, the first."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A field's place and its picture. ``boxes`` is how many places on pages the field has."""

    column: str
    page: int
    box: Box
    boxes: int
    picture: Picture


def crop(
    database: Database, originals: OriginalStore, pictures: Pictures, prefix: str, questions: list[str], typed: str,
    column: str,
) -> Crop:  # fmt: skip
    """The picture of a field's box, upright: of several boxes the first that ``trace`` prints; of a text, all that
    stand on its first page.

    Raises:
        NotThere: there is no such response.
        CommandError: there is no such field.
        NoPicture: the field was not read from a place on a page, or the page can't be drawn.
    """
    if column not in columns(questions):
        raise CommandError("--crop: FIELD should be a column of the export, such as postcode or text.")
    pieces: list[dict[str, Any]] = trace(database, originals, prefix, questions, typed)["fields"].get(column, [])
    placed = [piece for piece in pieces if piece["place"] is not None and {"page", "box"} <= piece["place"].keys()]
    with database.read() as tx:
        target = find_target(tx, prefix, typed)
        if target.response is None:
            raise NoPicture(f"Receipt {target.receipt.id} has no response, so none of its fields has a place.")
        if not placed:
            raise NoPicture(_why_none(pieces, column))
        first = placed[0]["place"]
        receipt = target.receipt
        if "receipt" in first:  # of a letter that was scanned as several files
            receipt = receipts.by_numbers(tx, [first["receipt"]])[0]
        item = responses.load(tx, [target.response])[0].item
        page = find_page(tx, receipt, item, first["page"], first.get("part"), upright=True)
    shown = [piece for piece in placed if _beside(piece, placed[0])] if column in _WHOLE else placed[:1]
    box = _joined([piece["place"]["box"] for piece in shown])
    return Crop(column, page.page, box, len(placed), pictures.cut(page, box))


def _why_none(pieces: Sequence[dict[str, Any]], column: str) -> str:
    if not pieces:
        return f"{column} was not found in this response, so there is nothing to show."
    return f"{column} was not read from a place on a page: `intake trace` says where it comes from."


def _beside(piece: dict[str, Any], first: dict[str, Any]) -> bool:
    """Whether a piece was found on the same page by the same reading."""
    where = ("page", "part", "receipt")
    same_page = [piece["place"].get(name) for name in where] == [first["place"].get(name) for name in where]
    return same_page and (piece["at"], piece["by"]) == (first["at"], first["by"])


def _joined(boxes: Sequence[Sequence[float]]) -> Box:
    return (
        min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes),
    )  # fmt: skip
