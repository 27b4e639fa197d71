"""How the rows of a channel's tables are read, as its section of the config says: which headers mean what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from intake.checked import checked, time_zone
from intake.errors import ConfigurationError

MAPPABLE = (
    "received_at", "respondent_kind", "respondent_role", "name", "organisation", "email", "phone", "address",
    "postcode", "text", "signatures", "consent_to_publish", "words", "relayed_by", "on_behalf_of", "people",
    "posted_on", "signatures_claimed", "confidentiality_asked", "paper_ref", "language", "places",
)  # fmt: skip
"""The schema's columns that a table's header may fill; the others are not for a table to say."""

_BESIDE = ("entered_from", "read_back")
MAPPING_KEYS = frozenset({
    "id_column", "id_columns", "submitted_column", "columns", "sheet", "header_row", "header_rows", "partial", "test",
    "staff", "words", "unmapped_columns", "answer_separator", "ranked", "matrix", "date_order", "timezone",
})  # fmt: skip
"""The keys of a channel's section that say how its tables are read."""

_Header = Annotated[str, Field(min_length=1)]
_Values = dict[_Header, tuple[str, ...]]


class RowMapping(BaseModel):
    """How the rows of a channel's tables are read.

    ``sheet`` is the sheet of a workbook that holds the table, "" where there is but one; ``header_row`` the row (from
    1) in which its header begins, after titles; ``header_rows`` how many rows the header has. ``columns`` give the
    headers of a column of the schema. ``entered_from`` names the letter that a row was typed from, ``read_back`` says
    whether a summary was read back to the caller. ``partial``, ``test`` and ``staff`` are the values, by header, by
    which the survey tool marks a submission that was not sent off, a trial, or one that staff typed from paper.
    ``words`` says whose words the rows hold, where no column does. ``unmapped_columns`` are headers that are known and
    stay in the original alone. ``answer_separator`` stands between several answers in one cell. ``ranked`` and
    ``matrix`` are the questions whose columns hold ranks, or the answers to one statement each. ``date_order`` is the
    order of numeric dates, and ``timezone`` the zone of times that say none, where it is not the consultation's.

    A value of ``partial``, ``test`` and ``staff`` that ends with * stands for all that begin so; "" for a blank cell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id_columns: tuple[_Header, ...] = ()
    submitted_column: str = ""
    columns: dict[str, tuple[str, ...]] = {}
    entered_from: tuple[str, ...] = ()
    read_back: tuple[str, ...] = ()
    sheet: str = ""
    header_row: Annotated[int, Field(ge=1, le=100)] = 1
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    partial: _Values = {}
    test: _Values = {}
    staff: _Values = {}
    words: Literal["own", "verbatim", "summary", ""] = ""
    unmapped_columns: tuple[_Header, ...] = ()
    answer_separator: Annotated[str, Field(min_length=1)] = ";"
    ranked: tuple[str, ...] = ()
    matrix: tuple[str, ...] = ()
    date_order: Literal["day", "month"] = "day"
    timezone: Annotated[ZoneInfo, BeforeValidator(time_zone)] | None = None

    @property
    def headers(self) -> list[str]:
        """The headers that a table must have, each once."""
        mapped = [header for given in self.columns.values() for header in given]
        marks = [header for values in (self.partial, self.test, self.staff) for header in values]
        named = [*self.id_columns, self.submitted_column, *mapped, *self.entered_from, *self.read_back, *marks]
        return list(dict.fromkeys(header for header in named if header))

    @property
    def table_options(self) -> dict[str, Any]:
        """What the readers of tables are told of it (``reading.tablehead``)."""
        return {
            "required_columns": self.headers, "sheet": self.sheet,
            "header_row": self.header_row, "header_rows": self.header_rows,
        }  # fmt: skip


def mapping_of(section: Mapping[str, Any], where: str, questions: Sequence[str], base: Path) -> RowMapping:
    """What a channel's section says; ``questions`` are the ids of the consultation's.

    Raises:
        ConfigurationError: a key is wrong (named, with what would be right).
    """
    if "id_column" in section and "id_columns" in section:
        raise ConfigurationError(f"{where}.id_columns: should not stand beside id_column.")
    given = section.get("id_column", "-")
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(f"{where}.id_column: should be a header, in quotes.")
    found = {key: section[key] for key in MAPPING_KEYS - {"id_column"} if key in section}
    if "id_column" in section:
        found["id_columns"] = [given]
    answers = {f"answer.{question}" for question in questions}
    columns: dict[str, Any] = {}
    for column, headers in _flat(section.get("columns", {}), where).items():
        if column not in MAPPABLE and column not in answers and column not in _BESIDE:
            raise ConfigurationError(f"{where}.columns.{column}: should be a column of the schema, such as postcode.")
        columns[column] = [headers] if isinstance(headers, str) else headers
    for key in ("ranked", "matrix"):
        if isinstance(found.get(key), list) and (unknown := [q for q in found[key] if q not in questions]):
            raise ConfigurationError(f"{where}.{key}: {unknown[0]!r} should be the id of a question.")
    found |= {column: columns.pop(column) for column in _BESIDE if column in columns}
    for key in ("partial", "test", "staff"):
        if isinstance(found.get(key), dict):
            found[key] = {header: [v] if isinstance(v, str) else v for header, v in found[key].items()}
    return checked(RowMapping, {**found, "columns": columns}, where, base)


def is_marked(values: Mapping[str, Sequence[str]], cells: Mapping[str, str]) -> str | None:
    """The header under which a row is marked so; None if it is not. ``values`` are those that mark it, by header."""
    for header, marks in values.items():
        cell = cells[header].strip().casefold() if header in cells else None
        if cell is not None and any(_fits(cell, mark.strip().casefold()) for mark in marks):
            return header
    return None


def _fits(cell: str, mark: str) -> bool:
    return cell.startswith(mark[:-1]) if mark.endswith("*") and len(mark) > 1 else cell == mark


def _flat(columns: object, where: str) -> dict[str, Any]:
    """``columns.answer.structure = …`` and ``columns."answer.structure" = …`` mean the same."""
    if not isinstance(columns, dict):
        raise ConfigurationError(f'{where}.columns: should be columns.<schema column> = "header".')
    answers = columns.get("answer")
    flat = {k: v for k, v in columns.items() if not (k == "answer" and isinstance(v, dict))}
    return flat | ({f"answer.{k}": v for k, v in answers.items()} if isinstance(answers, dict) else {})
