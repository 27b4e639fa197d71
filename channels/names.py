"""File names: what they say about a file, and how a path becomes a source key that any text field can hold."""

import os
import re

_OFFICE = "application/vnd.openxmlformats-officedocument"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp3": "audio/mpeg",
    ".msg": "application/vnd.ms-outlook",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".rtf": "application/rtf",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".wav": "audio/x-wav",
    ".xls": "application/vnd.ms-excel",
    ".xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".xltx": f"{_OFFICE}.spreadsheetml.template",
    ".zip": "application/zip",
}
_UNFINISHED = frozenset({".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".!ut"})
# Python reads bytes of a file name that are no UTF-8 as U+DC80 to U+DCFF (PEP 383).
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]|%(?=[0-9A-F]{2})")
_SPELLED_BYTE = re.compile(rb"%([0-9A-F]{2})")


def suffix(name: str) -> str:
    """The last suffix in lower case with its dot, "" if there is none: ``Scan 1.PDF`` has ``.pdf``."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 (a name, and not a path)


def media_type(name: str) -> str:
    """The media type that the suffix stands for (IANA's registry); an unknown one is ``application/octet-stream``."""
    return _MEDIA_TYPES.get(suffix(name), "application/octet-stream")


def table(name: str) -> tuple[str, bool]:
    """What a file among exports and logs is: a delivery, whose rows are the items.

    All tables as text are ``text/csv`` (RFC 4180), since their reader finds the delimiter; workbooks and others keep
    their own media type, so that what can't be split is refused with a reason and not in silence.
    """
    kind = media_type(name)
    return ("text/csv" if kind in ("text/tab-separated-values", "text/plain") else kind), True


def is_item(name: str) -> bool:
    """False for what systems and programs leave beside people's files: hidden, lock and thumbnail files."""
    return not name.startswith((".", "~$")) and name.lower() not in ("thumbs.db", "desktop.ini")


def is_unfinished(name: str) -> bool:
    """Whether a program gave the file this name while it writes it, and will give it another one once it is done."""
    return suffix(name) in _UNFINISHED


def spell(path: str) -> str:
    """A path as a source key: control characters, and bytes that are no UTF-8, become %XX.

    A "%" that would read as such a byte becomes %25; all else stays as it is. ``unspell`` is the way back.
    """
    return _UNPRINTABLE.sub(lambda found: f"%{ord(found[0]) & 0xFF:02X}", path)


def unspell(key: str) -> str:
    """The path that ``spell`` made this source key of."""
    raw = _SPELLED_BYTE.sub(lambda found: bytes([int(found[1], 16)]), key.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")
