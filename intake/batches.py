"""A scanned file's pages -> letters, and each letter's fields. Pure: what the reader saw, and nothing else, decides.

A separator sheet says when its letter was received and where its paper lies. That is believed as far as it can be true:
a day long before the consultation opened, or after the scan, is evidence for a person (`received-date`).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from intake import normalise
from intake.division import Span, divide, every
from intake.doubts import doubts, is_copied, lead
from intake.filled import Filled, Rules
from intake.formruns import form_runs
from intake.pagekinds import Seen, look, pages_of
from intake.reading.parts import Part, Reading, piece_of
from intake.reading.sheet import Sheet
from intake.when import received_by_sheet
from storage.columns import utc_text
from storage.receipts import ReceiptView
from storage.schema import Evidence, FieldEvidence

_OF_PAGES = frozenset({"transcription", "rescan"})
"""Needs that a reader has for single pages: of several letters, each has its own (``content``)."""

Piece = tuple[int, int, int]
"""Parts of a receipt: its number, and the numbers of the first and the last part."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter among the pages of a file. ``sheet`` is the page of the separator that governs it, by its place among
    the pages, None without one; ``paper`` says where its paper lies; ``doubts`` why its pages may be others."""

    span: Span
    sheet: int | None = None
    paper: str = ""
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """The pages of a file as they were seen, and the letters that they make."""

    pages: list[Seen]
    letters: list[Letter]

    @property
    def has_words(self) -> bool:
        """Whether anything is there beside separator sheets and blank pages."""
        return any(seen.has_words for seen in self.pages)

    @property
    def is_plain(self) -> bool:
        """Whether it is one letter and no separator sheet."""
        return len(self.letters) == 1 and all(seen.kind != "sheet" for seen in self.pages)


def batch_of(rules: Rules, parts: Sequence[Part], split: str, inside: int | None = None) -> Batch:
    """The letters of a file, or of the one attached with this number, parted in this way; a file without pages is one
    letter."""
    pages = [look(rules, part) for part in pages_of(parts, inside)]
    if not pages:
        return Batch([], [Letter(Span(0, -1))])
    runs = form_runs(pages)
    spans = divide([seen.kind for seen in pages], split, runs.begins, runs.inside)
    unsure = doubts(pages, spans, split)
    letters = _placed(pages, spans, counts_all=bool(every(split)) or split == "blank")
    return Batch(pages, [replace_doubts(letter, unsure.get(n, [])) for n, letter in enumerate(letters)])


def batch_by_hand(rules: Rules, parts: Sequence[Part], spans: Sequence[Span]) -> Batch:
    """The letters of a file as a person parts it: nothing is unsure about that."""
    pages = [look(rules, part) for part in pages_of(parts)]
    return Batch(pages, _placed(pages, spans, counts_all=False))


def replace_doubts(letter: Letter, said: list[str]) -> Letter:
    """The same letter with these doubts."""
    return Letter(letter.span, letter.sheet, letter.paper, said)


def _placed(pages: Sequence[Seen], spans: Sequence[Span], *, counts_all: bool) -> list[Letter]:
    """The letters with the sheet that governs each: the last one before its words, or the one before that letter."""
    numbers: dict[object, list[int]] = defaultdict(list)
    for seen in pages:
        if seen.sheet is not None:
            numbers[seen.sheet.pile].append(seen.sheet.number)
    letters: list[Letter] = []
    counted: dict[object, int] = defaultdict(int)
    governing: int | None = None
    behind = 0
    for span in spans:
        own = [page for page in lead(pages, span) if pages[page].kind == "sheet"]
        behind = 0 if own else behind + 1
        if own:
            # A sheet that can't be read governs what is behind it, and says nothing.
            governing = own[-1] if pages[own[-1]].sheet is not None else None
        sheet = None if governing is None else pages[governing].sheet
        if sheet is None:
            letters.append(Letter(span))
            continue
        if counts_all or not behind:
            counted[sheet.pile] += 1
        position = _position(sheet, numbers[sheet.pile], counted[sheet.pile], 0 if counts_all else behind, counts_all)
        letters.append(Letter(span, governing, ", ".join([*_place(sheet), position])))
    return letters


def _place(sheet: Sheet) -> list[str]:
    return [f"{name} {label}" for name, label in (("box", sheet.box), ("batch", sheet.batch)) if label]


def _position(sheet: Sheet, numbers: Sequence[int], counted: int, behind: int, counts_all: bool) -> str:
    """Which letter of its batch: by the number of its sheet, or counted where the sheet was copied. What a person parts
    from it has the number of a sheet that is missing there, or is a further part of it."""
    number = counted if counts_all or is_copied(numbers) else sheet.number
    if not behind:
        return f"letter {number}"
    missing = not is_copied(numbers) and not any(number < n <= number + behind for n in numbers)
    if missing and number + behind <= sheet.count:
        return f"letter {number + behind}"
    return f"letter {number}, part {behind + 1}"


def fill(rules: Rules, receipt: ReceiptView, reading: Reading, batch: Batch, number: int) -> Filled:
    """The fields of one letter of a batch, by its place in it."""
    letter = batch.letters[number]
    if batch.is_plain:
        filled = normalise.document(rules, receipt, _with_envelopes_apart(reading, batch))
    else:
        filled = normalise.document(rules, receipt, _reading_of(reading, batch, letter))
    add_sheet(rules, filled, batch, letter)
    return filled


def add_sheet(rules: Rules, filled: Filled, batch: Batch, letter: Letter) -> None:
    """What a letter's separator sheet says of it, and why its pages may be others."""
    if letter.sheet is not None:
        _from_sheet(rules, filled, batch.pages[letter.sheet], letter)
    for said in letter.doubts:
        filled.needs.add("split?")
        filled.offer("needs", Evidence(value="split?", method="source", confidence=0.5, quote=said))


def parts_of_letter(parts: Sequence[Part], batch: Batch, letter: Letter) -> list[Part]:
    """The parts of a file that are one letter; what is no page goes with the first."""
    if not batch.pages:
        return list(parts)
    first, last = (batch.pages[page].part.number for page in (letter.span.first, letter.span.last))
    return _parts_of(parts, batch.pages, first, last)


def _reading_of(reading: Reading, batch: Batch, letter: Letter) -> Reading:
    """The part of a reading that is one letter."""
    is_first = letter.span.first == 0
    needs = set(reading.needs) - _OF_PAGES
    return replace(
        reading,
        parts=parts_of_letter(reading.parts, batch, letter),
        needs=sorted(needs if is_first else needs - {"attachment", "fetch"}),
    )


def _parts_of(parts: Sequence[Part], pages: Sequence[Seen], first: int, last: int) -> list[Part]:
    """The parts with these numbers. What is no page (a form's fields, an added file) goes with the first page."""
    seen = {one.part.number: one for one in pages}
    is_first = first == pages[0].part.number
    return [
        piece
        for part in parts
        if (first <= part.number <= last if part.number in seen else is_first)
        for piece in _as_content(part, seen.get(part.number))
    ]


def _with_envelopes_apart(reading: Reading, batch: Batch) -> Reading:
    pages = {seen.part.number: seen for seen in batch.pages if seen.is_envelope}
    if not pages or len(pages) == len(batch.pages):
        return reading
    return replace(reading, parts=[p for part in reading.parts for p in _as_content(part, pages.get(part.number))])


def _as_content(part: Part, seen: Seen | None) -> list[Part]:
    """A page as the text is made from it. A separator sheet, a blank page and an envelope are kept and are no text;
    what somebody put onto a sheet is: what can't be read of it is like a page that can't."""
    if seen is None or (seen.kind == "words" and not seen.is_envelope):
        return [part]
    written = [_note(part, *span) for span in seen.beyond] or ([_note(part, 0, 0)] if seen.is_marked else [])
    return [replace(part, content=False), *written]


def _note(part: Part, start: int, end: int) -> Part:
    words = [replace(w, start=w.start - start) for w in part.words if start <= w.start < end]
    confidence = min((w.confidence for w in words), default=part.confidence if end else 0.0)
    method = part.method if end else "ocr"
    return piece_of(
        part, start, end, content=True, method=method, words=words, page=part.page, ink=1.0, confidence=confidence
    )  # fmt: skip


def _from_sheet(rules: Rules, filled: Filled, seen: Seen, letter: Letter) -> None:
    sheet, code = seen.sheet, seen.code
    if sheet is None or code is None:
        return
    box = [round(edge, 1) for edge in (code.x0, code.top, code.x1, code.bottom)]
    place: dict[str, Any] = {"page": seen.part.page, "box": box}
    at = rules.consultation.noon(sheet.received)
    written = utc_text(at)[:19] + "Z"
    method = seen.part.method
    evidence = Evidence(value=written, method=method, confidence=1.0, place=place, quote=code.text)
    received_by_sheet(rules, filled, at, evidence)
    paper = Evidence(value=letter.paper, method=method, confidence=1.0, place=place, quote=code.text)
    filled.fill("paper_ref", letter.paper, paper)


def pieces_of(receipt: ReceiptView, batch: Batch, letter: Letter) -> str:
    """Which parts of the receipt a letter is, as its response keeps it: "" for all of them."""
    if len(batch.letters) == 1:
        return ""
    first, last = (batch.pages[page].part.number for page in (letter.span.first, letter.span.last))
    return write_pieces([(receipt.id, first, last)])


def write_pieces(pieces: Sequence[Piece]) -> str:
    """Pieces as they are kept; those that go on from one to the next are one."""
    joined: list[Piece] = []
    for receipt, first, last in pieces:
        goes_on = bool(joined) and joined[-1][0] == receipt and joined[-1][2] + 1 == first
        joined.append((receipt, joined.pop()[1] if goes_on else first, last))
    return json.dumps(joined, separators=(",", ":"))


def read_pieces(kept: str) -> list[Piece]:
    """The pieces of a response, none if it is all of its receipt."""
    return [(receipt, first, last) for receipt, first, last in json.loads(kept)] if kept else []


def fill_pieces(
    rules: Rules, receipt: ReceiptView, readings: Mapping[int, Reading], pieces: Sequence[Piece], spans: Sequence[Span]
) -> Filled:
    """The fields of a letter that a person made of these pieces, the first of them from its own receipt. ``spans`` are
    the letters of that receipt as they stand now, for the separator sheet that governs this one."""
    own = readings[receipt.id]
    batch = batch_by_hand(rules, own.parts, spans)
    letter = next(one for one in batch.letters if batch.pages[one.span.first].part.number == pieces[0][1])
    shifts = {number: _SHIFT * n for n, number in enumerate(dict.fromkeys(piece[0] for piece in pieces))}
    parts: list[Part] = []
    needs: set[str] = set()
    for number, first, last in pieces:
        pages = batch.pages if number == receipt.id else [look(rules, p) for p in pages_of(readings[number].parts)]
        needs |= set(readings[number].needs) - _OF_PAGES
        parts += [_shifted(part, shifts[number]) for part in _parts_of(readings[number].parts, pages, first, last)]
    filled = normalise.document(rules, receipt, replace(own, parts=parts, needs=sorted(needs)))
    filled.evidence = _placed_back(filled.evidence, {shift: number for number, shift in shifts.items()}, receipt.id)
    mine = [part.page for part in parts if part.page is not None and part.page < _SHIFT and part.inside is None]
    filled.values["pages"] = _written_pages(mine)
    if letter.sheet is not None:
        _from_sheet(rules, filled, batch.pages[letter.sheet], letter)
    return filled


_SHIFT = 1_000_000
"""Added to the numbers of parts and pages of a second file, and taken away again: no file has so many."""


def _shifted(part: Part, by: int) -> Part:
    if not by:
        return part
    page = None if part.page is None else part.page + by
    inside = None if part.inside is None else part.inside + by
    return replace(part, number=part.number + by, page=page, inside=inside)


def _placed_back(evidence: FieldEvidence, receipts: Mapping[int, int], own: int) -> FieldEvidence:
    """Places in a second file as that file counts, with its receipt."""

    def back(piece: Evidence) -> Evidence:
        numbers = {k: v for k, v in (piece.place or {}).items() if k in ("part", "page") and v >= _SHIFT}
        if piece.place is None or not numbers:
            return piece
        shift = max(numbers.values()) // _SHIFT * _SHIFT
        place = {**piece.place, **{k: v - shift for k, v in numbers.items()}, "receipt": receipts.get(shift, own)}
        return replace(piece, place=place)

    return {column: [back(piece) for piece in pieces] for column, pieces in evidence.items()}


def pages_in(batch: Batch, letter: Letter) -> str:
    """The pages of a letter, as ``1-3``."""
    parts = [batch.pages[page].part for page in letter.span.pages]
    return _written_pages([part.page for part in parts if part.page is not None])


def _written_pages(pages: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for page in sorted(set(pages)):
        if runs and runs[-1][-1] + 1 == page:
            runs[-1].append(page)
        else:
            runs.append([page])
    return ";".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
