"""Which questions the fields of a filled form answer, and what remains of its text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.config import Question
from intake.evidence import in_part
from intake.filled import Filled, Rules
from intake.reading.parts import FormField, Part, piece_of

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
    return [piece for part in parts for piece in (_filled_in(rules, filled, part) if part.fields else [part])]


def _filled_in(rules: Rules, filled: Filled, part: Part) -> list[Part]:
    answers = answers_of(rules.consultation.questions, part)
    own, given = [], dict[str, list[str]]()
    for answer in answers:
        question, field_ = answer.question, answer.field
        evidence = in_part(part, field_.start, field_.end, answer.value)
        if not answer.fits:
            filled.needs.add("conflict")
        if question.monitoring:
            filled.monitoring[question.id] = answer.value
        elif not answer.fits:
            filled.offer(f"answer.{question.id}", evidence)
        else:
            given.setdefault(question.id, []).append(answer.value)
            filled.offer(f"answer.{question.id}", evidence)
            if question.kind == "text":
                own.append(piece_of(part, field_.start, field_.end))
    for q in rules.consultation.questions:
        if q.id in given:
            values = given[q.id]
            filled.answers[q.id] = "\n\n".join(values) if q.kind == "text" else ";".join(sorted(set(values)))
    taken = {answer.field for answer in answers if answer.fits or answer.question.monitoring}
    return own + [piece_of(part, *_line_around(part, f.start, f.end)) for f in part.fields if f not in taken]


def _line_around(part: Part, start: int, end: int) -> tuple[int, int]:
    """From the start of the line, which holds the label, to the end of the value."""
    return part.text.rfind("\n", 0, start) + 1, end


def answers_of(questions: Sequence[Question], part: Part) -> list[Answer]:
    """The answers among the fields of a form, in the order of the questions.

    A field belongs to a question whose id or text its name or its label is (any case). A box whose name is
    ``<question id>.<option>``, or whose label is an option, says that option.
    """
    named = {name.strip().casefold(): q for q in reversed(questions) for name in (q.text, f"answer.{q.id}", q.id)}
    found: list[Answer] = []
    for field in part.fields:
        above, _, last = field.name.rpartition(".")
        keys = [key.strip().casefold() for key in (field.name, field.label, above, last)]
        question = next((named[key] for key in keys if key and key in named), None)
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
