"""What the cells of a column confirm about it: a key, dates, codes, options, ranks. Pure; only yes, no and numbers come
out of here, never what a cell holds."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from intake import fields
from intake.answers import MARKED, NOT_MARKED, several

_SEPARATORS = (";", ",", "|", "\n")
_NOBODY = frozenset({"anonymous", "anonym", "guest"})
_ENOUGH = 2


class Cells:
    """The cells of one column, in the order of the rows."""

    def __init__(self, cells: Sequence[str]) -> None:
        self._cells = cells
        self._given = [cell for cell in cells if cell]
        self._folded = [cell.casefold() for cell in self._given]

    @property
    def filled(self) -> bool:
        return bool(self._given)

    @property
    def count(self) -> int:
        return len(self._given)

    @property
    def is_key(self) -> bool:
        """Whether every row has one, and no two the same; not known of a table without rows, and taken to be so."""
        return len(self._given) == len(self._cells) and len(set(self._given)) == len(self._given)

    @property
    def names_nobody(self) -> bool:
        return set(self._folded) <= _NOBODY

    def has(self, mark: str) -> bool:
        """Whether a cell holds this mark; one that ends with * stands for all that begin so."""
        wanted = mark.casefold()
        if wanted.endswith("*"):
            return any(cell.startswith(wanted[:-1]) for cell in self._folded)
        return wanted in self._folded

    def date_orders(self, zone: ZoneInfo) -> set[str]:
        """In which orders all of them can be read as times: "day", "month", both if they read the same or unproved."""
        return {
            order
            for order in ("day", "month")
            if all(fields.read_time(cell, zone, month_first=order == "month") for cell in self._given)
        }

    def is_ambiguous(self, zone: ZoneInfo) -> bool:
        """Whether the two orders of a date give different times."""
        pairs = [[fields.read_time(cell, zone, month_first=first) for first in (False, True)] for cell in self._given]
        return any(day != month for day, month in pairs)

    def are_codes(self, options: Sequence[str]) -> bool:
        """Whether they are numbers where the options are words."""
        numbers = [cell for cell in self._given if all(piece.strip().isdigit() for piece in cell.split(","))]
        return bool(numbers) and len(numbers) == len(self._given) and bool(options) and not self._are(options)

    def are_options(self, options: Sequence[str]) -> bool:
        """Whether there are some, and all of them are options."""
        return bool(options) and self.filled and self._are(options)

    def _are(self, options: Sequence[str]) -> bool:
        known = {option.casefold() for option in options}
        return all(cell in known for cell in self._folded)

    def are_roles(self, roles: Sequence[str]) -> bool:
        """Whether they are roles of the consultation, several and different ones."""
        return self.are_options(roles) and len(set(self._folded)) >= _ENOUGH

    def not_among(self, known: Sequence[str]) -> int:
        """How many are none of these."""
        folded = {one.casefold() for one in known}
        return sum(cell not in folded for cell in self._folded)

    def separator(self, options: Sequence[str]) -> str:
        """What stands between several answers in a cell: what parts most of them into options; "" if none does."""
        known = {option.casefold() for option in options}

        def parted(mark: str) -> int:
            cut = [several(cell, mark, {o: o for o in known}) for cell in self._folded if mark in cell]
            return sum(len(pieces) > 1 and any(piece in known for piece in pieces) for pieces in cut)

        best = max(_SEPARATORS, key=parted)
        return best if parted(best) else ""

    def are_orders(self, options: Sequence[str], separator: str) -> bool:
        """Whether each puts all options into an order, and not always the same."""
        known = {option.casefold(): option for option in options}
        orders = [tuple(several(cell, separator, known)) for cell in self._given]
        return len(set(orders)) >= _ENOUGH and all(sorted(order) == sorted(known.values()) for order in orders)

    @staticmethod
    def are_ranks(columns: Sequence["Cells"]) -> bool:
        """Whether these columns, one an option, hold ranks: whole numbers, in a row each once, and not only ones."""
        rows = [[cell for cell in row if cell] for row in zip(*(column._cells for column in columns), strict=True)]
        filled = [row for row in rows if row]
        digits = all(cell.isdigit() and int(cell) <= len(columns) for row in filled for cell in row)
        return digits and any(len(row) > 1 for row in filled) and all(len(set(row)) == len(row) for row in filled)

    @staticmethod
    def are_other_words(columns: Sequence["Cells"], options: Sequence[str]) -> bool:
        """Whether these columns, one an option, hold something else than marks and options, and few different things:
        the answers of a matrix."""
        said = {cell for column in columns for cell in column._folded}
        plain = {*MARKED, *NOT_MARKED, "no", "n", "-", *(option.casefold() for option in options)}
        filled = sum(len(column._folded) for column in columns)
        return bool(said) and not said & plain and len(said) < filled
