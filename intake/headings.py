"""Headers of tables as words: how they are compared, and which part of one names an option or a statement. Pure.

Survey tools that give a column to each option write the question and the option into one header, with something between
them: ``Which services do you use? [Baby clinic]``, ``… - Baby clinic``, ``…: Baby clinic``, or a line of its own.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

_TAG = re.compile(r"<[^<>]{1,80}>")
# "Q3.", "3)", "Q3a -", "Question 3:": the number that a tool puts before a question. A year or an amount is none.
_NUMBER = re.compile(r"^(?:(?:q|question)\s?\d{1,3}[a-z]?\b\s*[.):_-]?|\d{1,3}[a-z]?\s*[.):])\s+(?=\S)")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_BRACKETS = re.compile(r"^(?P<head>.*?)\s*[\[(](?P<label>[^\[\]]+)[\])]\s*$", re.DOTALL)
_BETWEEN = re.compile(r"\?(?:\s+[-–—|>/]|\s*[:|])?\s+|\s+[-–—|>/]\s+|\s*\n\s*|\s*[:|]\s*")
_ENDS_A_HEAD = frozenset("-–—|>/:?.[(\n_*")
_RANK = re.compile(
    r"^(?:rank(?:ed|ing)?|choice|priority|preference|place|position|number|no\.?)?\s*#?\s*(\d{1,2})(?:st|nd|rd|th)?"
    r"(?:\s+(?:rank|choice|priority|preference|place))?$"
)
_OTHER = re.compile(r"other\b.*\b(?:please|specify|say|tell us|describe|write|text|details?)\b")
_LONGEST = 1_000  # characters: no question is longer, and the header of a hostile file may be ten million
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


# What some tools write above a question: the name of the field, one word without spaces ("Q3_7_TEXT | Which …?").
_FIELD = re.compile(r"^\w{1,40} \| (?=\S)")


def without_field(header: str) -> str:
    """A header of several rows without the first, where that is only the name of a field."""
    return _FIELD.sub("", header, count=1)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Words as they are compared: without mark-up, the question's number, case, doubled spaces, and what ends them."""
    bare = unicodedata.normalize("NFKC", _TAG.sub(" ", text[:_LONGEST])).translate(_QUOTES)
    words = " ".join(bare.casefold().split())
    return _NUMBER.sub("", words).rstrip(" ?:.*").strip()


def cuts(header: str) -> Iterator[tuple[str, str]]:
    """Where a header may be cut into a question and a label: its last brackets, then each mark between, last first."""
    if len(header) > _LONGEST:
        return
    if found := _BRACKETS.match(header):
        yield found["head"], found["label"].strip()
    for between in reversed(list(_BETWEEN.finditer(header))[:20]):
        head, label = header[: between.start()], header[between.end() :]
        if between.group().startswith("?"):
            head += "?"
        if plain(head) and plain(label):
            yield head.strip(), label.strip().removeprefix("[").removesuffix("]").strip()


def option_in(header: str, options: Sequence[str]) -> str | None:
    """The option that a header names: all of it, or what follows a mark at its end; the longest that fits."""
    said = plain(header.rstrip(" ])"))
    for option in sorted(options, key=len, reverse=True):
        wanted = plain(option.rstrip(" ])"))
        if not wanted or not said.endswith(wanted):
            continue
        before = said[: len(said) - len(wanted)].rstrip(" \"'")
        # "How far do you agree" does not name the option "Agree": it only ends with its word.
        if not before or before[-1] in _ENDS_A_HEAD:
            return option
    return None


def label_of(header: str, question: str, beside: Sequence[str]) -> str:
    """What a header says beyond its question; "" if it is the question alone. ``beside`` are the question's headers.

    The question's own words are cut off where the header begins with them; else what all its headers begin with.
    """
    header, beside = without_field(header), [without_field(other) for other in beside]
    asked = plain(question)
    if plain(header) == asked:
        return ""
    pairs = list(cuts(header))
    for head, label in pairs:
        if plain(head) == asked:
            return label
    if header.rstrip().endswith("]") and pairs:
        return pairs[0][1]
    common = _common(beside) if len(beside) > 1 else ""
    for head, label in reversed(pairs):
        if common and len(head) <= len(common) <= len(header) - len(label):
            return label
    return header.strip() if len(beside) > 1 else ""


def _common(headers: Sequence[str]) -> str:
    first, last = min(headers), max(headers)
    for at, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return first[:at]
    return first


def rank_of(label: str) -> int | None:
    """Which rank a label names: 1 of "1st", "Rank 1", "First choice"; None if it names none."""
    said = plain(label)
    if found := _RANK.match(said):
        return int(found[1]) or None
    word = said.split(" ")[0] if said else ""
    return _ORDINALS.index(word) + 1 if word in _ORDINALS and len(said.split(" ")) <= 2 else None


def is_other(label: str) -> bool:
    """Whether a label offers an answer in one's own words: "Other", "Other, please say", "Other (please specify)"."""
    words = plain(label)
    return words == "other" or bool(_OTHER.match(words))
