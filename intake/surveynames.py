"""How a header is known: as a question that it asks, or as the name of a column of the schema. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from rapidfuzz import fuzz

from intake.config import Question
from intake.headings import cuts, plain, without_field

SURE = 0.8
"""How alike (rapidfuzz's ratio of plain words, 0 to 1) a header and a question must be, if they have the same words of
meaning. Measured on 44 rewordings of 14 questions beside 15 other questions of such surveys: 28 rewordings are mapped
(the least alike 0.81), the others are left to a person, and no header is mapped to a question that it does not ask.
Alikeness alone would not do: "… close the library on Saturdays" and "… on Sundays" have 0.97."""
APART = 0.06
"""How much nearer than the next question."""
_SAME_WORD = 80  # of 100: "centre" and "center", "proposal" and "proposals"; "Sundays" and "Saturdays" have 75
_LITTLE = frozenset({
    "a", "about", "all", "an", "and", "any", "apply", "are", "as", "at", "be", "been", "by", "can", "could", "do",
    "does", "for", "from", "have", "how", "i", "if", "in", "is", "it", "its", "of", "on", "or", "our", "please",
    "select", "tell", "that", "the", "their", "them", "there", "these", "this", "those", "tick", "to", "us", "was",
    "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
})  # fmt: skip
"""Words without which a question still asks the same."""
_WORD = re.compile(r"[\w']+")
_BEGINS = 30  # characters: a header cut off after so many names its question, if no other begins so
NEAR = 0.5

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "name", "your name", "full name", "what is your name", "what is your full name", "your full name",
        "respondent name",
    ),
    "organisation": (
        "organisation", "your organisation", "organisation name", "name of organisation", "what is your organisation",
        "name of your organisation", "what is the name of your organisation", "organisation (if any)",
    ),
    "email": (
        "email", "email address", "your email", "your email address", "what is your email address", "e-mail address",
        "what is your email",
    ),
    "phone": ("phone", "telephone", "phone number", "telephone number", "your telephone number", "your phone number"),
    "address": ("address", "your address", "postal address", "what is your address"),
    "postcode": (
        "postcode", "post code", "your postcode", "what is your postcode", "please tell us your postcode",
        "what is your full postcode", "postal code", "home postcode",
    ),
    "respondent_kind": (
        "respondent type", "type of respondent", "responding as", "are you responding as an individual or organisation",
        "are you responding as an individual or an organisation", "individual or organisation",
        "are you responding as an individual or on behalf of an organisation",
    ),
    "respondent_role": (
        "i am a", "i am", "role", "your role", "respondent role", "are you", "i am responding as",
        "are you responding as", "in what capacity are you responding", "which of these best describes you",
        "which best describes you",
    ),
    "consent_to_publish": (
        "may we publish your answer", "may we publish your response", "can we publish your response",
        "consent to publish", "do you consent to us publishing your response",
        "are you happy for us to publish your response",
        "may we publish what you say", "do you agree to your response being published",
    ),
    "entered_from": (
        "paper reference", "paper ref", "letter number", "paper form number", "reference of the paper form",
        "scanned letter", "paper response reference",
    ),
}  # fmt: skip
_ABOUT = frozenset({
    "about you", "about yourself", "your details", "your contact details", "contact details", "personal details",
    "contact information", "please give your details", "please enter your details", "please tell us about yourself",
})  # fmt: skip
"""Questions that several columns of the schema stand under."""
FIRST_LAST = ("first name", "last name")


def _heads(header: str) -> Iterator[str]:
    """What of a header may be the question: all of it, or what stands before a mark."""
    bare = without_field(header)
    yield bare
    yield from (head for head, _ in cuts(bare))


def likeness(question: Question, header: str) -> float:
    """How alike a question and a header are, from 0 to 1: 1 if it is its text or its id, or is cut off from it."""
    asked = plain(question.text)
    best = 0.0
    for head in _heads(header):
        said = plain(head)
        if said in (asked, plain(question.id), f"answer.{question.id}".casefold()):
            return 1.0
        if len(said) >= _BEGINS and asked.startswith(said.rstrip(". …")):
            return 1.0
        alike = fuzz.ratio(said, asked) / 100
        best = max(best, alike if alike < SURE or _same_words(said, asked) else SURE - APART)
    return best


def _same_words(one: str, other: str) -> bool:
    """Whether all words of meaning of one text are in the other as well, but for their spelling."""
    these, those = (set(_WORD.findall(text)) - _LITTLE for text in (one, other))
    return all(_is_among(word, those) for word in these) and all(_is_among(word, these) for word in those)


def _is_among(word: str, others: Set[str]) -> bool:
    return word in others or (
        not word.isdigit() and any(fuzz.ratio(word, near) >= _SAME_WORD for near in others if not near.isdigit())
    )


def is_called(header: str, names: Sequence[str]) -> bool:
    """Whether a header is one of these names or nearly so; or is before a mark, or after one below "About you"."""
    bare = without_field(header)
    said = plain(bare)
    return (
        said in names
        or any(fuzz.ratio(said, name) / 100 >= SURE and _same_words(said, name) for name in names)
        or any(plain(head) in names or (plain(head) in _ABOUT and plain(label) in names) for head, label in cuts(bare))
    )
