"""What a sender's name and address look like, and what is odd about them. For the eye: nothing is decided by it."""

import re
import unicodedata

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200d\u2060\ufeff]")
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]{1,64}@[^\s<>\"'(),;:@]{1,253}\.[^\s<>\"'(),;:@.]{1,63}")
_WORD = re.compile(r"[^\W\d_]{1,200}")
_ALIKE = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts that have letters which look the same: a word that mixes them is written to be taken for another."""
_MAX_CHARS = 2_000


def signs(name: str, address: str) -> list[str]:
    """What is odd about a display name: ``address`` (it is written as another address than the sender's),
    ``direction`` (marks that change the order in which it is shown), ``unseen`` (characters that can't be seen),
    ``mixed-script`` (a word, or a label of the address, mixes letters of scripts that look alike)."""
    name = name[:_MAX_CHARS]
    found = []
    if any(other.casefold() != address.casefold() for other in _ADDRESS.findall(name)):
        found.append("address")
    if _DIRECTION.search(name):
        found.append("direction")
    if _UNSEEN.search(name):
        found.append("unseen")
    if any(_mixes(word) for word in _WORD.findall(f"{name} {readable(address) or address[:_MAX_CHARS]}")):
        found.append("mixed-script")
    return found


def _mixes(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    return len(scripts.intersection(_ALIKE)) > 1


def readable(address: str) -> str:
    """An address whose domain is internationalised (RFC 5890), with that domain in its own letters; "" if it is not."""
    local, _, domain = address.rpartition("@")
    labels = domain[:253].split(".")
    if not any(label.lower().startswith("xn--") for label in labels):
        return ""
    shown = ".".join(_label(label) for label in labels)
    return f"{local}@{shown}" if shown != domain else ""


def _label(label: str) -> str:
    if not label.lower().startswith("xn--") or not label.isascii():
        return label
    try:
        decoded = label[4:].lower().encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
    # What decodes to something that is no letter, digit or hyphen is no name: it stays as it was sent.
    return decoded if decoded and all(c.isalnum() or c == "-" for c in decoded) else label
