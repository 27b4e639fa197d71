"""Which questions the fields of a filled form answer. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from intake.config import Question
from intake.reading.parts import FormField, Part

_TICKED = frozenset({"on", "yes", "true", "1", "x", "ja", "oui", "tak"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A field that a question knows: what it says, and whether that fits the question's options."""

    question: Question
    value: str
    field: FormField
    fits: bool


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
