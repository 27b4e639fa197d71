"""A survey export's headers and the consultation's questions -> the section of the config that maps them. Pure.

A header is mapped where it is the question's text or id, begins with it or is cut off from it, or is so like it that no
other question comes near; cells only confirm (ids are unique, dates can be read, answers are options). All else is
listed with the nearest guess, for a person. What cells hold is never part of what is proposed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz

from intake.config import Consultation, Question
from intake.headings import is_other, label_of, option_in, plain, rank_of, without_field
from intake.shapes import GENERIC, Shape, names_in, recognise
from intake.surveycells import Cells
from intake.surveynames import APART, COLUMNS, FIRST_LAST, NEAR, SURE, is_called, likeness


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of an export: its headers, rows of cells in their order, and where its header stands. ``zone`` is
    the time zone that the tool says its times are in."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    header_row: int = 1
    header_rows: int = 1
    sheet: str = ""
    zone: str = ""


@dataclass(slots=True)
class Proposal:
    """A section to paste. ``unsure`` are the headers that nothing is mapped to, each with the nearest guess or "";
    ``look`` are sentences about what a person must see to."""

    tool: str
    section: dict[str, Any] = field(default_factory=dict)
    unsure: list[tuple[str, str]] = field(default_factory=list)
    look: list[str] = field(default_factory=list)


def propose(consultation: Consultation, seen: Seen) -> Proposal:
    """Map an export as far as it is sure."""
    shape = recognise(seen.columns, seen.rows)
    mapper = _Mapper(consultation, seen, shape)
    mapper.own_columns()
    mapper.questions()
    mapper.schema_columns()
    return mapper.finished()


class _Mapper:
    """One export while it is being mapped: each header is taken once, by what is surest of it."""

    def __init__(self, consultation: Consultation, seen: Seen, shape: Shape) -> None:
        self._of = consultation
        self._seen = seen
        self._shape = shape
        self._cells = {header: Cells([row[n].strip() for row in seen.rows]) for n, header in enumerate(seen.columns)}
        self._rest = list(seen.columns)
        self._columns: dict[str, list[str]] = {}
        self._own: list[str] = []
        self._technical: list[str] = []
        self._codes: set[str] = set()
        self.made = Proposal(shape.name)

    # --- what the tool writes of its own

    def own_columns(self) -> None:
        """The id, the time of submission, the marks, and what is technical."""
        section = self.made.section
        for key, value, usual in (
            ("sheet", self._seen.sheet, ""), ("header_row", self._seen.header_row, 1),
            ("header_rows", self._seen.header_rows, 1),
        ):  # fmt: skip
            if value != usual:
                section[key] = value
        self._id()
        self._submitted()
        for mark in ("partial", "test", "staff"):
            self._marked(mark, getattr(self._shape, mark))
        for header in list(self._rest):
            names = set(names_in(header))
            if header in self._own:
                self._take(header)
            elif names & self._shape.technical or (names & self._shape.account and self._cells[header].names_nobody):
                self._technical.append(header)
                self._take(header)

    def _id(self) -> None:
        for name in self._shape.ids:
            header = self._named(name)
            if header is None:
                continue
            if self._cells[header].is_key:
                self.made.section["id_column"] = header
                self._own.append(header)
                self._take(header)
                return
            self._look("is called like an id, but is blank, or the same in several rows.", header)
        self._look("No column tells the rows apart: a row that is changed later will count as another response.")

    def _submitted(self) -> None:
        for name in self._shape.submitted:
            header = self._named(name)
            if header is None or not self._cells[header].filled:
                continue
            orders = self._cells[header].date_orders(self._of.timezone)
            if not orders:
                continue
            self.made.section["submitted_column"] = header
            self._take(header)
            if orders == {"month"}:
                self.made.section["date_order"] = "month"
            elif len(orders) > 1 and self._cells[header].is_ambiguous(self._of.timezone):
                self._look("holds dates that may be read day first or month first; they are read day first.", header)
            if self._shape.zoned and not self._seen.zone:
                self._look("holds times in the zone of the tool's account: see that timezone says which.", header)
            if self._seen.zone and self._seen.zone != str(self._of.timezone):
                self.made.section["timezone"] = self._seen.zone
            return
        self._look("No column says when a row was submitted: the time of the file stands in, as the latest it can be.")

    def _marked(self, mark: str, marks: Mapping[str, Sequence[str]]) -> None:
        """``partial``, ``test`` or ``staff``: by a known tool's own column, else only where cells do say so."""
        for name, values in marks.items():
            header = self._named(name) or next((h for h in self._own if name in names_in(h)), None)
            if header is None:
                continue
            said = [value for value in values if self._cells[header].has(value)]
            is_its_own = self._shape is not GENERIC and header != self.made.section.get("id_column")
            if said or is_its_own:
                self.made.section[mark] = {header: list(values) if is_its_own else said}
                self._own.append(header)
                return

    # --- questions

    def questions(self) -> None:
        """The columns of each question, and how they are read."""
        found: dict[str, list[str]] = {question.id: [] for question in self._of.questions}
        for header in self._rest:
            question = self._question_of(header)
            if question is not None:
                found[question.id].append(header)
        for question in self._of.questions:
            headers = found[question.id] or self._bare_options(question) or self._bare_statements(question, found)
            if headers:
                self._question(question, headers)
        for question in self._of.questions:
            if f"answer.{question.id}" not in self._columns:
                self._look(f'No column is mapped to the question "{question.id}".')

    def _question_of(self, header: str) -> Question | None:
        """The question that a header is about, if that is sure."""
        scored = sorted(((likeness(q, header), n) for n, q in enumerate(self._of.questions)), reverse=True)
        if not scored or scored[0][0] < SURE:
            return None
        if len(scored) > 1 and scored[0][0] - scored[1][0] < APART:
            return None
        return self._of.questions[scored[0][1]]

    def _bare_options(self, question: Question) -> list[str]:
        """Headers that are nothing but an option, if two or more are, of this question alone."""
        others = {plain(o) for q in self._of.questions if q is not question for o in q.options}
        options = {plain(option) for option in question.options} - others
        found = [header for header in self._rest if plain(without_field(header)) in options]
        return found if len(found) > 1 else []

    def _bare_statements(self, question: Question, found: Mapping[str, Sequence[str]]) -> list[str]:
        """Headers side by side, about no question by their words, whose cells are all options of this one and of no
        other: the statements of a matrix, which some tools write without their question."""
        if question.kind != "choices" or any(
            set(question.options) & set(other.options) for other in self._of.questions if other is not question
        ):
            return []
        about = {header for headers in found.values() for header in headers}
        runs: list[list[str]] = [[]]
        for header in self._seen.columns:
            free = header in self._rest and header not in about and not self._is_somebody_s(header)
            if free and self._cells[header].are_options(question.options):
                runs[-1].append(header)
            elif runs[-1]:
                runs.append([])
        several = [run for run in runs if len(run) > 1]
        return several[0] if len(several) == 1 else []

    def _is_somebody_s(self, header: str) -> bool:
        return any(is_called(header, names) for names in COLUMNS.values())

    def _question(self, question: Question, headers: list[str]) -> None:
        labels = {header: label_of(header, question.text, headers) for header in headers}
        ranks = [header for header in headers if self._rank(labels[header])]
        if len(ranks) < 2:  # one alone is the second column of one name: "Comments (2)"
            ranks = []
        wholes = [
            header for header in headers
            if header not in ranks and not self._names_part(question, header, labels[header], len(headers))
        ]  # fmt: skip
        parts = [header for header in headers if header not in wholes]
        key = f"answer.{question.id}"
        if len(wholes) > 1 and question.kind == "choices" and self._is_matrix(question, wholes):
            self._map(key, headers)
            self._append("matrix", question.id)
            self._look(f'"{question.id}" is read as a matrix: "statement: answer" for each column.')
        elif len(wholes) > 1:
            return  # two columns of a question with one answer, or cells that are no options: a person says which
        elif wholes and self._cells[wholes[0]].are_codes(question.options):
            self._codes.add(wholes[0])
            self._look("holds numbers where words are asked for: have the export made again with labels.", wholes[0])
        else:
            self._map(key, headers)
            self._how_read(question, wholes, parts, labels)

    def _names_part(self, question: Question, header: str, label: str, count: int) -> bool:
        if question.kind == "text" or not label:
            return False
        return is_other(label) or (count > 1 and option_in(header, question.options) is not None)

    def _rank(self, label: str) -> bool:
        return rank_of(label) is not None

    def _is_matrix(self, question: Question, headers: Sequence[str]) -> bool:
        return all(self._cells[header].are_options(question.options) for header in headers)

    def _how_read(
        self, question: Question, wholes: Sequence[str], parts: Sequence[str], labels: Mapping[str, str]
    ) -> None:
        """Whether the question is ranked or a matrix, and what stands between answers in one cell, if cells show it."""
        if question.kind == "text":
            return
        options = [header for header in parts if option_in(header, question.options) and not is_other(labels[header])]
        if any(self._rank(labels[header]) for header in parts if header not in options) or (
            len(options) > 1 and Cells.are_ranks([self._cells[header] for header in options])
        ):
            self._append("ranked", question.id)
            self._look(f'"{question.id}" is read as a ranking: "1. first choice;2. second choice".')
        elif len(options) > 1 and Cells.are_other_words([self._cells[header] for header in options], question.options):
            self._append("matrix", question.id)
            self._look(f'"{question.id}" is read as a matrix: "statement: answer" for each column.')
        if wholes and question.kind == "choices":
            cells = self._cells[wholes[0]]
            separator = cells.separator(question.options)
            if separator not in ("", ";"):
                self.made.section["answer_separator"] = separator
            if cells.are_orders(question.options, separator or ";"):
                self._append("ranked", question.id)
                self._look(f'"{question.id}" is read as a ranking: "1. first choice;2. second choice".')

    # --- columns of the schema

    def schema_columns(self) -> None:
        """Who answered, and what they said of it."""
        for column, names in COLUMNS.items():
            if column in self._columns:
                continue
            header = next((h for h in self._rest if is_called(h, names) and self._can_be(column, h)), None)
            if header is None and column == "respondent_role":
                header = next((h for h in self._rest if self._cells[h].are_roles(self._of.roles)), None)
            if header is not None:
                self._map(column, [header])
        both = [header for name in FIRST_LAST if (header := self._named(name)) is not None]
        if "name" not in self._columns and len(both) == len(FIRST_LAST):
            self._map("name", both)
        if role := self._columns.get("respondent_role"):
            strange = self._cells[role[0]].not_among(self._of.roles)
            if strange:
                self._look(f"holds {strange} answers that are none of the consultation's roles.", role[0])

    def _can_be(self, column: str, header: str) -> bool:
        """Whether the cells do not speak against it: of what is one of a few words, some must be."""
        cells = self._cells[header]
        if column == "respondent_kind":
            return not cells.not_among(("individual", "organisation"))
        if column == "respondent_role" and cells.filled:
            return cells.not_among(self._of.roles) < cells.count
        return header not in self._codes

    def finished(self) -> Proposal:
        """The proposal, in the order in which a section is written."""
        section = self.made.section
        if self._technical or self._rest:
            section["unmapped_columns"] = self._technical
        section["columns"] = {k: v[0] if len(v) == 1 else v for k, v in self._columns.items()}
        self.made.unsure = [(header, self._nearest(header)) for header in self._rest]
        return self.made

    def _nearest(self, header: str) -> str:
        near = [(likeness(q, header), f"answer.{q.id}") for q in self._of.questions]
        said = plain(without_field(header))
        near += [(max(fuzz.ratio(said, name) / 100 for name in names), column) for column, names in COLUMNS.items()]
        score, column = max(near, default=(0.0, ""))
        return column if score >= NEAR else ""

    # --- taking

    def _named(self, name: str) -> str | None:
        return next((header for header in self._rest if name in names_in(header)), None)

    def _take(self, header: str) -> None:
        self._rest.remove(header)

    def _map(self, column: str, headers: Sequence[str]) -> None:
        self._columns[column] = list(headers)
        for header in headers:
            self._take(header)

    def _append(self, key: str, question: str) -> None:
        self.made.section.setdefault(key, []).append(question)

    def _look(self, said: str, header: str = "") -> None:
        self.made.look.append(f'"{header}" {said}' if header else said)
