"""Words with which people ask the council for something that the law has a term for. A hint for whoever reads the
message, as evidence that fills nothing: no rule sets a person's message aside.
"""

import re
from collections.abc import Iterator, Sequence

from intake.reading.parts import Part
from storage.schema import Evidence

_LOOK_AT = 100_000
_CUES = {
    "information-request": re.compile(
        r"\bfreedom of information\b(?: act(?: 2000)?)?(?: request)?|\bFOIA?\b(?: act| request)?"
        r"|\benvironmental information regulations\b|\bEIR request\b",
        re.IGNORECASE,
    ),
    "subject-access": re.compile(
        r"\b(?:data )?subject access(?: request)?\b|\bDSAR\b"
        r"|\bcopy of (?:all |any )?(?:the |my )?(?:personal )?(?:data|information) (?:that )?(?:you|the council) holds?"
        r"(?: (?:about|on) me)?",
        re.IGNORECASE,
    ),
    "complaint": re.compile(
        r"\b(?:formal|official|stage (?:one|two|1|2)) complaint\b|\bmake a complaint\b|\bombudsman\b", re.IGNORECASE
    ),
    "enquiry": re.compile(
        r"\b(?:can|could) you (?:please )?(?:tell|let) me(?: know)?\b|\bwhat are your opening (?:hours|times)\b"
        r"|\bplease (?:could|can) you send me\b",
        re.IGNORECASE,
    ),
}


def cues(parts: Sequence[Part]) -> Iterator[Evidence]:
    """The first words of each kind that a message holds: the reason with which it may be passed on, and where they
    stand."""
    for reason, pattern in _CUES.items():
        for part in parts:
            found = pattern.search(part.text[:_LOOK_AT]) if part.content and part.page is None else None
            if found:
                place = {"part": part.number, "start": found.start(), "end": found.end()}
                yield Evidence(value=reason, method=part.method, confidence=0.5, place=place, quote=found[0])
                break
