"""What an attached file is: by what it is declared to be, and where that says nothing, by its name and first bytes."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX, ODT, RTF = f"{_OFFICE}.wordprocessingml.document", "application/vnd.oasis.opendocument.text", "application/rtf"
MSG, TNEF = "application/vnd.ms-outlook", "application/ms-tnef"

DOCUMENTS = frozenset({
    "application/pdf", DOCX, ODT, RTF, "image/tiff", "image/jpeg", "image/png", "image/gif", "image/heic",
})  # fmt: skip
"""Kinds whose words are parts of the response."""

_SAME = {
    "application/x-pdf": "application/pdf", "text/rtf": RTF, "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg", "image/x-png": "image/png", "image/tif": "image/tiff", "image/x-tiff": "image/tiff",
    "image/heif": "image/heic", "image/heic-sequence": "image/heic", "application/vnd.ms-tnef": TNEF,
    "application/x-rtf": RTF, "application/vnd.ms-word.document.macroenabled.12": DOCX,
    f"{_OFFICE}.wordprocessingml.template": DOCX, "application/x-vnd.oasis.opendocument.text": ODT,
    "application/x-msg": MSG, "application/msoutlook": MSG, "application/x-outlook-msg": MSG,
}  # fmt: skip
_UNSPECIFIC = frozenset({
    "application/octet-stream", "application/force-download", "application/x-download", "application/download",
    "application/x-unknown", "application/unknown", "application/x-octet-stream", "binary/octet-stream", "image/*",
    "application/msword", "application/vnd.msword", "application/x-msword",  # said of .docx and .rtf, too
    "application/zip", "application/x-zip-compressed",
})  # fmt: skip
_BY_SUFFIX = {
    "pdf": "application/pdf", "txt": "text/plain", "text": "text/plain", "htm": "text/html", "html": "text/html",
    "docx": DOCX, "docm": DOCX, "dotx": DOCX, "odt": ODT, "rtf": RTF, "png": "image/png", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "jpe": "image/jpeg", "tif": "image/tiff", "tiff": "image/tiff", "gif": "image/gif",
    "heic": "image/heic", "heif": "image/heic", "msg": MSG, "eml": "message/rfc822", "doc": "application/msword",
    "ics": "text/calendar", "vcf": "text/vcard", "csv": "text/csv", "xls": "application/vnd.ms-excel",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "p7m": "application/pkcs7-mime", "p7s": "application/pkcs7-signature", "zip": "application/zip",
    "wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac",
    "m4a": "audio/mp4", "amr": "audio/amr",
}  # fmt: skip
_BY_MAGIC = {
    b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png", b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff", b"GIF8": "image/gif", b"{\\rtf": RTF, b"\x78\x9f\x3e\x22": TNEF,
}  # fmt: skip
HEAD_BYTES = 16
_WORD = frozenset({"application/msword", DOCX})


def kind_of(declared: str, name: str, head: bytes) -> str:
    """The media type to read a file as.

    Args:
        declared: the media type that it is said to be, in lower case.
        name: its file name, "" if none.
        head: its first ``HEAD_BYTES`` bytes; b"" where looking at them is not worth it.
    """
    declared = _SAME.get(declared, declared)
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if name.lower() in ("winmail.dat", "win.dat"):
        return TNEF
    if not is_vague(declared):
        return declared
    kind = _BY_SUFFIX.get(suffix) or next((k for magic, k in _BY_MAGIC.items() if head.startswith(magic)), declared)
    if kind in _WORD and head.startswith(b"{\\rtf"):
        return RTF
    return kind


def is_vague(declared: str) -> bool:
    """Whether a declared media type does not say what the file is."""
    return declared in _UNSPECIFIC
