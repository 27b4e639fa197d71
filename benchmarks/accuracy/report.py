"""What was found, in words and figures: a line a set, then what is asked of the reading and whether it holds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from benchmarks.accuracy.measure import Errors, together
from benchmarks.accuracy.read import ReadPage

WRONG, GOOD = 0.05, 0.01
"""From which error rate on a page should be put before a person, and up to which it should not."""
_FEW = 20

_ASKED: tuple[tuple[str, str, float], ...] = (
    ("clean", "clean print at 200 and 300 dpi: character error rate", 0.005),
    ("rotated", "clean print, sideways and upside down: character error rate", 0.005),
    ("bad", "bad print: character error rate", 0.02),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing asked: a share from 0 to 1, the most (or, with ``at_least``, the least) that it may be, None if it is
    only reported, and how many things it was measured on. ``value`` is None where there was nothing to measure."""

    what: str
    value: float | None
    limit: float | None
    count: int
    at_least: bool = False
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None without one, or without a measurement."""
        if self.limit is None or self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


def verdicts(read: Sequence[ReadPage]) -> list[Verdict]:
    """What is asked of print of each kind, and of the word that a page must be transcribed."""
    found = []
    for group, what, limit in _ASKED:
        errors = [one.errors for one in read if one.page.group == group]
        found.append(Verdict(what, together(errors).cer if errors else None, limit, len(errors)))
    wrong = [one for one in read if one.errors.cer > WRONG]
    good = [one for one in read if one.errors.cer <= GOOD]
    found.append(
        _share(f"of pages read wrong in more than {WRONG:.0%} of characters, flagged", wrong, 0.95, at_least=True)
    )
    found.append(_share(f"of pages read wrong in at most {GOOD:.0%}, flagged all the same", good, 0.05, at_least=False))
    return found


def _share(what: str, pages: Sequence[ReadPage], limit: float, *, at_least: bool) -> Verdict:
    flagged = sum(one.flagged for one in pages)
    note = f"{flagged} of {len(pages)}" + (", which are few" if 0 < len(pages) < _FEW else "")
    return Verdict(what, flagged / len(pages) if pages else None, limit, len(pages), at_least, note)


def set_rows(read: Sequence[ReadPage], about: Callable[[str], str]) -> list[dict[str, Any]]:
    """A row for each set, in the order in which they come."""
    rows = []
    for name in dict.fromkeys(one.page.set for one in read):
        pages = [one for one in read if one.page.set == name]
        rows.append(_row(name, about(name), pages, together(one.errors for one in pages)))
    return rows


def _row(name: str, about: str, pages: Sequence[ReadPage], errors: Errors) -> dict[str, Any]:
    return {
        "set": name,
        "group": pages[0].page.group,
        "pages": len(pages),
        "chars": errors.chars,
        "cer": errors.cer,
        "cer_forgiving": errors.cer_forgiving,
        "worst": max(one.errors.cer for one in pages),
        "recall": errors.recall,
        "flagged": mean(one.flagged for one in pages),
        "second": mean(one.engine not in ("tesseract", "text layer") for one in pages),
        "about": about,
    }


def print_sets(rows: Sequence[dict[str, Any]]) -> None:
    """The sets as a table."""
    head = ("set", "pages", "CER", "… quotes", "worst", "words", "transcribe", "2nd engine", "what it is")
    print_table(head, [
        (
            row["set"], str(row["pages"]), f"{row['cer']:.2%}", f"{row['cer_forgiving']:.2%}", f"{row['worst']:.1%}",
            f"{row['recall']:.1%}", f"{row['flagged']:.0%}", f"{row['second']:.0%}", row["about"],
        )
        for row in rows
    ])  # fmt: skip


def print_verdicts(found: Sequence[Verdict]) -> None:
    """What is asked, as a table."""
    head = ("asked", "found", "limit", "holds", "on")
    print_table(head, [
        (
            one.what, "nothing measured" if one.value is None else f"{one.value:.2%}",
            "" if one.limit is None else f"{'≥' if one.at_least else '≤'} {one.limit:.1%}",
            {None: "", True: "yes", False: "NO"}[one.holds], one.note or f"{one.count}",
        )
        for one in found
    ])  # fmt: skip


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns under their heads; the first and the last are words, the others figures."""
    table = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for number, row in enumerate(table):
        last = len(row) - 1
        cells = [c.ljust(w) if i in (0, last) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
