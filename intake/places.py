"""The consultation's gazetteer: its places with their names and aliases, and where a text names them."""

import csv
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from intake.errors import ConfigurationError
from intake.fields import postcodes

_ADDRESS_LINES = 5
_LINE = 40
_WORDS_IN_LINE = 8
_LOOK_AT = 400


@dataclass(frozen=True, slots=True)
class Named:
    """A place named in a text: its codes (several where the name is ambiguous) and the characters that name it."""

    codes: tuple[str, ...]
    start: int
    end: int


class Gazetteer:
    """Names and aliases of the consultation's places, looked up as whole words in any case."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        """Take the codes of each name, as it is written; a name with several codes is ambiguous."""
        self._names = list(names)
        codes: dict[str, list[str]] = {}
        for name, given in names.items():
            codes.setdefault(_folded(name), []).extend(given)
        self._codes = {name: tuple(dict.fromkeys(given)) for name, given in codes.items()}

    @classmethod
    def read(cls, path: Path | None) -> "Gazetteer":
        """Read ``code,name,aliases,district`` (aliases ``;``-joined).

        Raises:
            ConfigurationError: the file is missing, or a column is.
        """
        if path is None:
            return cls({})
        names: dict[str, list[str]] = {}
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                rows = csv.DictReader(stream)
                if not {"code", "name", "aliases", "district"} <= set(rows.fieldnames or ()):
                    raise KeyError("a column is missing")
                for row in rows:
                    if not row["code"].strip() or ";" in row["code"]:
                        raise ConfigurationError(
                            f"consultation.places: line {rows.line_num} should have a code, without a ';' in it."
                        )
                    for name in [row["name"], *row["aliases"].split(";")]:
                        if name.strip():
                            names.setdefault(name.strip(), []).append(row["code"].strip())
        except (OSError, KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(
                "consultation.places: should be a CSV file in UTF-8 with the columns code,name,aliases,district."
            ) from error
        return cls(names)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all places."""
        return frozenset(code for found in self._codes.values() for code in found)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self._names:
            return None
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        words = (r"\s+".join(_spelled(word) for word in name.split()) for name in longest_first)
        return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)

    def find(self, text: str) -> Iterator[Named]:
        """Every naming of a place in a text, from the left, the longest name first."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                if codes := self._codes.get(_folded(match.group())):
                    yield Named(codes, match.start(), match.end())

    def find_meant(self, text: str) -> Iterator[Named]:
        """As ``find``, without the places that only stand in an address."""
        blocks = _address_blocks(text)
        starts = [start for start, _ in blocks]
        for named in self.find(text):
            before = bisect_right(starts, named.start) - 1
            if before < 0 or named.start >= blocks[before][1]:
                yield named


def _address_blocks(text: str) -> list[tuple[int, int]]:
    """Where addresses stand, in order: short lines, one under the other, that end with a postcode."""
    blocks: list[tuple[int, int]] = []
    above: deque[tuple[int, str]] = deque(maxlen=_ADDRESS_LINES)
    start = 0
    for line in text.split("\n"):
        code = next(postcodes(line[:_LOOK_AT]), None)
        # "I use the centre at Watton, IP25 6AA is my postcode": a sentence is no address line.
        if code is not None and len(line[: code.start].split()) <= _WORDS_IN_LINE:
            first = start
            for begins, other in reversed(above):
                if not other or len(other) > _LINE or other.endswith((".", "!", "?", ":")):
                    break
                first = begins
            blocks.append((max(first, blocks[-1][1] if blocks else 0), start + code.end))
        above.append((start, line.strip()))
        start += len(line) + 1
    return blocks


def _folded(name: str) -> str:
    return " ".join(name.replace("’", "").replace("'", "").casefold().split())  # the typographic one


def _spelled(word: str) -> str:
    """A word of a name as people write it: its apostrophes may be missing, and there may be one before its last s."""
    escaped = re.escape(word.replace("’", "'")).replace("'", "['’]?")  # the typographic one
    return f"{escaped[:-1]}['’]?s" if escaped[-1:] in "sS" and "'" not in word[-2:] else escaped
