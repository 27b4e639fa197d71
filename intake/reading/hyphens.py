"""Whether a hyphen at the end of a line divides a word, or belongs to it. Pure."""

import re
from collections.abc import Collection
from typing import Literal

_HYPHENS = "-\u2010"
_SOFT = "\u00ad"
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_EDGES = " \t,.:;!?\"'“”‘’()[]…"
_FIRST = frozenset([
    "self", "well", "non", "half", "full", "long", "short", "high", "low", "cross", "all", "great", "twenty",
    "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "first", "third", "semi", "drop", "hard", "ill", "much", "family", "user", "policy",
    "decision", "one", "mother", "father", "son", "daughter", "brother", "sister", "follow", "nine", "role", "vice",
    "step",
])  # fmt: skip
"""What stands before a hyphen that belongs to its word, and hardly ever is where a longer word is divided."""
_SECOND = frozenset([
    "in", "up", "off", "out", "to", "based", "term", "being", "time", "minded", "funded", "free", "friendly",
    "year", "years", "raising", "round", "style", "sized", "income", "related", "paid", "hearted", "door",
    "effective", "fives", "fours", "threes", "twos", "ones", "school", "wide", "old", "olds", "law", "laws", "led",
    "run", "aged",
])  # fmt: skip
"""What stands behind one."""
_ONE_WORD = frozenset([
    "within", "without", "throughout", "into", "onto", "nonsense", "sometime", "lifetime", "threshold", "household",
    "unpaid", "daytime", "highways", "highway",
])  # fmt: skip
_ENDINGS = frozenset([
    "age", "ages", "een", "ties", "teens", "en", "er", "ers", "ing", "ings", "ed", "ly", "ness", "est", "ment",
    "ments", "able", "ful", "less", "ish", "ty", "teen", "teenth", "tieth", "al", "ity", "ion", "ions", "ure",
    "ance", "ence", "ery", "ery", "ory", "ist", "ists", "ism", "ise", "ize", "ised", "ising", "ren", "hood", "ship",
    "ships", "ward", "wards",
])  # fmt: skip
"""What no compound ends in: here a word was divided."""


def is_divided(end: str, start: str, seen: Collection[str] = ()) -> Literal["soft", "hard", ""]:
    """Whether the last word of a line and the first of the next are one.

    Args:
        end: the last word of a line, with what stands around it.
        start: the first one of the next.
        seen: the other words of the page, which say how this one is written elsewhere.

    Returns:
        ``soft`` if the hyphen only divides it and goes, ``hard`` if it stays ("well-being"), "" if they are two words.
    """
    if end.endswith(_SOFT):
        return "soft" if len(end) > 1 and end[-2].isalpha() and start[:1].isalpha() else ""
    if not end.endswith(tuple(_HYPHENS)) or len(end) < 2 or not end[-2].isalpha() or not start[:1].islower():
        return ""
    head = _LETTERS.findall(end[:-1])[-1].casefold()
    tail = start.strip(_EDGES)
    rest = (_LETTERS.match(tail) or [""])[0].casefold()
    if not rest:
        return ""
    inside = any(mark in end.strip(_EDGES + "".join(_HYPHENS)) for mark in _HYPHENS)
    if inside or any(mark in tail for mark in _HYPHENS):
        return "hard"  # "mother-in-" "law": no word is divided beside a hyphen of its own
    known = {word.strip(_EDGES).casefold() for word in seen}
    if f"{head}-{rest}" in known:
        return "hard"
    doubled = rest[0] == head[-1] and rest.endswith(("ing", "ed", "er", "ers", "ings"))
    if f"{head}{rest}" in known or f"{head}{rest}" in _ONE_WORD or rest in _ENDINGS or doubled:
        return "soft"
    cooperates = head == "co" and rest.startswith(("op", "ord"))
    return "hard" if head in _FIRST or rest in _SECOND or cooperates else "soft"
