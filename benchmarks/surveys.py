"""A survey export with twenty questions, from a fixed seed: free texts of 5 to 120 words, choices, a matrix, several
options in one cell, blanks as people leave them."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.words import address, person, postcode, text

SEED = 20110418
_AGREE = ("Strongly agree", "Agree", "Neither agree nor disagree", "Disagree", "Strongly disagree")
_SERVICES = ("Stay and play", "Baby clinic", "Speech and language", "Parenting courses", "Antenatal")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_BACKGROUND = ("White British", "Other White", "Asian or Asian British", "Mixed", "Prefer not to say")
_OFTEN = ("Every week", "Every month", "A few times a year", "Never")
_HOW = ("On foot", "By bus", "By car", "By bicycle", "I do not go")
_MINUTES = ("Under 10", "10 to 20", "20 to 40", "Over 40")
_PUBLISH = ("Yes", "No", "Yes, anonymously", "")
_ROLES = ("Parent", "Carer", "Education partner", "Health partner", "Voluntary sector", "Other")
_OPENED = datetime(2011, 1, 24, 8, 0, 11)


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the survey: ``answered`` is the share of people who answer it, ``words`` the most words of a free
    text."""

    id: str
    text: str
    kind: str
    options: tuple[str, ...] = ()
    answered: float = 0.9
    words: int = 0
    monitoring: bool = False


_STATEMENTS = (
    "One manager could look after several centres", "My centre is easy to get to", "My centre is open when I need it",
    "The staff have time for my family", "I would travel further for more sessions",
    "Reception could be shared with the library", "Groups run by volunteers could replace some sessions",
    "The proposal is clear to me",
)  # fmt: skip
QUESTIONS = (
    Question("structure", "What do you think of the proposal to run the centres in groups?", "text", (), 1.0, 100),
    Question("agree", "How far do you agree with the proposal?", "choice", _AGREE, 1.0),
    Question("services", "Which services do you or your family use?", "choices", _SERVICES),
    *(
        Question(f"said{number}", f"How far do you agree? {said}", "choice", _AGREE)
        for number, said in enumerate(_STATEMENTS, start=1)
    ),
    Question("often", "How often do you go to a centre?", "choice", _OFTEN),
    Question("how", "How do you get there?", "choice", _HOW),
    Question("minutes", "How many minutes does it take?", "choice", _MINUTES),
    Question("days", "Which days would suit you?", "choices", _DAYS, 0.7),
    Question("children", "How many children under five live with you?", "choice", ("0", "1", "2", "3", "4 or more")),
    Question("improve", "What one thing would make your centre better?", "text", (), 0.7, 40),
    Question("effect", "How would the proposal affect you or your family?", "text", (), 0.5, 60),
    Question("else", "Is there anything else that you would like to say?", "text", (), 0.2, 30),
    Question("background", "How would you describe your ethnic background?", "choice", _BACKGROUND, monitoring=True),
)
HEADER = (
    "Response ID", "Submitted", *(question.text for question in QUESTIONS), "Your name", "Email", "Postcode", "I am a",
    "May we publish your answer?", "IP address",
)  # fmt: skip


def export(rows: int) -> bytes:
    """An export of so many rows: UTF-8 with its mark, CRLF, as survey tools write it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for number in range(rows):
        writer.writerow(_row(random.Random(SEED + number), number))
    return out.getvalue().encode("utf-8-sig")


def _row(chance: random.Random, number: int) -> list[str]:
    name = person(chance)
    when = _OPENED + timedelta(seconds=70 * number)
    return [
        str(100_001 + number),
        when.isoformat(" "),
        *(_answer(chance, question) for question in QUESTIONS),
        name if chance.random() < 0.6 else "",
        address(name, number) if chance.random() < 0.5 else "",
        postcode(chance) if chance.random() < 0.8 else "",
        chance.choice(_ROLES),
        chance.choice(_PUBLISH),
        f"198.51.100.{number % 250 + 1}",
    ]


def _answer(chance: random.Random, question: Question) -> str:
    if chance.random() >= question.answered:
        return ""
    if question.kind == "text":
        return text(chance, chance.randrange(5, question.words))
    if question.kind == "choices":
        return "; ".join(chance.sample(question.options, chance.randrange(1, 4)))
    return chance.choice(question.options)
