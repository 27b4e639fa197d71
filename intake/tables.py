"""Rows of tables -> the fields of a response: mapped by the config, else by headers that name a question or a
column."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from intake import fields
from intake.answers import AnswerReader
from intake.celltimes import read_cells
from intake.config import Consultation
from intake.content import add_language, add_places
from intake.filled import Filled, Rules, finished
from intake.mapping import MAPPABLE, RowMapping, is_marked
from intake.when import received
from intake.whose import was_read_back, whose_words
from storage.columns import utc_text
from storage.receipts import ReceiptView
from storage.schema import Evidence

_CONSENT = {"yes": "yes", "y": "yes", "true": "yes", "no": "no", "n": "no", "false": "no", "anonymous": "anonymous",
            "anonymously": "anonymous", "yes, anonymously": "anonymous", "yes - anonymously": "anonymous"}  # fmt: skip


def is_blank(cells: Mapping[str, str]) -> bool:
    """Whether a row holds nothing at all."""
    return not any(value.strip() for value in cells.values())


def map_headers(consultation: Consultation, headers: Sequence[str], mapping: RowMapping) -> dict[str, tuple[str, ...]]:
    """Which headers fill which column: as configured, else those that equal a question's text or id, or a column's
    name.

    Columns are named as in the export (``answer.<question id>``); case and outer spaces do not matter.
    """
    by_name = {header.strip().casefold(): header for header in reversed(headers)}
    mapped = {column: tuple(h for h in wanted if h in headers) for column, wanted in mapping.columns.items()}
    taken = {*mapping.headers, *mapping.unmapped_columns}
    named = [(f"answer.{q.id}", name) for q in consultation.questions for name in (q.text, q.id, f"answer.{q.id}")]
    for column, name in [*named, *((column, column) for column in MAPPABLE)]:
        header = by_name.get(name.strip().casefold())
        if header is not None and column not in mapped and header not in taken:
            mapped[column] = (header,)
            taken.add(header)
    return {column: found for column, found in mapped.items() if found}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is worked out once for each header row: the headers of each column, and the readers of the answers."""

    columns: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, AnswerReader]
    received: tuple[str, ...]


class RowReader:
    """Reads the rows of one channel's tables. Which headers fill which column is worked out once for each header
    row."""

    def __init__(self, rules: Rules, mapping: RowMapping) -> None:
        self._rules = rules
        self._mapping = mapping
        self._questions = {f"answer.{q.id}": q for q in rules.consultation.questions}
        self._free = [q.id for q in rules.consultation.questions if q.kind == "text" and not q.monitoring]
        self._plans: dict[tuple[str, ...], _Plan] = {}
        zone = mapping.timezone or rules.consultation.timezone
        self._time = partial(fields.read_time, zone=zone, month_first=mapping.date_order == "month")

    def read(self, receipt: ReceiptView, cells: Mapping[str, str]) -> Filled:
        """The fields of one row. ``receipt.place`` is the row's number in its table (from 1, the header counted)."""
        filled = Filled()
        row = _Row(cells, receipt.place or 0)
        plan = self._plan(cells)
        for column, reader in plan.answers.items():
            self._answer(filled, column, row, reader)
        for column, headers in plan.columns.items():
            self._cell(filled, column, row, headers)
        self._text(filled)
        self._words(filled, row)
        self._places(filled)
        self._received(filled, receipt, row, plan.received)
        self._marks(filled, row)
        filled.fill("method", "row")
        filled.fill("confidence", 1.0)
        add_language(filled)
        return finished(self._rules, filled)

    def is_test(self, cells: Mapping[str, str]) -> bool:
        """Whether the survey tool marks a row as a trial of the questionnaire."""
        return is_marked(self._mapping.test, cells) is not None

    def _plan(self, cells: Mapping[str, str]) -> _Plan:
        headers = tuple(cells)
        plan = self._plans.get(headers)
        if plan is None:
            mapped = map_headers(self._rules.consultation, headers, self._mapping)
            answers = {name: self._reader(name, mapped.pop(name)) for name in self._questions if name in mapped}
            received_at = mapped.pop("received_at", ())
            plan = self._plans[headers] = _Plan(mapped, answers, received_at)
        return plan

    def _reader(self, column: str, headers: Sequence[str]) -> AnswerReader:
        question, mapping = self._questions[column], self._mapping
        ranked, matrix = question.id in mapping.ranked, question.id in mapping.matrix
        return AnswerReader(question, headers, mapping.answer_separator, ranked=ranked, matrix=matrix)

    def _answer(self, filled: Filled, column: str, row: "_Row", reader: AnswerReader) -> None:
        question, answer = self._questions[column], reader.read(row.cells)
        if answer is None:
            return
        if question.monitoring:
            filled.monitoring[question.id] = answer.value
            return
        filled.answers[question.id] = answer.value
        shares = answer.shares if len(answer.shares) > 1 else dict.fromkeys(answer.shares, answer.value)
        filled.offer(column, *(row.evidence(header, said) for header, said in shares.items()))

    def _marks(self, filled: Filled, row: "_Row") -> None:
        """What the survey tool says of a row: not sent off, or typed in by staff from paper that is to be found."""
        for need, values in (("partial?", self._mapping.partial), ("paper?", self._mapping.staff)):
            if values and (header := is_marked(values, row.cells)) is not None:
                filled.needs.add(need)
                filled.offer("needs", row.evidence(header, need))

    def _cell(self, filled: Filled, column: str, row: "_Row", headers: tuple[str, ...]) -> None:
        used = [header for header in headers if row.cells[header].strip()]
        if not used:
            return
        between = "\n\n" if column == "text" else " "
        given = between.join(row.cells[header].strip() for header in used)
        value = self._day(given) if column == "posted_on" else _read_cell(self._rules, column, given)
        if value is None or value in ("", ()):
            filled.offer(column, *(row.evidence(header, row.cells[header]) for header in used))
            return
        shown = None if column == "text" else ";".join(value) if isinstance(value, tuple) else str(value)
        filled.fill(column, value, *(row.evidence(header, shown) for header in used))

    def _text(self, filled: Filled) -> None:
        """``text``: the column mapped to it, else the free-text answers in question order, a blank line between."""
        free = [question for question in self._free if question in filled.answers]
        if "text" in filled.values or not free:
            return
        evidence = [
            Evidence(value=None, method=e.method, confidence=e.confidence, place=e.place, quote=e.quote)
            for question in free
            for e in filled.evidence[f"answer.{question}"]
        ]
        filled.fill("text", "\n\n".join(filled.answers[question] for question in free), *evidence)

    def _words(self, filled: Filled, row: "_Row") -> None:
        """Whose words a row holds, where no column says it: as the config says of the whole table. What its column on
        reading back says is kept with it, as evidence."""
        if self._mapping.words and not filled.values.get("words"):
            filled.values["words"] = self._mapping.words
        for header in self._mapping.read_back:
            if (back := was_read_back(row.cells.get(header, ""))) is not None:
                filled.offer("words", row.evidence(header, f"read back: {'yes' if back else 'no'}"))

    def _places(self, filled: Filled) -> None:
        """The places that the free text names, where no column gives them."""
        if "places" in filled.values:
            return
        found = []
        for said in filled.evidence.get("text", []):
            words = said.quote or ""
            for named in self._rules.gazetteer.find_meant(words):
                quote, value = words[named.start : named.end], ";".join(named.codes)
                evidence = Evidence(value=value, method="row", confidence=1.0, place=said.place, quote=quote)
                found.append((named.codes, evidence))
        add_places(filled, found)

    def _received(self, filled: Filled, receipt: ReceiptView, row: "_Row", mapped: tuple[str, ...]) -> None:
        submitted = self._mapping.submitted_column
        headers, basis = ((submitted,), "submitted") if submitted and not mapped else (mapped, "call")
        used = [header for header in headers if row.cells.get(header, "").strip()]
        when = read_cells([row.cells[header] for header in used], self._time)
        if when is None:
            received(self._rules, filled, receipt.arrived_at, receipt.arrived_basis, method="source")
            filled.needs.add("received-date")
            return
        if when.unsure:
            filled.needs.add("received-date")
        shown = utc_text(when.at)[:19] + "Z"
        evidence = [row.evidence(header, shown) for header in used]
        received(self._rules, filled, when.at, basis, method="row", evidence=evidence, day_only=when.day_only)

    def _day(self, given: str) -> date | None:
        when = self._time(given)
        return when.at.astimezone(self._rules.consultation.timezone).date() if when else None


@dataclass(frozen=True, slots=True)
class _Row:
    cells: Mapping[str, str]
    number: int

    def place(self, header: str) -> dict[str, Any]:
        return {"row": self.number, "column": header}

    def evidence(self, header: str, value: str | None) -> Evidence:
        quote = self.cells[header]
        kept = None if value == quote else value
        return Evidence(value=kept, method="row", confidence=1.0, place=self.place(header), quote=quote)


def _read_cell(rules: Rules, column: str, given: str) -> Any:
    """A cell's value as its column wants it; None or "" where it does not fit, which leaves the column blank.

    The council's own contacts are never a respondent's.
    """
    read = _CELLS.get(column)
    value = given if read is None else read(rules, given)
    return None if column in ("email", "phone", "postcode") and value and rules.is_ours(value) else value


def _postcode(_: Rules, given: str) -> str | None:
    found = {code.value for code in fields.postcodes(given)}
    return found.pop() if len(found) == 1 else None


def _role(rules: Rules, given: str) -> str | None:
    return next((role for role in rules.consultation.roles if role.casefold() == given.casefold()), None)


def _one_of(*words: str) -> Callable[[Rules, str], str | None]:
    return lambda _, given: given.casefold() if given.casefold() in words else None


def _count(_: Rules, given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _list(_: Rules, given: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in given.split(";") if part.strip())


def _place_codes(rules: Rules, given: str) -> tuple[str, ...] | None:
    """Codes as they are, names by the gazetteer; None if one of them is neither, or is ambiguous."""
    codes: list[str] = []
    for part in _list(rules, given):
        found = {part} & rules.gazetteer.codes or {c for named in rules.gazetteer.find(part) for c in named.codes}
        if len(found) != 1:
            return None
        codes += found
    return tuple(codes)


_NO_NAME = frozenset(
    {"anonymous", "withheld", "not given", "no name", "not known", "unknown", "none", "n/a", "na", "-"}
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


_CELLS: dict[str, Callable[[Rules, str], Any]] = {
    "postcode": _postcode,
    "phone": lambda _, given: fields.e164(given),
    "email": lambda _, given: given if _EMAIL.fullmatch(given) else None,
    "name": lambda _, given: None if given.casefold().rstrip(".") in _NO_NAME else given,
    "respondent_role": _role,
    "respondent_kind": _one_of("individual", "organisation"),
    "words": lambda _, given: whose_words(given),
    "consent_to_publish": lambda _, given: _CONSENT.get(given.casefold().rstrip(".")),
    "signatures": _count,
    "signatures_claimed": _count,
    "people": _list,
    "places": _place_codes,
    "language": lambda _, given: given if len(given) == 2 and given.isascii() and given.islower() else None,
}
