"""From a response, or a receipt, down to the bytes it came from: every field's evidence, every receipt, every entry."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from intake.added import added_files
from intake.addressee import REASONS
from intake.batches import read_pieces
from intake.bundled import CALL_TYPES
from intake.errors import NotThere
from intake.fields import e164
from intake.letter import FRAME
from intake.reading.callfacts import FACT
from intake.reading.parts import Word
from intake.wish import find_target
from storage import acknowledgements, decisions, deliveries, further, ledger, receipts, responses
from storage.acknowledgements import Standing
from storage.columns import utc_text
from storage.database import Database, Transaction
from storage.further import FurtherView
from storage.originals import OriginalStore
from storage.receipts import ReceiptView
from storage.responses import EvidenceView, ResponseView, StoredPart
from storage.schema import Evidence, Response, columns, rendered


def trace(
    database: Database, originals: OriginalStore, prefix: str, questions: list[str], typed: str
) -> dict[str, Any]:
    """The object that ``intake trace --json`` prints.

    Raises:
        NotThere: there is no such response or receipt.
    """
    with database.read() as tx:
        target = find_target(tx, prefix, typed)
        response: Response | None = None
        joined_into = None
        fields: dict[str, list[dict[str, Any]]] = {}
        marked: list[dict[str, Any]] = []
        behind = [target.receipt.id]
        if target.response is not None:
            view = responses.load(tx, [target.response])[0]
            response = view.response
            joined_into = view.joined_into or None
            behind = responses.receipts_of(tx, target.response)
            undone = {d.id for d in decisions.decisions_on(tx, [], target.response) if d.undone_by is not None}
            seen = [e for e in responses.evidence_of(tx, target.response) if e.decision_id not in undone]
            redivided = [
                e.id for e in seen if e.decision_id is not None and not e.by
            ]  # a person parted the pages anew: what was read of others before is none of this letter's
            seen = [e for e in seen if e.by or not redivided or e.id >= redivided[-1]]
            parts = _parts(tx, view)
            fields = _fields(seen, questions, _Quotes(parts, view.reading_receipt_id))
            cut = [piece.place for e in seen for piece in e.fields.get("text_cut", [])]
            marked = _marked(parts, cut, view.reading_receipt_id)
        views = receipts.by_numbers(tx, behind)
        return {
            "reference": response.reference if response else None,
            "joined_into": joined_into,
            "response": dict(rendered(response, questions)) if response else dict.fromkeys(columns(questions)),
            "fields": fields,
            "marked": marked,
            "receipts": [_receipt(tx, originals, view) for view in views],
            "history": [json.loads(body) for body in ledger.history(tx, behind)],
        }


def _parts(tx: Transaction, view: ResponseView) -> list[StoredPart]:
    """The parts that a response is: those of what it was read from, of a letter of a batch its own pages alone."""
    pieces = read_pieces(view.pieces)
    if not pieces:
        return [p for p in responses.parts_of(tx, view.reading_receipt_id) if p.item == view.item]
    return [
        part
        for receipt, first, last in pieces
        for part in responses.parts_of(tx, receipt)
        if part.item == 0 and first <= part.number <= last
    ]


class _Quotes:
    """The words at a place, where the evidence itself does not repeat them: a whole part's. A place of another receipt
    than the response's own says which."""

    def __init__(self, parts: Sequence[StoredPart], own: int) -> None:
        self._own = own
        self._by_number: dict[tuple[int, int], str] = {}
        self._by_page: dict[tuple[int, Any], str] = {}
        # What was written into the frames of a form's page is kept together: each box has its own words.
        self._frames: dict[tuple[int, Any], tuple[str, list[Word]]] = {}
        for part in parts:
            document = json.loads(part.document)
            self._by_number[part.receipt_id, part.number] = part.text
            if document.get("page") is None:
                continue
            page = part.receipt_id, document["page"]
            self._by_page[page] = part.text
            if part.words is not None and document.get("boxes"):
                self._frames[page] = part.text, msgspec.msgpack.decode(part.words, type=list[Word])

    def at(self, place: Mapping[str, Any] | None) -> str | None:
        """The words, None if nothing is known there."""
        if place is None:
            return None
        receipt = place.get("receipt", self._own)
        if "start" in place:
            return self._by_number.get((receipt, place["part"]), "")[place["start"] : place["end"]]
        if "part" in place:
            return self._by_number.get((receipt, place["part"]), "").strip() or None
        page = receipt, place.get("page")
        if page in self._frames:
            return _inside(*self._frames[page], place["box"])
        return self._by_page.get(page, "").strip() or None


def _inside(text: str, words: Sequence[Word], box: Sequence[float]) -> str | None:
    """The words of a page that stand in a box."""
    x0, top, x1, bottom = box
    held = [w for w in words if x0 <= (w.x0 + w.x1) / 2 <= x1 and top <= (w.top + w.bottom) / 2 <= bottom]
    return text[held[0].start : held[-1].start + len(held[-1].text)] if held else None


def _marked(parts: Sequence[StoredPart], cut: Sequence[Mapping[str, Any] | None], own: int) -> list[dict[str, Any]]:
    """What of the parts is no text of the response, with its words: quoted mail and signatures, as they were cut; and
    what frames a letter on its pages, if there is text besides. A place of another receipt than ``own`` says which."""
    found: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
    besides = False
    for part in parts:
        document = json.loads(part.document)
        at = 0
        for kind, start, end in document.get("marks", []) if document.get("content", True) else []:
            besides = besides or bool(part.text[at:start].strip())
            at = end
            place = {"part": part.number, "start": start, "end": end}
            if part.receipt_id != own:
                place["receipt"] = part.receipt_id
            mark = {"kind": kind, "place": place, "quote": part.text[start:end]}
            if kind in FRAME and document.get("kind") == "page":
                frames.append(mark)
                found.append(mark)
            elif place in cut:
                found.append(mark)
        besides = besides or (document.get("content", True) and bool(part.text[at:].strip()))
    return found if besides else [mark for mark in found if mark not in frames]


def _fields(seen: Sequence[EvidenceView], questions: list[str], quotes: _Quotes) -> dict[str, list[dict[str, Any]]]:
    """Evidence by column, in the schema's order: people's before machines', the newest first of each."""
    newest_first = sorted(seen, key=lambda e: (e.by == "", -e.id))
    found: dict[str, list[dict[str, Any]]] = {}
    for column in columns(questions):
        pieces = [(e, piece) for e in newest_first for piece in e.fields.get(column, [])]
        if pieces:
            found[column] = [_piece(e, piece, quotes) for e, piece in pieces]
    return found


def _piece(of: EvidenceView, piece: Evidence, quotes: _Quotes) -> dict[str, Any]:
    quote = quotes.at(piece.place) if piece.quote is None and not of.by else piece.quote
    return {
        "value": quote if piece.value is None else piece.value,
        "method": piece.method,
        "confidence": piece.confidence,
        "place": piece.place,
        "quote": quote,
        "reader_version": of.reader_version,
        "at": _z(utc_text(of.at)),
        "by": of.by or None,
    }


def _z(text: str) -> str:
    return f"{text[:19]}Z"


def _receipt(tx: Transaction, originals: OriginalStore, view: ReceiptView) -> dict[str, Any]:
    kept = [view.sha256]
    if view.delivery_id is not None:
        kept.append(deliveries.delivery(tx, view.delivery_id).sha256)
    kept += [file.sha256 for file in added_files(decisions.decisions_on(tx, [view.id], None)) if file.holds]
    described = [_original(tx, originals, sha256) for sha256 in dict.fromkeys(kept)]
    described += [_further(tx, originals, view) for view in further.of_receipt(tx, view.id)]
    return {
        "receipt": view.id,
        "channel": view.channel,
        "source": view.source_key,
        "version": view.version,
        "row": view.place,
        "outcome": view.outcome,
        "reason": view.reason or None,
        "next": view.next_step or None,
        "passed_on": _passed_on(tx, view),
        "arrived_at": None if view.arrived_at is None else _z(utc_text(view.arrived_at)),
        "arrived_basis": view.arrived_basis,
        "taken_at": _z(utc_text(view.taken_at)),
        "run": view.run_id,
        "facts": view.facts,
        "acknowledgement": _acknowledgement(acknowledgements.of_receipt(tx, view.id)),
        "call": _call(tx, view),
        "recordings": _recordings(tx, view),
        "original": described[0],
        "originals": described,
    }


def _recordings(tx: Transaction, view: ReceiptView) -> list[dict[str, Any]]:
    """The recordings that a receipt has, or that came with its message, by the names that they have there."""
    found = []
    for part in responses.parts_of(tx, view.id):
        document = json.loads(part.document)
        if document.get("kind") == "attachment" and str(document.get("media_type", "")).startswith("audio/"):
            named = {"name": document.get("name", ""), "media_type": document["media_type"]}
            found.append({"item": part.item, "part": part.number, **named})
    return found


def _passed_on(tx: Transaction, view: ReceiptView) -> dict[str, Any] | None:
    """To whom a person passed it on, and by when that must be answered; None if nobody did, or it is overturned."""
    decision = decisions.passed_on(tx, view.id).get(view.id) if view.outcome == "set_aside" else None
    if decision is None:
        return None
    due = None if decision.due is None else decision.due.isoformat()
    return {"to": decision.value or None, "due": due, "by": decision.by, "at": _z(utc_text(decision.at))}


def _call(tx: Transaction, view: ReceiptView) -> dict[str, Any] | None:
    """What is known of a call or text message: who rang when (``number`` is null where it was withheld), how it ended,
    its recordings; None of anything else."""
    if view.media_type not in CALL_TYPES or (kept := responses.reading_of(tx, view.id)) is None:
        return None
    facts = json.loads(kept.facts)
    told = json.loads(facts[FACT])
    return {"state": facts.get("state"), "number": e164(told.get("sender", "")) or None, **told}


def _acknowledgement(standing: Standing | None) -> dict[str, Any] | None:
    """What became of a receipt's acknowledgement; None if there was none."""
    if standing is None:
        return None
    return {
        "state": standing.state,
        "why": REASONS.get(standing.reason, standing.reason) or None,
        "tried_at": None if standing.tried_at is None else _z(utc_text(standing.tried_at)),
        "attempts": standing.attempts,
        "message_id": standing.message_id or None,
    }


def _original(tx: Transaction, originals: OriginalStore, sha256: str) -> dict[str, Any]:
    row = receipts.original(tx, sha256)
    if row is None:
        raise NotThere(f"There is no original {sha256} here.")
    intact: bool | str
    if row.erased_at is not None:
        intact = "erased"
    elif row.content is not None:
        intact = hashlib.sha256(row.content).hexdigest() == sha256
    else:
        intact = originals.intact(sha256)
    return {"sha256": sha256, "bytes": row.size, "media_type": row.media_type, "intact": intact}


def _further(tx: Transaction, originals: OriginalStore, view: FurtherView) -> dict[str, Any]:
    """A further original: named as in its source, "" for the item itself in a later version."""
    return {
        **_original(tx, originals, view.sha256),
        "media_type": view.media_type,
        "name": view.name,
        "facts": view.facts,
        "taken_at": _z(utc_text(view.taken_at)),
        "run": view.run_id,
    }


def read_original(database: Database, originals: OriginalStore, sha256: str) -> bytes:
    """The exact bytes of an original.

    Raises:
        NotThere: there is no such original.
        OriginalDamaged: it is there, but its bytes are not.
    """
    with database.read() as tx:
        row = receipts.original(tx, sha256.lower())
    if row is None:
        raise NotThere(f"There is no original {sha256} here.")
    return bytes(row.content) if row.content is not None else originals.read(row.sha256)
