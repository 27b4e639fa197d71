"""What people's decisions make of a response. Pure: a response as it stands is what the machine made of it, with the
decisions that hold applied in their order, so that undoing one gives back exactly the state before it.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from intake import normalise
from intake.errors import Refused
from intake.fields import read_time
from intake.filled import Rules
from intake.when import is_late
from storage.decisions import DecisionView
from storage.schema import Response

_CORRECTABLE = frozenset(Response.model_fields) - {
    "reference", "consultation", "channel", "answers", "status", "exclusion_reason", "duplicate_of", "needs", "method",
    "confidence", "source", "original_sha256", "run", "reader_version", "reviewed_by", "reviewed_at", "version",
    "received_basis", "late", "campaign", "likely_duplicate_of", "text_cut",
}  # fmt: skip
_ANSWERED_BY = {
    "text": ("transcription", "quoted?"), "translation": ("translation",), "received_at": ("received-date",),
    "places": ("place?",), "signatures": ("signatures?",), "late_decision": ("late?",),
}  # fmt: skip
"""The needs that a correction of this column meets."""
_ANSWERED_BY_ACCEPTING = ("genuine?", "quoted?", "split?")
"""Who has compared a response with its original knows that somebody meant it, which of the words are theirs, and that
its pages are one letter."""


def holding(all_decisions: Sequence[DecisionView]) -> list[DecisionView]:
    """The decisions that hold, oldest first."""
    return [d for d in all_decisions if d.undone_by is None and d.action != "undo"]


def proposal(held: Sequence[DecisionView]) -> DecisionView | None:
    """The exclusion that is proposed and neither confirmed nor taken back."""
    last = None
    for decision in held:
        if decision.action == "exclude":
            last = decision
        elif decision.action in ("confirm", "restore"):
            last = None
    return last


def apply_decisions(rules: Rules, base: Response, held: Sequence[DecisionView]) -> Response:
    """A response as it stands: what the machine made of it, with people's decisions in their order. Pure."""
    state = base
    proposed: DecisionView | None = None
    for decision in held:
        match decision.action:
            case "accept" if decision.version == base.version:
                met = _ANSWERED_BY_ACCEPTING + (("transcription",) if _is_heard(state) else ())
                state = _with(state, status="accepted", needs=_without(state, *met))
            case "correct":
                column, value = column_and_value(decision.value)
                state = corrected(state, column, value, rules)
            case "transcribe":
                state = _transcribed(rules, state, decision.value)
            case "exclude":
                proposed = decision
                state = _with(state, needs=(*state.needs, "second-person"))
            case "confirm" if proposed is not None:
                duplicate = proposed.value if proposed.reason == "duplicate" else ""
                state = _with(
                    state, status="excluded", exclusion_reason=proposed.reason, duplicate_of=duplicate,
                    needs=_without(state, "second-person"),
                )  # fmt: skip
            case "restore":
                proposed = None
                accepted = any(d.action == "accept" and d.version == base.version and d.id < decision.id for d in held)
                state = _with(
                    state, status="accepted" if accepted else "new", exclusion_reason="", duplicate_of="",
                    needs=_without(state, "second-person"),
                )  # fmt: skip
        if decision.action in ("accept", "correct", "transcribe"):
            state = _with(state, reviewed_by=decision.by, reviewed_at=decision.at)
    return state


def _is_heard(state: Response) -> bool:
    """Whether there are a machine's words of all that was said, which a person can confirm by listening."""
    return bool(state.text) and state.method == "transcript"


def _with(state: Response, **changes: Any) -> Response:
    return Response.model_validate(state.model_dump() | changes)


def _without(state: Response, *needs: str) -> tuple[str, ...]:
    return tuple(n for n in state.needs if n not in needs)


def column_and_value(typed: str) -> tuple[str, str]:
    """The two sides of COLUMN=VALUE.

    Raises:
        Refused: it is not written so, or a person may not set that column.
    """
    column, equals, value = typed.partition("=")
    if not equals or not (column in _CORRECTABLE or column.startswith("answer.")):
        raise Refused(
            "A correction is written --value COLUMN=VALUE, with a column of the schema that a person may set."
        )
    return column, value


def corrected(state: Response, column: str, typed: str, rules: Rules) -> Response:
    """A response with one column as a person wrote it.

    Raises:
        Refused: the value does not fit the column; the sentence says what would.
    """
    try:
        if column.startswith("answer."):
            return _with(state, answers={**state.answers, column.removeprefix("answer."): typed})
        is_time = column == "received_at"
        changes = received_by_person(typed, rules) if is_time else {column: _typed_value(state, column, typed)}
        needs = set(_without(state, *_ANSWERED_BY.get(column, ())))
        if "late" in changes:
            needs = needs | {"late?"} if changes["late"] else needs - {"late?"}
        return _with(state, **changes, needs=tuple(needs))
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise Refused(f"{column}: {said[0].lower()}{said[1:]}.") from error


def check_lists(column: str, typed: str, rules: Rules) -> None:
    """Whether a value is of the consultation's lists, when it is written: what holds is not asked again later.

    Raises:
        Refused: it is not; the sentence says what would be.
    """
    question = column.removeprefix("answer.")
    if column != question and question not in rules.consultation.exported_questions:
        raise Refused(f"answer.{question}: should be one of the questions that are exported.")
    if column == "places" and set(_items(typed)) - rules.gazetteer.codes:
        raise Refused("places: each should be a code of the consultation's places, joined by semicolons.")
    if column == "respondent_role" and typed and typed not in rules.consultation.roles:
        raise Refused(f"respondent_role: should be one of {', '.join(rules.consultation.roles)}.")


def _items(typed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in typed.split(";") if part.strip())


def received_by_person(typed: str, rules: Rules) -> dict[str, Any]:
    """When something was received, as a person says; with the word ``stamp`` before or behind it, as its stamp says."""
    words = typed.split()
    by_stamp = [word for word in words if word.casefold() == "stamp"]
    when = read_time(" ".join(word for word in words if word not in by_stamp), rules.consultation.timezone)
    if when is None:
        raise Refused("received_at: should be a date and time, such as 2011-03-01 09:30, or 2011-03-01 stamp.")
    late = is_late(rules.consultation, when.at, day_only=when.day_only)
    return {"received_at": when.at, "received_basis": "stamp" if by_stamp else "person", "late": late}


def _typed_value(state: Response, column: str, typed: str) -> Any:
    """A value as its column wants it."""
    if isinstance(getattr(state, column), tuple):
        return _items(typed)
    return None if not typed and column in ("signatures", "signatures_claimed", "posted_on") else typed


def _transcribed(rules: Rules, state: Response, text: str) -> Response:
    """A person's words become the text; what they name fills what was blank."""
    found = normalise.transcribed(rules, text)
    blank = {c: v for c, v in found.values.items() if c != "text" and getattr(state, c) in ("", (), None)}
    needs = set(_without(state, *_ANSWERED_BY["text"]))
    if "language" in blank:
        needs |= found.needs & {"translation"}
    if not state.places:
        needs |= found.needs & {"place?"}
    return _with(state, **blank, text=text, method="person", confidence=1.0, needs=tuple(needs))
