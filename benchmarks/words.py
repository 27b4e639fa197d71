"""Made-up English for the inputs: sentences about children's centres, people and addresses that do not exist."""

import csv
import random
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_WHO = (
    "My daughter", "Our youngest", "My husband", "The health visitor", "A neighbour of ours", "My own mother",
    "The childminder", "Every parent I know", "The team there", "Our playgroup", "My sister-in-law", "The midwife",
)  # fmt: skip
_DOES = (
    "has been going to", "relies on", "would be lost without", "first met other families at", "learnt a great deal at",
    "travels for forty minutes to", "cannot easily get to", "was made very welcome at", "helps out on Thursdays at",
    "found real support at", "no longer feels at home in", "is worried about the future of",
)  # fmt: skip
_WHAT = (
    "the baby clinic", "the stay and play sessions", "the speech and language group", "the parenting course",
    "the drop-in on Tuesday mornings", "the breastfeeding café", "the toy library", "the sensory room",
    "the job club", "the centre itself", "the garden that the volunteers made", "the antenatal evenings",
)  # fmt: skip
_WHY = (
    "because there is no bus after three o'clock", "and nobody has said what would replace it",
    "although the opening hours are hardly ever the ones on the door", "since the nursery closed two years ago",
    "which costs less than a single emergency admission", "and I do not think that a shared manager could know us all",
    "so please look at the figures for this village again", "and it is the only warm place that is free",
    "because a building without its people is just a building", "even when it rains and the pushchair is soaked",
    "and we would gladly pay a pound or two for it", "while the leaflets say something quite different",
)  # fmt: skip
_ALSO = (
    "I could not find the costings anywhere in the consultation document.", "We're told it will be “more efficient”.",
    "Please don't close it.", "How was the list of groups arrived at?", "I agree with the idea in principle.",
    "The staff have been brilliant — all of them.", "It’s not about the money for us, it’s about being known.",
    "Nobody asked the people who actually use it.", "Last winter 24 families came every single week.",
    "That would save £85,000 a year, or so the paper says.", "I would be happy to talk to somebody about this.",
)  # fmt: skip
_FIRST = (
    "Anna", "Brian", "Chloë", "David", "Ellen", "Farida", "George", "Hannah", "Ian", "Jane", "Kofi", "Lisa", "Mark",
    "Nadia", "Oliver", "Paula", "Rhys", "Sarah", "Tomasz", "Una", "Victor", "Wendy", "Zoë",
)  # fmt: skip
_LAST = (
    "Abbott", "Bloomfield", "Carter", "Dack", "Everett", "Fuller", "Goodrum", "Howes", "Ives", "Jermy", "Kowalska",
    "Larwood", "Mace", "Norgate", "O'Brien", "Pegg", "Quantrill", "Reeve", "Spinks", "Thaxter", "Utting", "Wymer",
)  # fmt: skip
_DISTRICTS = ("NR1", "NR4", "NR6", "NR13", "NR17", "NR18", "NR31", "IP25", "PE30", "PE37")


@cache
def places() -> tuple[str, ...]:
    """The names of the sample consultation's places."""
    with (ROOT / "samples" / "centres.csv").open(newline="", encoding="utf-8-sig") as stream:
        return tuple(row["name"] for row in csv.DictReader(stream))


def sentence(chance: random.Random) -> str:
    """One sentence, of 5 to 30 words."""
    if chance.random() < 0.3:
        return chance.choice(_ALSO)
    where = f" at {chance.choice(places())}" if chance.random() < 0.15 else ""
    return f"{chance.choice(_WHO)} {chance.choice(_DOES)} {chance.choice(_WHAT)}{where} {chance.choice(_WHY)}."


def text(chance: random.Random, words: int) -> str:
    """Paragraphs of about so many words, parted by empty lines."""
    paragraphs: list[list[str]] = [[]]
    count = 0
    while count < words:
        if len(paragraphs[-1]) >= 5:
            paragraphs.append([])
        paragraphs[-1].append(sentence(chance))
        count += len(paragraphs[-1][-1].split())
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def person(chance: random.Random) -> str:
    """A name."""
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def address(name: str, number: int) -> str:
    """An address of the domains that are kept for examples (RFC 2606)."""
    letters = "".join(c for c in name.lower() if c.isascii() and (c.isalpha() or c == " ")).replace(" ", ".")
    return f"{letters}{number}@example.{('org', 'com', 'net')[number % 3]}"


def postcode(chance: random.Random) -> str:
    """A postcode of a Norfolk district; its inward code is not in use there."""
    return f"{chance.choice(_DISTRICTS)} 9Z{chance.choice('ABDEFGHJLNPQRSTUWXYZ')}"


def phone(chance: random.Random) -> str:
    """A telephone number that Ofcom keeps for drama."""
    return f"01632 960{chance.randrange(1000):03d}"
