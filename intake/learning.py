"""A blank form that somebody marked -> its layout file: which box belongs to which question. Pure.

A box says so itself (``agree.Yes``, ``agree=Yes``, ``structure``, ``postcode``). One that does not is proposed by the
words beside it: the label of an option, under the question's words. What fits nothing is said, and left out.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import msgspec

from intake.config import Consultation, Question
from intake.learned import SavedBox, SavedForm, SavedPage, asked, names_of
from intake.reading.blanks import Blank, BlankBox
from intake.reading.formlayout import Kind
from intake.replyform import ABOUT

_ALIKE = 0.8


class Learned(NamedTuple):
    """A layout, with a sentence for each box that was proposed, that fits nothing, and that is asked for in vain."""

    form: SavedForm
    proposed: list[str]
    unmapped: list[str]
    missing: list[str]


def learn(consultation: Consultation, blank: Blank, name: str) -> Learned:
    """The layout of a blank form; ``name`` is that of its file."""
    proposed, unmapped, pages = [], [], []
    for number, page in enumerate(blank.pages, start=1):
        boxes = []
        for box in page.boxes:
            named = _named(consultation, box.said)
            where = f"page {number}, at {box.box[0]:.0f}, {box.box[1]:.0f}: " + (box.said or box.beside or "no words")
            if named is None and (named := _proposed(consultation, box)) is not None:
                proposed.append(f"{where} → {named}")
            if named is None:
                unmapped.append(where)
                continue
            edges = msgspec.convert([round(edge, 1) for edge in box.box], tuple[float, float, float, float])
            boxes.append(SavedBox(named, _kind(consultation, named), edges, box.blank))
        pages.append(SavedPage(page.width, page.height, boxes, page.words, page.mask))
    found = {box.name for page in pages for box in page.boxes}
    missing = [n for question in consultation.questions for n in names_of(question) if n not in found]
    return Learned(SavedForm(1, name, pages), proposed, unmapped, missing)


def _kind(consultation: Consultation, name: str) -> Kind:
    text = {question.id for question in consultation.questions if question.kind == "text"}
    return "written" if name in text or name in ABOUT else "tick"


def _named(consultation: Consultation, said: str) -> str | None:
    """The name of the box that a comment or a field means, in whatever case it is written."""
    names = [*ABOUT, *(name for question in asked(consultation) for name in names_of(question))]
    known = {_plain(name): name for name in reversed(names)}
    return known.get(_plain(said)) or known.get(_plain(said.replace("=", ".", 1)))


def _plain(said: str) -> str:
    return re.sub(r"\s*\.\s*", ".", " ".join(said.casefold().split()))


def _proposed(consultation: Consultation, box: BlankBox) -> str | None:
    """The name that the words beside a box, and above it, suggest; None if they suggest none, or several."""
    questions = [q for q in asked(consultation) if (q.kind == "text") is (box.kind == "written")]
    if box.kind == "written":
        closest = _last_asked(questions, f"{box.above}\n{box.beside}")
        return closest.id if closest else None
    fits = [
        (question, option)
        for question in questions
        for option in question.options
        if _alike(option, box.beside)
    ]  # fmt: skip
    if len({question.id for question, _ in fits}) > 1:
        above = _last_asked([question for question, _ in fits], box.above)
        fits = [fit for fit in fits if fit[0] is above]
    return f"{fits[0][0].id}.{fits[0][1]}" if len(fits) == 1 else None


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, _plain(one), _plain(other)).ratio() >= _ALIKE


def _last_asked(questions: Sequence[Question], above: str) -> Question | None:
    """The question whose words stand last in a text."""
    text = " ".join(above.casefold().split())
    places = {question.id: text.rfind(" ".join(question.text.casefold().split())) for question in questions}
    asked_here = [question for question in questions if places[question.id] >= 0]
    return max(asked_here, key=lambda question: places[question.id], default=None)
