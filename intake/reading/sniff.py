"""What a file looks like, whatever it is called: for the sentence that says why it can't be read."""

from mmap import mmap

_BY_MAGIC = {
    b"%PDF-": "a PDF",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG\r\n": "a PNG picture",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"GIF8": "a GIF picture",
    b"PK\x03\x04": "a Word, Excel or other zipped file",
    b"\xd0\xcf\x11\xe0": "an old Word, Excel or Outlook file",
    b"{\\rtf": "an RTF text",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"From ": "a mailbox",
    b"Received:": "an email message",
    b"Return-Path:": "an email message",
}
_WITH_PAGES = {
    b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png", b"II*\x00": "image/tiff", b"MM\x00*": "image/tiff",
    b"II+\x00": "image/tiff", b"MM\x00+": "image/tiff", b"GIF8": "image/gif",
}  # fmt: skip
_HEIF_BRANDS = (b"heic", b"heix", b"mif1", b"heim")
_HEAD_BYTES = 1_024


def looks_like(data: bytes | mmap) -> str | None:
    """Return what the first bytes are the beginning of, as a noun with its article, or None if nothing is known."""
    head = data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, kind in _BY_MAGIC.items():
        if head[: len(magic)].lower() == magic.lower():
            return kind
    if head[4:8] == b"ftyp":
        return "a HEIC picture" if head[8:12] in _HEIF_BRANDS else "a film or sound file"
    return None


def kind_with_pages(data: bytes | mmap) -> str | None:
    """Return the media type of a picture or PDF by its first bytes, whatever it is called; None if it is neither."""
    head = data[:_HEAD_BYTES]
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/heic"
    kind = next((kind for magic, kind in _WITH_PAGES.items() if head.startswith(magic)), None)
    return kind or ("application/pdf" if b"%PDF-" in head else None)


def not_a(wanted: str, data: bytes | mmap) -> str:
    """Return the sentence that this file is not what it should be, and what it looks like."""
    kind = looks_like(data)
    return f"This file is not {wanted}; it looks like {kind}." if kind else f"This file is not {wanted}."
