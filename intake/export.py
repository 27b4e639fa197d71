"""The table for analysis, in four formats that all hold the same strings, and a codebook beside it."""

import csv
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from intake.codebook import codebook
from intake.config import Consultation
from intake.errors import ConfigurationError, NotWritten
from storage import responses
from storage.database import Database
from storage.schema import columns, rendered

Profile = Literal["analysis", "full"]
BLANK_FOR_ANALYSIS = (
    "name", "email", "phone", "address", "people", "relayed_by", "on_behalf_of", "source", "reviewed_by",
)  # fmt: skip
_XLSX_CELL = 32_000
_XLSX_CELL_OF_PAIRS = 16_000
"""Excel counts UTF-16 units, of which a character such as an emoji takes two."""
_ROW_GROUP = 10_000
_LEADS_A_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: the profile, and whether to add what is not counted."""

    profile: Profile = "analysis"
    everything: bool = False


def export(database: Database, consultation: Consultation, target: Path, wanted: Wanted) -> int:
    """Write the table to ``target`` (its suffix says how) and the codebook beside it; how many rows.

    Both files appear whole or not at all, readable by their owner only.

    Raises:
        ConfigurationError: the suffix is none of .csv, .xlsx, .parquet, .jsonl.
        NotWritten: the file can't be written.
    """
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise ConfigurationError(f"FILE: {target.name} should end with .csv, .xlsx, .parquet or .jsonl.")
    names = [*columns(consultation.exported_questions), *(["outcome"] if wanted.everything else [])]
    count = 0

    def counted() -> Iterator[list[str]]:
        nonlocal count
        for row in table(database, consultation, wanted):
            count += 1
            yield [row[name] for name in names]

    _whole(target, lambda path: write(path, names, counted()))
    book = target.with_name(f"{target.name}.codebook.csv")
    _whole(book, lambda path: _write_csv(path, *codebook(consultation, names)))
    return count


def table(database: Database, consultation: Consultation, wanted: Wanted) -> Iterator[dict[str, str]]:
    """The rows of the export as strings, by column, in the order of their references."""
    questions = consultation.exported_questions
    with database.read() as tx:
        if wanted.everything:
            for receipt in responses.without_response(tx):
                yield _line_without_response(consultation, questions, receipt, wanted.profile)
        for response in responses.exported(tx, with_excluded=wanted.everything):
            row = rendered(response, questions)
            if wanted.profile == "analysis":
                row = {**row, **dict.fromkeys(BLANK_FOR_ANALYSIS, ""), "postcode": row["postcode"].partition(" ")[0]}
            yield {**row, "outcome": "read"} if wanted.everything else row


def _line_without_response(
    consultation: Consultation, questions: list[str], receipt: Any, profile: Profile
) -> dict[str, str]:
    """The line of a receipt that gave no response: a blank reference sorts first."""
    line = dict.fromkeys(columns(questions), "")
    return line | {
        "source": receipt.source_key if profile == "full" else "",
        "consultation": consultation.id, "channel": receipt.channel, "original_sha256": receipt.sha256,
        "run": str(receipt.run_id), "exclusion_reason": receipt.reason, "outcome": receipt.outcome,
    }  # fmt: skip


def _whole(target: Path, write: Callable[[Path], None]) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
        try:
            write(temporary)
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritten(f"FILE: {target} can't be written: {error.strerror}.") from error


def csv_cell(value: str) -> str:
    """A cell as the CSV has it: one that a spreadsheet would take for a formula gets a ``'`` before it.

    Numbers and telephone numbers in E.164 form stay as they are. To undo: where a cell starts with one or more ``'``
    and then one of ``= + - @ TAB CR``, drop the first ``'``.
    """
    return f"'{value}" if _LEADS_A_FORMULA.match(value) and not _NUMBER.fullmatch(value) else value


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(names)
        writer.writerows([csv_cell(value) for value in row] for row in rows)


def _write_jsonl(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")


def _write_parquet(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    schema = pa.schema([(name, pa.string()) for name in names])
    remaining = iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(remaining, _ROW_GROUP)):
            arrays = [pa.array([row[n] for row in group], pa.string()) for n in range(len(names))]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _write_xlsx(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Strings as they are; a text that is too long for a cell goes on in the sheet ``long_text``, piece by piece."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    try:
        with xlsxwriter.Workbook(path, options) as book:
            sheet = book.add_worksheet("responses")
            sheet.write_row(0, 0, names)
            sheet.freeze_panes(1, 1)
            longer: list[tuple[str, str, int, str]] = []
            for number, row in enumerate(rows, start=1):
                for column, value in enumerate(row):
                    if value:
                        sheet.write_string(number, column, value[: _cell_length(value)])
                    longer += _continued(row[0], names[column], value)
            rest = book.add_worksheet("long_text")
            rest.write_row(0, 0, ("reference", "column", "piece", "text"))
            for number, (reference, name, piece, text) in enumerate(longer, start=1):
                rest.write_row(number, 0, (reference, name))
                rest.write_number(number, 2, piece)
                rest.write_string(number, 3, text)
    except FileCreateError as error:
        raise OSError(*getattr(error.args[0], "args", ())) from error


def _cell_length(value: str) -> int:
    return _XLSX_CELL if value.isascii() or max(value) <= "\uffff" else _XLSX_CELL_OF_PAIRS


def _continued(reference: str, name: str, value: str) -> list[tuple[str, str, int, str]]:
    if len(value) <= _XLSX_CELL_OF_PAIRS:
        return []
    length = _cell_length(value)
    starts = range(length, len(value), length)
    return [(reference, name, n, value[start : start + length]) for n, start in enumerate(starts, start=2)]


# The libraries of the two binary formats are imported in their writers: other commands need not wait for them.
_WRITERS: dict[str, Callable[[Path, Sequence[str], Iterable[Sequence[str]]], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
}
