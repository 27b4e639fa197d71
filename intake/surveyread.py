"""The header of an export and its first rows, read in the sandbox as a run reads them."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from intake import fields
from intake.errors import Refused
from intake.headings import plain
from intake.reading.parts import ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob, SplitBroken, TableSplit
from intake.shapes import header_rows
from intake.surveymap import Seen

_ROWS = 2_000
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be mapped, and where its table stands in it."""

    path: Path
    media_type: str
    sheet: str = ""
    header_row: int = 1


def see_export(pool: Readers, export: Export) -> Seen:
    """Read an export's header, of as many rows as it has, and up to 2,000 rows.

    Raises:
        Refused: it can't be read, is no table, or has a response where its header should be.
    """
    if not export.path.is_file():
        raise Refused(f"FILE: {export.path} is no file that can be read.")
    columns, rows = _split(pool, export, 1)
    count = header_rows(columns, rows)
    zone = _zone_of(rows[: count - 1])
    if count > 1:
        columns, rows = _split(pool, export, count)
    if any(_is_an_answer(header) for header in columns):
        raise Refused(
            f"FILE: row {export.header_row} looks like somebody's response, not like a header.",
        )
    return Seen(columns, rows, export.header_row, count, export.sheet, zone)


def _split(pool: Readers, export: Export, count: int) -> tuple[list[str], list[list[str]]]:
    wanted = {"sheet": export.sheet, "header_row": export.header_row, "header_rows": count}
    options = {key: value for key, value in wanted.items() if value not in ("", 1)}
    result = pool.split(ReadJob(0, export.path, None, export.media_type, options))
    if isinstance(result, ToolMissing):
        raise Refused(f"FILE: {result.reason or result.tool} {result.advice}")
    if isinstance(result, Unreadable):
        here = " Here: --sheet NAME." if "sheet" in result.reason and not export.sheet else ""
        raise Refused(f"FILE: {result.reason} {result.next_step}{here}")
    if not isinstance(result, TableSplit):
        raise Refused("FILE: this is no table.")
    try:
        return list(result.table.columns), [list(row.cells) for row in islice(result.rows, _ROWS)]
    except SplitBroken as broken:
        raise Refused(f"FILE: {broken.unreadable.reason} {broken.unreadable.next_step}") from broken


def _zone_of(further: list[list[str]]) -> str:
    """The time zone that Qualtrics writes beside the import ids of its times; "" if none, or several."""
    zones = set()
    for cell in (cell for row in further for cell in row if cell.lstrip().startswith('{"ImportId"')):
        try:
            zones.add(str(msgspec.json.decode(cell)["timeZone"]))
        except (msgspec.DecodeError, KeyError, TypeError):
            continue
    return zones.pop() if len(zones) == 1 else ""


def _is_an_answer(header: str) -> bool:
    """Whether a header is what only a respondent writes: an address, a postcode, or a time."""
    said = header.strip()
    if len(said) > 60 or plain(said).isdigit():
        return False
    found = [*fields.email_addresses(said), *fields.postcodes(said)]
    return any(each.end - each.start == len(said) for each in found) or fields.read_time(said, _UTC) is not None
