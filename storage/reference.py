"""References: the one name of a response, everywhere. The same after any kill or rerun, and hard to mistype."""

import hashlib

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
_READ_AS = str.maketrans("ILO", "110")


def make_reference(
    prefix: str, consultation: str, channel: str, source_key: str, *, sha256: str = "", ordinal: int = 1
) -> str:
    """A reference such as ``NCC-7K2QF-9XWAB``: prefix, nine characters of a SHA-256, a check character.

    ``source_key`` is the first source key of the response's first receipt; ``sha256`` belongs in it for a whole file in
    a folder only, where another letter may take the same name. ``ordinal`` counts the responses of that receipt from 1.
    """
    named = "\x00".join((consultation, channel, source_key, sha256, str(ordinal)))
    number = int.from_bytes(hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest(), "big") >> (256 - 45)
    nine = "".join(ALPHABET[number >> shift & 31] for shift in range(40, -5, -5))
    return f"{prefix}-{nine[:5]}-{nine[5:]}{check_character(nine)}"


def check_character(characters: str) -> str:
    """The check character of nine others.

    A weighted sum over the field of 32 elements (x^5 + x^2 + 1) with a different power of x at each place, so that
    every
    single wrong character and every swap of two characters changes it.
    """
    total = 0
    for character in characters:
        total = _times_x(total ^ ALPHABET.index(character))
    return ALPHABET[total]


def _times_x(element: int) -> int:
    doubled = element << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled


def read_reference(typed: str, prefix: str) -> str | None:
    """The reference that somebody typed, in its one spelling: without dashes, in any case, I and L for 1, O for 0.

    None if it is none of this consultation's, or its check character does not fit.
    """
    squeezed = "".join(c for c in typed.upper() if c.isalnum())
    wanted = "".join(c for c in prefix.upper() if c.isalnum())
    if not squeezed.startswith(wanted):
        return None
    ten = squeezed[len(wanted) :].translate(_READ_AS)
    if len(ten) != 10 or any(c not in ALPHABET for c in ten) or check_character(ten[:9]) != ten[9]:
        return None
    return f"{prefix}-{ten[:5]}-{ten[5:]}"
