"""What a separator sheet says in its code: one letter starts behind it, received on a day, kept in a box. Pure.

The code's text is ``intake-sheet/1|consultation|2011-03-01|box|batch|n/count|check``. ``n/count`` is ``0/0`` for one
that is printed once and copied. ``check`` is the beginning of a SHA-256 over the rest: it keeps out what is garbled or
made up by hand, not somebody who knows this line; what a sheet says is believed only as far as it is possible
(``batches``).
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

SCHEME = "intake-sheet/"
_VERSION = f"{SCHEME}1"
_CHECK_CHARACTERS = 10
_MOST = 9_999
MORE = "there may be more on it than on a separator sheet as it was printed"
"""``Part.choice`` of a page with a sheet's code that was read, or must be looked at."""
LABEL = re.compile(r"[^|\x00-\x1f\x7f-\x9f]{0,40}")
"""What a box or a batch can be called: up to 40 characters, no ``|`` and no line break."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One separator sheet. ``number`` of ``count`` sheets of its batch; 0 of 0 if it is one that is copied."""

    consultation: str
    received: date
    box: str
    batch: str = ""
    number: int = 0
    count: int = 0

    @property
    def pile(self) -> tuple[date, str, str]:
        """What the sheets of one batch have in common."""
        return self.received, self.box, self.batch

    def text(self) -> str:
        """What its code says."""
        said = (_VERSION, self.consultation, self.received.isoformat(), self.box, self.batch, self._position())
        line = "|".join(said)
        return f"{line}|{_check(line)}"

    def _position(self) -> str:
        return f"{self.number}/{self.count}"


def read_sheet(code: str) -> Sheet | Literal["unsound"] | None:
    """The sheet that a code stands for; ``unsound`` if it says that it is one and its check does not hold; None if it
    is a code of another kind, which a letter may well have on it."""
    if not code.startswith(SCHEME):
        return None
    line, _, check = code.rpartition("|")
    said = line.split("|")
    if len(said) != 6 or said[0] != _VERSION or check != _check(line):
        return "unsound"
    _, consultation, received, box, batch, position = said
    counted = re.fullmatch(r"(\d{1,4})/(\d{1,4})", position, re.ASCII)
    try:
        day = date.fromisoformat(received)
    except ValueError:
        return "unsound"
    if day.isoformat() != received or not (box + batch).isprintable():
        return "unsound"
    if counted is None or not LABEL.fullmatch(box) or not LABEL.fullmatch(batch):
        return "unsound"
    number, count = int(counted[1]), int(counted[2])
    if number > count or (number == 0) != (count == 0):
        return "unsound"
    return Sheet(consultation, day, box, batch, number, count)


def sheets_of_batch(consultation: str, received: date, box: str, batch: str, count: int | None) -> list[Sheet]:
    """The sheets to print: as many as wanted, numbered; or the one that is copied.

    Raises:
        ValueError: the words do not fit a code; the message says what would.
    """
    if not box:
        raise ValueError("--box: should say where the paper is kept")
    for name, label in (("box", box), ("batch", batch)):
        if not LABEL.fullmatch(label) or label != label.strip() or not label.isprintable():
            raise ValueError(f"--{name}: should be up to 40 characters without | and line breaks")
    if count is None:
        return [Sheet(consultation, received, box, batch)]
    if not 0 < count <= _MOST:
        raise ValueError(f"--count: should be a number from 1 to {_MOST}")
    return [Sheet(consultation, received, box, batch, number, count) for number in range(1, count + 1)]


def _check(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:_CHECK_CHARACTERS]
