"""Bytes into text, whatever their charset is said to be. What can't be decoded is replaced and counted; no errors."""

import codecs
from functools import lru_cache

from intake.reading.clean import REPLACEMENT, clean

_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
"""Text codecs of Python's that mail has no use for: some take quadratic time, and utf-7 hides text from filters."""
_BETTER = {
    # What senders declare on the left is, when it differs at all, what stands on the right (WHATWG Encoding).
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_NOT_ASCII_BASED = ("utf-16", "utf-32", "iso2022", "hz", "cp037", "cp500", "cp1026", "cp1140", "cp273", "cp424")
_FEW_BYTES = 0.1
_SAMPLE_BYTES = 65_536


@lru_cache(maxsize=256)
def codec_name(declared: str) -> str | None:
    """Return Python's name of a declared charset, or None if there is none that may be used."""
    try:
        codec = codecs.lookup(declared.strip(" \t'\""))
        "".encode(codec.name)
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if codec.name in _NEVER else codec.name


def decode(data: bytes, declared: str | None) -> tuple[str, int]:
    """Return the text of some bytes, clean for storage, and how many characters had to be replaced.

    Args:
        data: the bytes; a byte order mark at their start is no part of the text.
        declared: the charset as the sender named it, or None.
    """
    name = codec_name(declared) if declared else None
    if data.isascii() and (name is None or not name.startswith(_NOT_ASCII_BASED)):
        return clean(data.decode("ascii"))
    text, replaced = _decode(data, name)
    text, unclean = clean(text.removeprefix("\ufeff"))
    return text, replaced + unclean


def _decode(data: bytes, name: str | None) -> tuple[str, int]:
    for candidate in _candidates(data, name):
        try:
            return data.decode(candidate), 0
        except UnicodeError:
            continue
    if name is not None:
        text, replaced = _with_replacements(data, name)
        if replaced <= _FEW_BYTES * sum(byte > 0x7F for byte in data[:_SAMPLE_BYTES]):
            return text, replaced
    return _with_replacements(data, _detect(data) or "cp1252")


def _candidates(data: bytes, name: str | None) -> list[str]:
    """The charsets to try strictly, likeliest first."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if data.startswith(codecs.BOM_UTF8):
        return ["utf-8"]
    if name is None or name == "ascii":
        mostly_ascii = sum(byte > 0x7F for byte in data[:_SAMPLE_BYTES]) <= _FEW_BYTES * min(len(data), _SAMPLE_BYTES)
        # Mail to a British council that hides its charset is Windows' if it is mostly ASCII: detection guesses worse.
        return ["utf-8", "cp1252"] if mostly_ascii else ["utf-8"]
    return [better, name] if (better := _BETTER.get(name)) else [name]


def _with_replacements(data: bytes, name: str) -> tuple[str, int]:
    text = data.decode(name, "replace")
    return text, text.count(REPLACEMENT)


def _detect(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # slow to import, seldom needed

    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    return codec_name(best.encoding) if best else None
