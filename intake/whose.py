"""Whose words a log holds, as people write it in a column: the respondent's own, taken down word for word, or a
summary; and whether it was read back to them. Pure."""

import re

_SPELLED = {
    "own": (
        "own", "own words", "their own", "their own words", "in their own words", "in own words", "caller's own words",
        "callers own words", "caller", "written by caller", "written by the caller", "first person",
    ),
    "verbatim": (
        "verbatim", "word for word", "word-for-word", "exact", "exact words", "as spoken", "as said", "dictated",
        "dictation", "full transcript", "transcript", "transcribed", "quoted", "quote", "v",
    ),
    "summary": (
        "summary", "summarised", "summarized", "summarised by handler", "summary by handler", "handler's summary",
        "handler summary", "handler's words", "note", "notes", "call note", "call notes", "handler's note",
        "handler's notes", "paraphrase", "paraphrased", "gist", "in brief", "brief", "our words", "precis", "s",
    ),
}  # fmt: skip
_KNOWN = {spelling: word for word, spellings in _SPELLED.items() for spelling in spellings}
_YES = frozenset({"yes", "y", "true", "1", "read back", "done", "confirmed", "agreed", "\u2713", "\u2714", "x"})
_NO = frozenset({"no", "n", "false", "0", "not read back", "not done", "not confirmed"})


def whose_words(written: str) -> str:
    """``own``, ``verbatim`` or ``summary``; "" where it says none of them, or can't be told."""
    return _KNOWN.get(_plain(written), "")


def was_read_back(written: str) -> bool | None:
    """Whether it was read back to the respondent; None where that is not said."""
    plain = _plain(written)
    return True if plain in _YES else False if plain in _NO else None


def _plain(written: str) -> str:
    words = re.sub(r"\s+", " ", written.replace("\u2019", "'").replace("\u00e9", "e")).strip().casefold()
    return re.sub(r"^(?:in )?the ", "", words).strip(" .:;-()\"'")
