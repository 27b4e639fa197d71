"""A table in a file, whatever the file is called: text with delimiters, or a workbook. What it is, its first bytes say.

A workbook that is called .csv is read as a workbook, and text that is called .xls or .xlsx as text (survey tools do
both): how it is read is confirmed by every row. HTML under such a name, which survey tools do too, is refused, as are
workbooks with a password, in the formats before 2007, and in Excel's binary one.
"""

from collections.abc import Iterator
from typing import BinaryIO

from intake.reading import rows
from intake.reading.parts import Row, Table, Unreadable
from intake.reading.tablehead import Refused, Wanted
from intake.reading.wire import Options

_HEAD_BYTES = 4_096
_PIECE_BYTES = 1 << 20
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"<body", b"<style")
_SAVE = "Open it in Excel or LibreOffice, save it as .xlsx or CSV, and send that copy."
_XLSX, _XLSB, _ODS = "xl/workbook.xml", "xl/workbook.bin", b"application/vnd.oasis.opendocument.spreadsheet"


def split(stream: BinaryIO, options: Options) -> Unreadable | tuple[Table, Iterator[list[Row]]]:
    """Split a table; for the options see ``tablehead``.

    Returns:
        The header, and the rows some hundred at a time; or ``Unreadable``, with where the file goes wrong.
    """
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    try:
        if head.startswith(_ZIP):
            return _workbook(stream, Wanted.of(options))
        if head.startswith(_OLE):
            raise _old(stream)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith(_MARKUP):
            raise Refused("This file is a web page, and no table, whatever it is called.", _SAVE)
    except Refused as refused:
        return refused.why
    return rows.split(stream, options)


def _workbook(stream: BinaryIO, wanted: Wanted) -> tuple[Table, Iterator[list[Row]]]:
    from intake.reading import ods, sheets, xlsx  # a run of CSV alone needs none of it
    from intake.reading.workbook import Zip

    book = Zip(stream)
    if book.small("mimetype").startswith(_ODS):
        return sheets.split(ods.sheets(book), "ods", wanted)
    if _XLSB in book.names:
        raise Refused("This is a workbook in Excel's binary format (.xlsb), which is not read.", _SAVE)
    if _XLSX in book.names or "[Content_Types].xml" in book.names:
        return sheets.split(xlsx.Xlsx(book).sheets, "xlsx", wanted)
    raise Refused("This file is a zipped file, but no workbook.", "Unzip it, and send what is inside.")


def _old(stream: BinaryIO) -> Refused:
    """Why a file in Microsoft's compound format is not read: its workbook is an old one, or encrypted ([MS-OFFCRYPTO]
    1.3.3)."""
    before = b""
    while piece := stream.read(_PIECE_BYTES):
        if _ENCRYPTED in before + piece:
            return Refused("This workbook is protected by a password.", "Ask for it without a password, or as CSV.")
        before = piece[-len(_ENCRYPTED) :]
    return Refused("This is a workbook in Excel's format from before 2007 (.xls), which is not read.", _SAVE)
