"""The header of a table beside those that were taken before in its channel. Pure: what has changed, and the sentence
that says so.

A column that is new, missing or renamed may hold other answers than the config thinks: such a file waits for a person,
or for a config that says what its columns are. The order of the columns does not matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from intake.config import Consultation
from intake.mapping import RowMapping
from intake.reading.parts import Unreadable
from intake.tables import map_headers
from storage.layouts import KnownLayout

CHANGED = "The columns of this file are not those of the exports before it"
"""How every reason of this kind begins. The log says no more: a name may be a respondent's word, if it is no header."""
_NEXT = (
    "Compare it with the export before. `intake decide RECEIPT accept` takes it as it is{lost}; or name the new "
    "columns in the configuration, and then `intake decide RECEIPT retry`."
)
_LOST = ", with nothing in {columns} for good: only do so if that was no longer asked"
_NEXT_NO_HEADER = (
    "Look at its first line. Have it exported again with a header; or, if this is right, `intake decide RECEIPT "
    "accept` takes it as it is."
)
_SIMILAR = 70.0  # of 100, as rapidfuzz counts: "Post code" and "Postcode" have 94, "Name" and "Email" 44
_PAIRS = 40_000  # more pairs of names than this are not compared: nobody renames two hundred columns
_SHOWN = 10
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Change:
    """How a header differs from one that was taken before: the pairs (old, new) that are most likely one column under
    another name, and all others."""

    renamed: tuple[tuple[str, str], ...]
    new: tuple[str, ...]
    missing: tuple[str, ...]


def uses(consultation: Consultation, header: Sequence[str], mapping: RowMapping) -> dict[str, tuple[str, ...]]:
    """What each column of a header fills, by header: columns of the schema, and the marks that the config knows; not in
    here if it fills nothing."""
    found: dict[str, list[str]] = {}
    for column, headers in _filled(consultation, header, mapping):
        for name in headers:
            if name in header:
                found.setdefault(name, []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def _filled(
    consultation: Consultation, header: Sequence[str], mapping: RowMapping
) -> Iterator[tuple[str, Sequence[str]]]:
    yield from map_headers(consultation, header, mapping).items()
    yield "id", mapping.id_columns
    yield "submitted", [mapping.submitted_column]
    yield "entered_from", mapping.entered_from
    yield "read_back", mapping.read_back
    for mark in ("partial", "test", "staff"):
        yield mark, list(getattr(mapping, mark))


def refusal(
    consultation: Consultation, header: Sequence[str], mapping: RowMapping, known: Sequence[KnownLayout]
) -> Unreadable | None:
    """Why a table with this header waits, None if it may be taken: it is the first of its channel, its columns are
    those of an earlier one, or the config says what they are. ``known`` are the headers taken before, newest first."""
    names = set(header)
    if not known or any(set(layout.header) == names for layout in known):
        return None
    nearest = min(known, key=lambda layout: len(names ^ set(layout.header)))
    change = compare(nearest.header, header)
    now = uses(consultation, header, mapping)
    if _is_settled(change, nearest, now, mapping):
        return None
    if all(len(names & set(layout.header)) * 2 < len(names) for layout in known):
        said = (
            f"{CHANGED}, and most of their names are unknown: perhaps its first line is no header but somebody's "
            f"answer, or it is an export of something else. It has {len(header)} columns."
        )
        return Unreadable(said, _NEXT_NO_HEADER)
    said = "; ".join(_said(change))
    return Unreadable(f"{CHANGED}: {said}{'' if said.endswith('?') else '.'}", _NEXT.format(lost=_lost(nearest, now)))


def compare(before: Sequence[str], now: Sequence[str]) -> Change:
    """How a header differs from the one before: a missing column and a new one are one that was renamed where their
    names are alike, else where they stand in the same position."""
    had, has = set(before), set(now)
    missing = [name for name in before if name not in has]
    new = [name for name in now if name not in had]
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for old, name in [*_alike(missing, new), *_in_place(before, now, missing, new)]:
        if old not in renamed and name not in taken:
            renamed[old] = name
            taken.add(name)
    return Change(
        tuple((old, renamed[old]) for old in missing if old in renamed),
        tuple(name for name in new if name not in taken),
        tuple(name for name in missing if name not in renamed),
    )


def _alike(missing: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of names that are alike, the most alike first."""
    if not missing or not new or len(missing) * len(new) > _PAIRS:
        return []
    from rapidfuzz.fuzz import ratio

    scored = [(ratio(old.casefold(), name.casefold()), old, name) for old in missing for name in new]
    return [(old, name) for score, old, name in sorted(scored, key=lambda s: -s[0]) if score >= _SIMILAR]


def _in_place(
    before: Sequence[str], now: Sequence[str], missing: Sequence[str], new: Sequence[str]
) -> list[tuple[str, str]]:
    gone, come = set(missing), set(new)
    return [(old, name) for old, name in zip(before, now, strict=False) if old in gone and name in come]


def _is_settled(change: Change, before: KnownLayout, now: dict[str, tuple[str, ...]], mapping: RowMapping) -> bool:
    """Whether the config says what the columns are: each new one is named in it, and each missing one is replaced.

    What a missing column filled is filled by another now; one that filled nothing was renamed to one that is named.
    """
    named = {*mapping.headers, *mapping.unmapped_columns}
    if not named.issuperset([*change.new, *(name for _, name in change.renamed)]):
        return False
    filled = {column for columns in now.values() for column in columns}
    replaced = {old for old, _ in change.renamed}
    gone = [*replaced, *change.missing]
    return all(filled.issuperset(before.uses.get(old, ())) for old in gone) and all(
        before.uses.get(old) for old in change.missing
    )


def _lost(before: KnownLayout, now: dict[str, tuple[str, ...]]) -> str:
    """What no column fills any more, as a clause; "" if there is nothing."""
    filled = {column for columns in now.values() for column in columns}
    lost = sorted({column for columns in before.uses.values() for column in columns} - filled)
    if not lost:
        return ""
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return _LOST.format(columns=", ".join(lost[:_SHOWN]) + more)


def _said(change: Change) -> list[str]:
    said = [f"{_quoted(old)} is now called {_quoted(name)}?" for old, name in change.renamed[:_SHOWN]]
    if len(change.renamed) > _SHOWN:
        said.append(f"{len(change.renamed) - _SHOWN} more columns have other names")
    for names, one, many in ((change.new, "is new", "are new"), (change.missing, "is missing", "are missing")):
        if names:
            shown = ", ".join(_quoted(name) for name in names[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            said.append(f"{shown}{more} {one if len(names) == 1 else many}")
    return said


def _quoted(name: str) -> str:
    """A column's name, on one line and not endless."""
    flat = " ".join(name.split())
    return f'"{flat if len(flat) <= _NAME_CHARS else flat[: _NAME_CHARS - 1] + "…"}"'


def for_log(reason: str) -> str:
    """A receipt's reason as the log may say it."""
    return f"{CHANGED}." if reason.startswith(CHANGED) else reason
