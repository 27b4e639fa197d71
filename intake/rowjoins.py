"""A letter and the row that somebody typed from it: one response. The words are those of the row, the image and the day
of receipt those of the scan; each field keeps the evidence of both.

The response of the row goes on following its exports, as a part of the letter's: what they change in it, the letter's
response takes over as a new version.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from intake.errors import Refused
from intake.filled import Rules
from intake.pagework import Desk, by_people, mark_joined, monitoring_of_pages, record, with_others, write_state
from intake.revise import proposal
from intake.wish import Person, Target, Wish
from storage import entered, responses
from storage.decisions import DecisionView
from storage.entered import Entered
from storage.reference import read_reference
from storage.responses import Change, ResponseView
from storage.schema import FieldEvidence, Need, Response

ROW = "row"
"""What ``--value`` of a split says in place of pages, where a row is to be taken from its letter."""
_BY_ROW = (
    "language", "respondent_kind", "respondent_role", "name", "organisation", "email", "phone", "address", "postcode",
    "places", "signatures", "consent_to_publish", "words", "relayed_by", "on_behalf_of", "people", "signatures_claimed",
    "confidentiality_asked",
)  # fmt: skip
"""Columns that the row fills, if it says anything there; else the scan's reading stands."""
_BY_SCAN = ("posted_on", "paper_ref")
"""Columns that the row fills only where the scan says nothing."""
_MET: Mapping[str, tuple[Need, ...]] = {
    "text": ("transcription", "rescan", "quoted?"), "language": ("translation",), "places": ("place?",),
    "signatures": ("signatures?",),
}  # fmt: skip
"""The needs of a scan that are met where the row fills this column."""
_NOT_OF_ROW: frozenset[str] = frozenset({"paper?", "received-date", "late?", "respondent"})
_NO_EVIDENCE = frozenset({"received_at", "received_basis", "late", "method", "confidence", "needs"})


def merged(rules: Rules, letter: Response, row: Response) -> Response:
    """What a letter's response is with the row that was typed from it. Pure; both as the machine alone has them."""
    values: dict[str, Any] = {c: getattr(row, c) for c in _BY_ROW if getattr(row, c) not in ("", (), None)}
    values |= {c: getattr(row, c) for c in _BY_SCAN if getattr(letter, c) in ("", None)}
    if row.text:
        values |= {name: getattr(row, name) for name in ("text", "method", "confidence", "text_cut")}
    met = {need for column, needs in _MET.items() if column in values for need in needs}
    needs = (set(letter.needs) - met) | (set(row.needs) - _NOT_OF_ROW)
    values |= {
        "answers": {**letter.answers, **row.answers},
        "likely_duplicate_of": tuple({*letter.likely_duplicate_of, *row.likely_duplicate_of} - {letter.reference}),
        "version": letter.version + row.version,
        "reader_version": f"{letter.reader_version}, {row.reader_version}",
    }
    state = letter.model_copy(update=values)
    lacks = any(not getattr(state, column, None) for column in rules.consultation.required)
    needs = needs | {"respondent"} if lacks else needs - {"respondent"}
    return Response.model_validate(state.model_dump() | {"needs": tuple(sorted(needs))})


def join_row(desk: Desk, letter: ResponseView, row: ResponseView, kept: Entered | None) -> None:
    """Give a letter's response what its row says now; of a row that is joined already, what has changed in it."""
    row_base, now = responses.base_state(desk.tx, row), responses.base_state(desk.tx, letter)
    again = kept is not None and kept.letter_id == letter.id and kept.letter_revision is not None
    if again and kept is not None and now.reader_version.endswith(f", {row_base.reader_version}"):
        revision = int(kept.letter_revision or 0)
        own = responses.state_at(desk.tx, letter.id, revision)
    else:  # new, or somebody had the letter read again
        revision, own = responses.base_revision(desk.tx, letter), now
    base = merged(desk.rules, own, row_base)
    if again:
        base = with_others(base, now).model_copy(update={"version": base.version})
    if base != now:
        monitoring = {**monitoring_of_pages(desk, letter, letter.pieces), **responses.monitoring_of(desk.tx, row.id)}
        change = Change(
            response_id=letter.id, cause="reading", response=base, evidence=_evidence(desk, row), monitoring=monitoring
        )
        write_state(desk, letter, base, change)
    behind = set(responses.receipts_of(desk.tx, letter.id))
    links = [(letter.id, receipt) for receipt in responses.receipts_of(desk.tx, row.id) if receipt not in behind]
    responses.link_receipts(desk.tx, links)
    if row.joined_into != letter.response.reference:
        mark_joined(desk, row, letter.response.reference)
    after = responses.load(desk.tx, [row.id])[0]
    entered.keep_joined(desk.tx, row.id, row.reading_receipt_id, letter.id, revision, after.revision)


def part_row(desk: Desk, letter: ResponseView, row: ResponseView, kept: Entered, decision: int | None = None) -> None:
    """Give a letter back what was read from its scan alone; its row is a response of its own again."""
    now = responses.base_state(desk.tx, letter)
    if now.reader_version.endswith(f", {responses.base_state(desk.tx, row).reader_version}"):
        own = responses.state_at(desk.tx, letter.id, int(kept.letter_revision or 0))
        base = with_others(own, now).model_copy(update={"version": own.version})
        change = Change(
            response_id=letter.id, cause="reading", response=base, evidence=_own_evidence(desk, letter),
            monitoring=monitoring_of_pages(desk, letter, letter.pieces), decision_id=decision,
        )  # fmt: skip
        write_state(desk, letter, base, change)
    for receipt in responses.receipts_of(desk.tx, row.id):
        responses.unlink_receipt(desk.tx, letter.id, receipt)
    mark_joined(desk, row, "")
    after = responses.load(desk.tx, [row.id])[0]
    entered.keep_joined(desk.tx, row.id, row.reading_receipt_id, None, None, after.revision)


def _evidence(desk: Desk, row: ResponseView) -> FieldEvidence:
    """What a row's cells say, each place with the receipt of the row."""
    documents = [e for e in responses.evidence_of(desk.tx, row.id) if not e.by]
    newest = documents[-1].fields if documents else {}
    place = {"receipt": row.reading_receipt_id}
    return {
        column: [replace(piece, place=piece.place and {**piece.place, **place}) for piece in pieces]
        for column, pieces in newest.items()
        if column not in _NO_EVIDENCE
    }


def _own_evidence(desk: Desk, letter: ResponseView) -> FieldEvidence:
    """What was read of a letter's scan last: evidence of a row has no receipt of its own, but in its places."""
    documents = [e for e in responses.evidence_of(desk.tx, letter.id) if not e.by and e.receipt_id is not None]
    return documents[-1].fields if documents else {}


def why_not(desk: Desk, letter: ResponseView, row: ResponseView) -> str | None:
    """Why the machine does not join these two: ``conflict`` where a person's word on the letter is another than the
    row's, else "" where something is for a person to decide; None if nothing speaks against it."""
    on_letter = desk.held(letter.id)
    if is_parted(on_letter, row.id) or by_people(desk.held(row.id)):
        return ""
    if letter.response.status == "excluded" or proposal(on_letter) is not None:
        return ""
    typed = responses.base_state(desk.tx, row)
    conflicts = any(_contradicts(decision, letter.response, typed) for decision in on_letter)
    return "conflict" if conflicts else None


def _contradicts(decision: DecisionView, letter: Response, typed: Response) -> bool:
    """Whether a person's word on a letter is another than what its row says; where the row says nothing, it is not."""
    match decision.action:
        case "transcribe" | "accept":
            column = "text"
        case "correct":
            column = decision.value.partition("=")[0]
        case _:
            return False
    if column.startswith("answer."):
        question = column.removeprefix("answer.")
        said, held = typed.answers.get(question, ""), letter.answers.get(question, "")
    elif column in (*_BY_ROW, "text"):
        said, held = getattr(typed, column), getattr(letter, column)
    else:
        return False  # the row has no say in it
    return said not in ("", (), None) and _squeezed(said) != _squeezed(held)


def _squeezed(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def is_parted(on_letter: Sequence[DecisionView], row: int) -> bool:
    """Whether a person said that this row is not of the letter that these decisions are on."""
    return any(d.action == "split" and row_in(d) == row for d in on_letter)


def is_joined_by_person(on_letter: Sequence[DecisionView], row: int) -> bool:
    """Whether a person said that this row is of the letter that these decisions are on."""
    return any(d.action == "join" and row_in(d) == row for d in on_letter)


def row_in(decision: DecisionView) -> int | None:
    """The response of the row that a split or a join is about, None if it is about pages."""
    found = json.loads(decision.before).get(ROW) if decision.before else None
    return found if isinstance(found, int) else None


# --- what people do ---------------------------------------------------------------------------------------------------


def is_about_row(desk: Desk, target: Target, wish: Wish) -> bool:
    """Whether a split or a join is about a row, and not about pages."""
    if wish.action == "split":
        return wish.value.strip().casefold() == ROW
    other = _named(desk, wish)
    return any(number is not None and entered.is_row(desk.tx, number) for number in (target.response, other))


def _named(desk: Desk, wish: Wish) -> int | None:
    reference = read_reference(wish.value.strip(), desk.rules.consultation.reference_prefix)
    return None if reference is None else responses.number_of(desk.tx, reference)


def divide_row(desk: Desk, target: Target, person: Person, wish: Wish) -> str:
    """Take a row from its letter, or give it to one, because a person says so; one sentence that says what was done.

    Raises:
        Refused: it does not fit.
    """
    if target.response is None:
        raise Refused(f"Receipt {target.receipt.id} has no response.")
    letter = responses.load(desk.tx, [target.response])[0]
    number = entered.row_of_letter(desk.tx, letter.id) if wish.action == "split" else _named(desk, wish)
    if wish.action == "split":
        kept = None if number is None else entered.entered_row(desk.tx, number)
        if number is None or kept is None:
            raise Refused(f"{letter.response.reference} has no row that was typed from it.")
        row = responses.load(desk.tx, [number])[0]
        part_row(desk, letter, row, kept, record(desk, letter, person, wish, _before(row)))
        return (
            f"{letter.response.reference} is what was read of its scan alone, and {row.response.reference} is a "
            "response of its own again."
        )
    if number is None or entered.is_row(desk.tx, letter.id) or not entered.is_row(desk.tx, number):
        raise Refused("A row is joined with its letter: decide LETTER join --value ROW, each named by its reference.")
    row = responses.load(desk.tx, [number])[0]
    _check_joining(desk, letter, row)
    record(desk, letter, person, wish, _before(row))
    join_row(desk, letter, row, None)
    return (
        f"{letter.response.reference}: the words are those of the row that was typed from it, and "
        f"{row.response.reference} no longer counts beside it."
    )


def _before(row: ResponseView) -> dict[str, Any]:
    return {"changed": {}, "joined": [], "new": [], "linked": [], ROW: row.id}


def _check_joining(desk: Desk, letter: ResponseView, row: ResponseView) -> None:
    if entered.row_of_letter(desk.tx, letter.id) is not None:
        raise Refused(f"{letter.response.reference} has a row that was typed from it: split that off first.")
    for one in (letter, row):
        if one.joined_into:
            raise Refused(f"{one.response.reference} is part of {one.joined_into} already.")
        if one.response.status == "excluded" or proposal(desk.held(one.id)) is not None:
            raise Refused(f"{one.response.reference} is excluded, or that is proposed: restore it first.")
    if by_people(desk.held(row.id)):
        raise Refused(f"Something was decided about {row.response.reference}: undo that first, or it would be lost.")


def take_row_back(desk: Desk, decision: DecisionView, row: int) -> None:
    """Undo what a person said about a row and its letter.

    Raises:
        Refused: the row is joined with another letter since, or the letter with another row.
    """
    letter = responses.load(desk.tx, [int(decision.response_id or 0)])[0]
    view = responses.load(desk.tx, [row])[0]
    kept = entered.entered_row(desk.tx, row)
    if decision.action == "join":
        if kept is None or kept.letter_id != letter.id:
            raise Refused(f"{view.response.reference} is no longer joined with {letter.response.reference}.")
        part_row(desk, letter, view, kept)
    else:
        _check_joining(desk, letter, view)
        join_row(desk, letter, view, None)
