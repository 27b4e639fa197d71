"""Which questions the fields of a filled form answer, and what remains of its text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.config import Question
from intake.evidence import in_part
from intake.filled import Filled, Rules
from intake.formpages import fill_about, from_pages, is_form_page
from intake.reading.parts import FormField, Part, piece_of
from intake.replyform import ABOUT, CONSENT, CONSENT_QUESTION

_TICKED = frozenset({"on", "yes", "true", "1", "x", "ja", "oui", "tak"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A field that a question knows: what it says, and whether that fits the question's options."""

    question: Question
    value: str
    field: FormField
    fits: bool


def with_answers(rules: Rules, filled: Filled, parts: Sequence[Part]) -> list[Part]:
    """The parts, with the answers of a filled form taken as answers; what else was filled in stays, line by line."""
    written = from_pages(rules, filled, parts)
    others = [part for part in parts if not is_form_page(part)]
    return [
        piece for part in others for piece in (_filled_in(rules, filled, part) if part.fields else [part])
    ] + written


def _filled_in(rules: Rules, filled: Filled, part: Part) -> list[Part]:
    answers = answers_of([*rules.consultation.questions, CONSENT_QUESTION], part)
    own, given = [], dict[str, list[str]]()
    for answer in answers:
        question, field_ = answer.question, answer.field
        evidence = in_part(part, field_.start, field_.end, answer.value)
        column = CONSENT if question is CONSENT_QUESTION else f"answer.{question.id}"
        if not answer.fits:
            filled.needs.add("conflict")
        if question.monitoring:
            filled.monitoring[question.id] = answer.value
        elif not answer.fits:
            filled.offer(column, evidence)
        else:
            given.setdefault(question.id, []).append(answer.value)
            filled.offer(column, evidence)
            if question.kind == "text":
                own.append(piece_of(part, field_.start, field_.end))
    for q in (*rules.consultation.questions, CONSENT_QUESTION):
        if q.id in given:
            _answer_with(filled, q, given[q.id])
    taken = {answer.field for answer in answers if answer.fits or answer.question.monitoring}
    taken |= _about(rules, filled, part, [f for f in part.fields if f not in taken])
    return own + [piece_of(part, *_line_around(part, f.start, f.end)) for f in part.fields if f not in taken]


def _answer_with(filled: Filled, question: Question, values: Sequence[str]) -> None:
    """Set an answer; of a question that takes one option, only where one alone was given."""
    if question.kind == "choice" and len(set(values)) > 1:
        filled.needs.add("conflict")
        return
    value = "\n\n".join(values) if question.kind == "text" else ";".join(sorted(set(values)))
    if question is CONSENT_QUESTION:
        filled.values[CONSENT] = value
    else:
        filled.answers[question.id] = value


def _about(rules: Rules, filled: Filled, part: Part, left: Sequence[FormField]) -> set[FormField]:
    """The fields, named after a column, in which the respondent said who they are."""
    asked = {question.id for question in rules.consultation.questions}
    return {
        f
        for f in left
        if f.name in ABOUT and f.name not in asked
        and fill_about(
            rules, filled, f.name, part.text[f.start : f.end], in_part(part, f.start, f.end, part.text[f.start : f.end])
        )
    }  # fmt: skip


def _line_around(part: Part, start: int, end: int) -> tuple[int, int]:
    """From the start of the line, which holds the label, to the end of the value."""
    return part.text.rfind("\n", 0, start) + 1, end


def answers_of(questions: Sequence[Question], part: Part) -> list[Answer]:
    """The answers among the fields of a form, in the order of the questions.

    A field belongs to a question whose id or text its name or its label is (any case). A box whose name is
    ``<question id>.<option>``, or whose label is an option, says that option; an option may have full stops.
    """
    named = {name.strip().casefold(): q for q in reversed(questions) for name in (q.text, f"answer.{q.id}", q.id)}
    found: list[Answer] = []
    for field in part.fields:
        above, _, last = field.name.rpartition(".")
        keys = [key.strip().casefold() for key in (field.name, field.label, above, last)]
        question = next((named[key] for key in keys if key and key in named), None)
        starts = next((q for q in questions if q.kind != "text" and field.name.startswith(f"{q.id}.")), None)
        if starts is not None and field.name[len(starts.id) + 1 :] in starts.options:
            question, last = starts, field.name[len(starts.id) + 1 :]
        if question is not None:
            found.append(_answer(question, part.text[field.start : field.end], field, last))
    return sorted(found, key=lambda answer: questions.index(answer.question))


def _answer(question: Question, given: str, field: FormField, last: str) -> Answer:
    if question.kind == "text":
        return Answer(question, given, field, fits=True)
    options = {option.strip().casefold(): option for option in question.options}
    for name in (last, field.label):
        if given.strip().casefold() in _TICKED and name.strip().casefold() in options:
            return Answer(question, options[name.strip().casefold()], field, fits=True)
    chosen = [piece.strip() for piece in given.split(";") if piece.strip()]
    known = [options[piece.casefold()] for piece in chosen if piece.casefold() in options]
    fits = len(known) == len(chosen) > 0 and (question.kind == "choices" or len(set(known)) == 1)
    return Answer(question, ";".join(sorted(set(known))) if fits else given, field, fits)
