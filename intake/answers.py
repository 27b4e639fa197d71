"""What stands under a question's headers -> the answer: one cell, several answers in a cell, a column an option, ranks,
a matrix. Pure.

An answer is a list in the export's sense, ``;``-joined and sorted, of

- the options that were chosen, spelled as the config spells them;
- ``Other: their words``, where words of their own stand in a column of their own;
- ``1. an option`` … by rank, for a question that the config calls ``ranked``;
- ``a statement: its answer``, for one that it calls a ``matrix``, and where a column of an option holds something else
  than a mark: nothing that stands in a mapped cell is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from intake.config import Question
from intake.headings import is_other, label_of, option_in, rank_of

MARKED = frozenset({"1", "x", "y", "yes", "true", "on", "selected", "checked", "ticked", "quoted", "✓", "✔", "☑", "☒"})
NOT_MARKED = frozenset(
    {"0", "false", "off", "not selected", "unselected", "not checked", "unchecked", "not ticked", "not quoted", "☐"}
)
_NO = frozenset({"no", "n", "-"})
_NUMBERED = re.compile(r"(\d{1,2})(?:\.0+|st|nd|rd|th)?", re.IGNORECASE)

Role = Literal["whole", "option", "other", "rank", "statement"]


@dataclass(frozen=True, slots=True)
class _Column:
    """One header of a question: what its cells are, and the option, statement or rank that it names."""

    header: str
    role: Role
    label: str = ""
    rank: int = 0


@dataclass(slots=True)
class Answer:
    """An answer, and for each header that has a share in it what that cell says."""

    value: str
    shares: dict[str, str] = field(default_factory=dict)


class AnswerReader:
    """Reads the answers to one question from under its headers."""

    def __init__(
        self,
        question: Question,
        headers: Sequence[str],
        separator: str = ";",
        *,
        ranked: bool = False,
        matrix: bool = False,
    ) -> None:
        self._kind = question.kind
        self._ranked = ranked
        self._matrix = matrix
        self._separator = separator
        self._known = {option.casefold(): option for option in question.options}
        self._columns = [self._column(question, header, headers) for header in headers]
        self._others = tuple({column.label for column in self._columns if column.role == "other"})

    def _column(self, question: Question, header: str, headers: Sequence[str]) -> _Column:
        label = label_of(header, question.text, headers)
        if self._matrix:
            return _Column(header, "statement", label or header.strip())
        if question.kind == "text":
            return _Column(header, "whole")
        if self._ranked and len(headers) > 1 and (rank := rank_of(label)) is not None:
            return _Column(header, "rank", rank=rank)
        option = option_in(header, question.options) if label or len(headers) > 1 else None
        if option is None and is_other(label):
            option = next((o for o in question.options if o.casefold().startswith("other")), "Other")
        if option is not None:
            for_words = [h for h in headers if self._is_for_words(question, h, headers)] if is_other(option) else []
            is_words = is_other(option) and (header in for_words or not for_words)
            return _Column(header, "other" if is_words else "option", option)
        return _Column(header, "whole")

    def _is_for_words(self, question: Question, header: str, headers: Sequence[str]) -> bool:
        """Whether a column is for the words that belong to an "other" which has a column of its own to be ticked: under
        that one "No" is no word of anybody's."""
        label = label_of(header, question.text, headers)
        return is_other(label) and label.strip().casefold() not in {"other", *self._known}

    def read(self, cells: Mapping[str, str]) -> Answer | None:
        """The answer in a row; None if there is none."""
        given: dict[str, list[str]] = {}
        for column in self._columns:
            cell = cells[column.header].strip()
            if cell and (said := self._said(column, cell)):
                given[column.header] = said
        if not given:
            return None
        if self._kind == "text":
            whole = "\n\n".join(said for each in given.values() for said in each)
        else:
            whole = ";".join(self._in_order([said for each in given.values() for said in each]))
        return Answer(whole, {header: ";".join(said) for header, said in given.items()})

    def _said(self, column: _Column, cell: str) -> list[str]:
        match column.role:
            case "statement":
                return [f"{column.label}: {self._known.get(cell.casefold(), cell)}"]
            case "rank":
                return [f"{column.rank}. {self._known.get(cell.casefold(), cell)}"]
            case "option" | "other":
                return self._ticked(column, cell)
        if self._kind == "text":
            return [cell]
        if self._kind == "choice" and len(self._columns) == 1 and not self._ranked:
            return [self._known.get(cell.casefold(), cell)]
        found = several(cell, self._separator, self._known)
        return [f"{n}. {said}" for n, said in enumerate(found, start=1)] if self._ranked else found

    def _ticked(self, column: _Column, cell: str) -> list[str]:
        folded = cell.casefold()
        if self._ranked and (ranked := _NUMBERED.fullmatch(cell)):
            return [f"{int(ranked[1])}. {column.label}"] if int(ranked[1]) else []
        if folded in MARKED or folded == column.label.casefold():
            return [column.label]
        if folded in NOT_MARKED or (folded in _NO and column.role == "option"):
            return []
        return [f"{column.label}: {self._known.get(folded, cell)}"]

    def _in_order(self, said: list[str]) -> list[str]:
        """Each once, sorted; ranks by their number, and an option that words of their own belong to only with them."""
        each = set(said)
        if any(s.startswith(self._others) and ": " in s for s in each):
            each -= {option for option in self._others if any(s.startswith(f"{option}: ") for s in each)}
        if self._ranked:
            return sorted(each, key=lambda s: (int(s.partition(".")[0]) if s[:1].isdigit() else 99, s))
        return sorted(each)


def several(cell: str, separator: str, known: Mapping[str, str]) -> list[str]:
    """The answers in one cell; an option that itself holds the separator is one answer. ``known`` are the options by
    their casefolded words."""
    if separator not in cell:
        pieces, held = [cell], 1
    else:
        pieces = cell.split(separator)
        held = 1 + max((option.count(separator) for option in known), default=0)
    found: list[str] = []
    at = 0
    while at < len(pieces):
        upto = min(len(pieces), at + held)
        while upto > at + 1 and separator.join(pieces[at:upto]).strip().casefold() not in known:
            upto -= 1
        if said := separator.join(pieces[at:upto]).strip():
            found.append(known.get(said.casefold(), said))
        at = upto
    return found
