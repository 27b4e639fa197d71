"""What the pages of a scanned reply form answer: ticks, writing, and what a person must look at. Pure.

An empty box is no answer. Two marks where one option is asked for, or a mark that is not clearly one, fill nothing: the
boxes are evidence, and ``needs`` says ``conflict``. Writing that is not surely read is a hint, and ``needs`` says
``transcription``. Monitoring answers go to their table alone; no evidence says which of their boxes has what.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace as changed

from intake import fields
from intake.config import Question
from intake.filled import Filled, Rules
from intake.reading.formlayout import form_code
from intake.reading.parts import FormBox, Part, piece_of
from intake.replyform import ABOUT, CONSENT, CONSENT_QUESTION
from storage.schema import Evidence

_MARKED = frozenset({"ticked", "circled"})
_HINT = 0.5
_TAKEN_BACK = 0.8
_UNKNOWN = "The code on this page names a form that is not known here, so that its boxes were not read."
_OTHERS = "The code on this page names the form of another consultation."
_TWICE = "A page of the form is there twice: there may be two forms in this letter."
_APART = "Marks in the boxes of a question that is kept apart can't be told apart."
_APART_WRITTEN = "There is writing in the box of a question that is kept apart."


class _Here(NamedTuple):
    """A box with the page that it is on."""

    part: Part
    box: FormBox


def is_form_page(part: Part) -> bool:
    """Whether a part is a scanned page of a reply form."""
    return bool(part.boxes or part.apart)


def has_marks(part: Part) -> bool:
    """Whether anything is on a form page's boxes, or beside them."""
    return any(box.state != "empty" for box in (*part.boxes, *part.apart))


def from_pages(rules: Rules, filled: Filled, parts: Sequence[Part]) -> list[Part]:
    """Take what is on the pages of scanned reply forms as answers.

    Returns:
        What was written into the frames of the questions, in their order, each as a part of its own: what is not surely
        read is too poor to be the text.
    """
    for part in parts:
        _unknown_form(rules, filled, part)
    here = [_Here(part, box) for part in parts for box in (*part.boxes, *part.apart)]
    if not here:
        return []
    filled.fill("method", "form")
    names = [h.box.name for h in here if h.box.name]
    if len(set(names)) < len(names):
        filled.needs.add("split?")
        filled.offer("needs", Evidence(value="split?", method="form", confidence=0.5, quote=_TWICE))
    written: list[Part] = []
    for question in rules.consultation.questions:
        if question.kind == "text":
            written += _written(filled, question, [h for h in here if h.box.name == question.id])
        else:
            _chosen(filled, question, here)
    _chosen(filled, CONSENT_QUESTION, here)
    _about(rules, filled, here)
    for part, box in here:
        if box.state == "stray":
            filled.needs.add("transcription")
            filled.offer("text", _evidence(part, box, "", "There is writing beside the boxes."))
    return written


def _unknown_form(rules: Rules, filled: Filled, part: Part) -> None:
    if is_form_page(part) or not part.content:
        return
    for code in part.codes:
        said = form_code(code.text)
        if said is None:
            continue
        is_other = said.consultation != rules.consultation.id
        filled.needs |= {"transcription", "genuine?"} if is_other else {"transcription"}
        for need in {"transcription", "genuine?"} if is_other else {"transcription"}:
            place = {"page": part.page, "box": [round(edge, 1) for edge in (code.x0, code.top, code.x1, code.bottom)]}
            quote = _OTHERS if is_other else _UNKNOWN
            filled.offer("needs", Evidence(value=need, method="form", confidence=1.0, place=place, quote=quote))


def _chosen(filled: Filled, question: Question, here: Sequence[_Here]) -> None:
    """The options of a question that are marked; of a monitoring one, for its table alone."""
    prefix = f"{question.id}."
    options = {f"{prefix}{option}": option for option in question.options}
    mine = [h for h in here if h.box.name in options]
    if all(h.box.state == "empty" for h in mine):
        return
    names = [h.box.name for h in mine]
    picked = _picked(question, [h.box for h in mine]) if len(set(names)) == len(names) else None
    if question.monitoring:
        if picked is None:
            _look_apart(filled, mine, "conflict", _APART)
        elif picked:
            filled.monitoring[question.id] = ";".join(sorted(options[box.name] for box in picked))
        return
    column = CONSENT if question is CONSENT_QUESTION else f"answer.{question.id}"
    if picked is None:
        filled.needs.add("conflict")
        marked = [h for h in mine if h.box.state != "empty"]
        filled.offer(column, *(_evidence(part, box, options[box.name], box.state) for part, box in marked))
        return
    if not picked:
        return
    taken = {box.name: box for box in picked}
    evidence = [
        _evidence(part, taken[box.name], options[box.name], box.state) for part, box in mine if box.name in taken
    ]
    value = ";".join(sorted({options[box.name] for box in picked}))
    if column == CONSENT:
        filled.fill(column, value, *evidence)
    else:
        filled.answers[question.id] = value
        filled.offer(column, *evidence)


def _picked(question: Question, boxes: Sequence[FormBox]) -> list[FormBox] | None:
    """The boxes that say what was chosen, None if that is not clear.

    A box that is scribbled over, or filled in whole beside a ticked one where the form says so, was taken back.
    """
    ticked = [box for box in boxes if box.state in _MARKED]
    whole = [box for box in boxes if box.state == "filled"]
    struck = [box for box in boxes if box.state == "struck"]
    if any(box.state not in ("empty", "ticked", "circled", "filled", "struck") for box in boxes):
        return None
    if question.kind == "choices":
        # What stands beside ticks may have been taken back, or be the most emphatic of them.
        return None if struck or (ticked and whole) else ticked + whole
    if not ticked:
        return whole if len(whole) == 1 and not struck else None
    if len(ticked) > 1 or (whole and not any(box.takes_back for box in boxes)):
        return None
    taken_back = bool(whole or struck)
    return [changed(box, confidence=min(box.confidence, _TAKEN_BACK)) if taken_back else box for box in ticked]


def _written(filled: Filled, question: Question, mine: Sequence[_Here]) -> list[Part]:
    """What is written into the frame of a question, as a part that a text can be made of."""
    pieces: list[Part] = []
    said: list[str] = []
    for part, box in mine:
        if box.state == "empty":
            continue
        if question.monitoring:
            if box.sure:
                filled.monitoring[question.id] = box.said
            else:
                _look_apart(filled, [_Here(part, box)], "transcription", _APART_WRITTEN)
            continue
        words = part.text[box.start : box.end]
        pieces.append(_piece(part, box))
        filled.offer(f"answer.{question.id}", _evidence(part, box, words, words))
        said.append(words)
        if not box.sure:
            filled.needs.add("transcription")
    if said and all(h.box.sure for h in mine if h.box.state != "empty"):
        filled.answers[question.id] = "\n\n".join(said)
    return pieces


def _piece(part: Part, box: FormBox) -> Part:
    words = [changed(w, start=w.start - box.start) for w in part.words if box.start <= w.start < box.end]
    confidence = box.confidence if box.sure else min(box.confidence, _HINT)
    return piece_of(
        part, box.start, box.end, content=True, method="form" if box.sure else "ocr", confidence=confidence,
        words=words, page=part.page, ink=1.0,
    )  # fmt: skip


def _about(rules: Rules, filled: Filled, here: Sequence[_Here]) -> None:
    """Who filled it in, as far as that can be read."""
    asked = {question.id for question in rules.consultation.questions}
    for part, box in here:
        if box.name not in ABOUT or box.name in asked or box.state == "empty":
            continue
        words = " ".join(part.text[box.start : box.end].split("\n"))
        evidence = _evidence(part, box, words, words)
        if not (box.sure and fill_about(rules, filled, box.name, words, evidence)):
            filled.needs.add("transcription")
            filled.offer(box.name, evidence)


def fill_about(rules: Rules, filled: Filled, column: str, given: str, evidence: Evidence) -> bool:
    """Fill a column with what the respondent wrote about themselves; false if it is not what the column holds."""
    value = " ".join(given.split())
    if column == "postcode":
        found = {found.value for found in fields.postcodes(value)}
        value = found.pop() if len(found) == 1 else ""
    elif column == "phone":
        value = fields.e164(value)
    elif column == "email" and ("@" not in value or " " in value):
        value = ""
    if not value or rules.is_ours(value):
        return False
    filled.fill(column, value, changed(evidence, value=value))
    return True


def _evidence(part: Part, box: FormBox, value: str, quote: str) -> Evidence:
    edges = [round(edge, 1) for edge in (box.x0, box.top, box.x1, box.bottom)]
    place = {"page": part.page, "box": edges}
    if part.inside is not None:
        place["part"] = part.number
    return Evidence(value=value, method="form", confidence=round(box.confidence, 2), place=place, quote=quote)


def _look_apart(filled: Filled, mine: Sequence[_Here], need: str, said: str) -> None:
    """A need for a monitoring question: the place is that of all its boxes, so that it says nothing of the answer."""
    filled.needs.add(need)
    part = mine[0].part
    boxes = [box for other, box in mine if other is part]
    edges = (
        min(b.x0 for b in boxes),
        min(b.top for b in boxes),
        max(b.x1 for b in boxes),
        max(b.bottom for b in boxes),
    )
    place = {"page": part.page, "box": [round(edge, 1) for edge in edges]}
    filled.offer("needs", Evidence(value=need, method="form", confidence=1.0, place=place, quote=said))
