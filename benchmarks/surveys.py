"""A survey export of 10,000 rows with the sample's columns, from a fixed seed: free texts of 5 to 120 words, choices,
blanks as people leave them."""

import csv
import io
import random
from datetime import datetime, timedelta

from benchmarks.words import address, person, postcode, text

SEED = 20110418
HEADER = (
    "Response ID", "Submitted", "What do you think of the proposal to run the centres in groups, each with one shared "
    "manager?", "How far do you agree with the proposal?", "Which services do you or your family use?",
    "What one thing would make your centre better?", "How would you describe your ethnic background?", "Your name",
    "Email", "Postcode", "I am a", "May we publish your answer?", "IP address",
)  # fmt: skip
_AGREE = ("Strongly agree", "Agree", "Neither agree nor disagree", "Disagree", "Strongly disagree")
_SERVICES = ("Stay and play", "Baby clinic", "Speech and language", "Parenting courses", "Antenatal")
_BACKGROUND = ("White British", "Other White", "Asian or Asian British", "Mixed", "Prefer not to say", "")
_ROLES = ("Parent", "Carer", "Education partner", "Health partner", "Voluntary sector", "Other")
_PUBLISH = ("Yes", "No", "Yes, anonymously", "")
_OPENED = datetime(2011, 1, 24, 8, 0, 11)


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
    when = _OPENED + timedelta(seconds=700 * number)
    return [
        str(100_001 + number),
        when.isoformat(" "),
        text(chance, chance.randrange(5, 100)),
        chance.choice(_AGREE),
        "; ".join(chance.sample(_SERVICES, chance.randrange(4))),
        text(chance, chance.randrange(5, 40)) if chance.random() < 0.7 else "",
        chance.choice(_BACKGROUND),
        name if chance.random() < 0.6 else "",
        address(name, number) if chance.random() < 0.5 else "",
        postcode(chance) if chance.random() < 0.8 else "",
        chance.choice(_ROLES),
        chance.choice(_PUBLISH),
        f"198.51.100.{number % 250 + 1}",
    ]
