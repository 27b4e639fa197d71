"""The picture of the place that a field was read from, for a person who wants to see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intake.errors import ConfigurationError, NoPicture
from intake.pictures import Box, Pictures, find_sheet
from intake.reading.parts import Picture
from intake.wish import find_target
from storage import decisions, receipts, responses
from storage.database import Database
from storage.responses import EvidenceView
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


def crop(database: Database, pictures: Pictures, prefix: str, questions: list[str], typed: str, column: str) -> Crop:
    """The picture of a field's box, upright: of several boxes the first that ``trace`` prints; of a text, all that
    stand on its first page.

    Raises:
        NotThere: there is no such response.
        ConfigurationError: there is no such field.
        NoPicture: the field was not read from a place on a page, or the page can't be drawn.
    """
    if column not in columns(questions):
        raise ConfigurationError(f"--crop: FIELD should be a column of the export, such as postcode or {questions[0]}.")
    with database.read() as tx:
        target = find_target(tx, prefix, typed)
        if target.response is None:
            raise NoPicture(f"Receipt {target.receipt.id} has no response, so none of its fields has a place.")
        view = responses.load(tx, [target.response])[0]
        undone = {d.id for d in decisions.decisions_on(tx, [], target.response) if d.undone_by is not None}
        seen = [e for e in responses.evidence_of(tx, target.response) if e.decision_id not in undone]
        places = _places(seen, column)
        if not places:
            raise NoPicture(_why_none(seen, column))
        evidence, first = places[0]
        read_from = evidence.receipt_id or view.reading_receipt_id
        receipt = receipts.by_numbers(tx, [read_from])[0]
        sheet = find_sheet(tx, receipt, view.item, first["page"], first.get("part"), upright=True)
    shown = [first]
    if column in _WHOLE:
        shown = [place for e, place in places if e is evidence and _same_page(place, first)]
    box = _joined(shown)
    return Crop(column, sheet.page, box, len(places), pictures.cut(sheet, box))


def _places(seen: Sequence[EvidenceView], column: str) -> list[tuple[EvidenceView, dict[str, Any]]]:
    """The places on pages that a field was read from, in the order in which ``trace`` prints them."""
    newest_first = sorted(seen, key=lambda e: (e.by == "", -e.id))
    pieces = [(e, piece.place) for e in newest_first for piece in e.fields.get(column, [])]
    return [(e, dict(place)) for e, place in pieces if place is not None and "box" in place and "page" in place]


def _why_none(seen: Sequence[EvidenceView], column: str) -> str:
    if not any(e.fields.get(column) for e in seen):
        return f"{column} was not found in this response, so there is nothing to show."
    return f"{column} was not read from a place on a page: `intake trace` says where it comes from."


def _same_page(place: dict[str, Any], first: dict[str, Any]) -> bool:
    return (place["page"], place.get("part")) == (first["page"], first.get("part"))


def _joined(places: Sequence[dict[str, Any]]) -> Box:
    boxes = [place["box"] for place in places]
    return (
        min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes),
    )  # fmt: skip
