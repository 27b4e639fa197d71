"""Who asks for which decision on what, and what deciding needs. The words of it; nothing is decided here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from intake.errors import NotThere, Refused
from intake.filled import Rules
from storage import receipts, responses
from storage.database import Database, Transaction
from storage.receipts import NewOriginal, ReceiptView
from storage.reference import read_reference
from storage.schema import PERSON_REASONS

Action = Literal[
    "accept", "correct", "transcribe", "exclude", "confirm", "restore", "set-aside", "overturn", "retry", "add", "same",
    "different", "acknowledge", "acknowledged", "split", "join", "undo",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = get_args(Action)
READS_AGAIN: frozenset[Action] = frozenset({"retry", "overturn", "add"})
"""The actions after which an original is read anew: not while a run reads on the same channel."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: the OS user at the command line, the signed-in user on the pages."""

    name: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: the action, its value and its reason, as typed."""

    action: Action
    value: str = ""
    reason: str = ""

    @property
    def set_aside_word(self) -> str:
        """The word of a setting aside: ``--reason WORD``, or ``--value WORD`` with a reason in one's own words."""
        return self.reason if self.reason in PERSON_REASONS or not self.value else self.value


def reads_again(wish: Wish, receipt: ReceiptView) -> bool:
    """Whether an original is read anew by what is asked for: a file that is accepted as it is, too."""
    return wish.action in READS_AGAIN or (wish.action == "accept" and receipt.kind == "file")


@dataclass(frozen=True, slots=True)
class Office:
    """What deciding needs: the database, the rules, the clock, and the way to read an original again.

    ``reread`` settles a receipt anew; its second argument says whether the rules of screening apply. ``refollow`` lets
    the responses of a channel say what follows from a decision on messages that were rebuilt. ``keep`` stores a file
    durably as a further original: its path in, its SHA-256, size and media type out. ``must_read`` refuses where
    nothing can be read.
    """

    database: Database
    rules: Rules
    clock: Callable[[], datetime]
    reread: Callable[[ReceiptView, bool], None]
    refollow: Callable[[ReceiptView], None]
    keep: Callable[[str], NewOriginal]
    must_read: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A receipt, and the response that is meant (None if the receipt has none): of that, the receipt that it was read
    from last."""

    receipt: ReceiptView
    response: int | None


def find_target(tx: Transaction, prefix: str, typed: str, *, several: bool = False) -> Target:
    """What a reference or a receipt's number names. ``several``: a receipt with several responses may be meant as such.

    Raises:
        NotThere: there is no such reference or receipt here.
        Refused: the receipt has several responses, and one of them is asked for.
    """
    reference = read_reference(typed, prefix)
    if reference is not None and (number := responses.number_of(tx, reference)) is not None:
        view = responses.load(tx, [number])[0]
        return Target(receipts.by_numbers(tx, [view.reading_receipt_id])[0], number)
    if typed.isascii() and typed.isdigit() and len(typed) < 10 and (found := receipts.by_numbers(tx, [int(typed)])):
        is_read = found[0].outcome == "read"
        mine = responses.responses_of(tx, [found[0].id]).get(found[0].id, []) if is_read else []
        if len(mine) > 1 and several:
            return Target(found[0], None)
        if len(mine) > 1:
            references = ", ".join(view.response.reference for view in responses.load(tx, mine))
            raise Refused(f"Receipt {typed} has {len(mine)} responses: name one of them ({references}).")
        if not mine:
            return Target(found[0], None)
        # Of a row with several versions the one counts that is shown now, whichever receipt was named.
        (view,) = responses.load(tx, mine)
        return Target(receipts.by_numbers(tx, [view.reading_receipt_id])[0], view.id)
    raise NotThere(f"There is no response or receipt {typed!r} here.")
