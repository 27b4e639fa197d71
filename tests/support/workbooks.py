"""Workbooks as spreadsheet programs write them, and as they should not be: made anew for each test."""

import io
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

from tests.support.documents import zipped

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"

Rows = Sequence[Sequence[Any]]


def xlsx(rows: Rows = (), *, sheets: Mapping[str, Rows] | None = None, hidden: Sequence[str] = ()) -> bytes:
    """A workbook as xlsxwriter writes it: one sheet of these rows, or several by name. Texts stay texts."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, grid in (sheets or {"Sheet1": rows}).items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            else:
                sheet.activate()
            for y, row in enumerate(grid):
                for x, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(y, x, value)
                    else:
                        sheet.write(y, x, value)
    return out.getvalue()


def xlsx_of(sheet: str, *, more: Mapping[str, str | bytes] | None = None, head: str = "", workbook: str = "") -> bytes:
    """A workbook of one sheet with this SpreadsheetML as its rows."""
    data = f'<worksheet xmlns="{MAIN}">{head}<sheetData>{sheet}</sheetData></worksheet>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "sharedStrings.xml"),
            ("rId3", "styles", "styles.xml"),
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}">{workbook}'
        '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": data,
    }  # fmt: skip
    return zipped(members | dict(more or {}))


def inline(*rows: Sequence[str], first: int = 1) -> str:
    """Rows of texts as SpreadsheetML."""
    return "".join(
        f'<row r="{number}">'
        + "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' for text in row)
        + "</row>"
        for number, row in enumerate(rows, start=first)
    )


def _relations(*entries: tuple[str, str, str]) -> str:
    inner = "".join(f'<Relationship Id="{i}" Type="{_RELATIONS}/{kind}" Target="{to}"/>' for i, kind, to in entries)
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'


def ods(rows: Rows = (), *, tables: str = "", styles: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An OpenDocument spreadsheet of texts, or with this XML as its tables."""
    body = tables or f'<table:table table:name="Sheet1">{"".join(ods_row(row) for row in rows)}</table:table>'
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "table", "text", "style", "drawing"))
    content = (
        f'<office:document-content {spaces} xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:'
        f'calcext:1.0"><office:automatic-styles>{styles}</office:automatic-styles>'
        f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": content,
    }
    return zipped(members | dict(more or {}))


def ods_row(cells: Sequence[str], attributes: str = "") -> str:
    """A row of texts, each line a paragraph, as LibreOffice writes it."""
    return f"<table:table-row {attributes}>{''.join(map(ods_text, cells))}</table:table-row>"


def ods_text(text: str, attributes: str = "") -> str:
    """A cell with a text."""
    if not text:
        return f"<table:table-cell {attributes}/>"
    paragraphs = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in text.split("\n"))
    return f'<table:table-cell office:value-type="string" {attributes}>{paragraphs}</table:table-cell>'


def ods_value(kind: str, attributes: Mapping[str, str], shown: str = "") -> str:
    """A cell with a value of this type."""
    given = " ".join(f"office:{name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<table:table-cell office:value-type="{kind}" {given}><text:p>{escape(shown)}</text:p></table:table-cell>'


def _spaced(line: str) -> str:
    return escape(line).replace(" ", "<text:s/>").replace("\t", "<text:tab/>")
