"""Makes text fit for storage: both databases and UTF-8 itself refuse some of what untrusted bytes decode to."""

import re

REPLACEMENT = "\ufffd"
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NAME_CHARS = 255


def clean(text: str) -> tuple[str, int]:
    """Return the text with NUL and lone surrogates replaced one for one by U+FFFD, and how many there were."""
    if text.isascii() and "\x00" not in text:
        return text, 0
    return _NOT_STORABLE.subn(REPLACEMENT, text)


def clean_name(name: str) -> str:
    """Return a file name fit to be shown: control and direction marks become U+FFFD, at most 255 characters.

    It is for the eye only. Slashes and dots stay, since a name is never used as a path.
    """
    return _UNSEEN.sub(REPLACEMENT, name[:_NAME_CHARS]).strip()
