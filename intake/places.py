"""The consultation's gazetteer: its places with their names and aliases, and where a text names them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from intake.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Named:
    """A place named in a text: its codes (several where the name is ambiguous) and the characters that name it."""

    codes: tuple[str, ...]
    start: int
    end: int


class Gazetteer:
    """Names and aliases of the consultation's places, looked up as whole words, in any case."""

    def __init__(self, names: dict[str, tuple[str, ...]]) -> None:
        self._codes = names

    @classmethod
    def read(cls, path: Path | None) -> "Gazetteer":
        """Read ``code,name,aliases,district`` (aliases ``;``-joined).

        Raises:
            ConfigurationError: the file is missing, or a column is.
        """
        if path is None:
            return cls({})
        codes: dict[str, list[str]] = {}
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                for row in csv.DictReader(stream):
                    for name in [row["name"], *row["aliases"].split(";")]:
                        if name.strip():
                            codes.setdefault(_folded(name), []).append(row["code"])
        except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(
                "consultation.places: should be a CSV file in UTF-8 with the columns code,name,aliases,district."
            ) from error
        return cls({name: tuple(dict.fromkeys(found)) for name, found in codes.items()})

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self._codes:
            return None
        longest_first = sorted(self._codes, key=lambda name: (-len(name), name))
        words = (r"\s+".join(_apostrophes(word) for word in name.split()) for name in longest_first)
        return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)

    def find(self, text: str) -> Iterator[Named]:
        """Every naming of a place in a text, from the left, the longest name first."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                if codes := self._codes.get(_folded(match.group())):
                    yield Named(codes, match.start(), match.end())


def _folded(name: str) -> str:
    return " ".join(name.replace("’", "").replace("'", "").casefold().split())  # the typographic one


def _apostrophes(word: str) -> str:
    return re.escape(word.replace("’", "'")).replace("'", "['’]?")  # the typographic one
