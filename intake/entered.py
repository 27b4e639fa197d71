"""After all channels have run: rows that were typed from paper find their letters, whichever of the two came first.

A row names its letter by reference, by where the paper lies, or by the receipt of its file. Joined is only what names
exactly one letter that no other row names, and about which no person said anything else; all other rows that name some
paper carry `paper?`. All of it is worked out anew from what is stored.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from intake.filled import Rules
from intake.outcomes import Desk as ChannelDesk
from intake.pagework import Desk
from intake.receive import ChannelRun
from intake.revise import holding
from intake.rewrite import flag, rewritten
from intake.rowjoins import is_joined_by_person, is_parted, join_row, part_row, why_not
from intake.splitting import row_cells
from storage import decisions, entered, ledger, receipts, responses
from storage.database import Database, LeaseHeld, Transaction
from storage.decisions import DecisionView
from storage.entered import Entered, Letter
from storage.reference import read_reference
from storage.schema import Response

log = structlog.get_logger()
_BATCH = 500
_LABELS = frozenset({"box", "batch", "letter", "sheet", "position"})
_WITH_ROW = re.compile(r", rows \S+\Z")
"""What the reader of a letter says that is joined with its row."""


def look_at_rows(current: ChannelRun, desk: ChannelDesk) -> None:
    """Note what the rows of a channel say about their paper, of those that were not looked at yet."""
    headers = desk.channel.mapping.entered_from
    while headers:
        with current.database.read() as tx:
            new = entered.unseen(tx, current.channel, headers, _BATCH)
            kept = receipts.contents(tx, [row.sha256 for row in new])
        if not new:
            return
        named = [(row.response_id, row.receipt_id, _words(row_cells(kept[row.sha256]), headers)) for row in new]
        with current.database.write() as tx:
            entered.keep_named(tx, headers, named)


def _words(cells: Mapping[str, str], headers: Sequence[str]) -> str:
    return " ".join(said for header in headers if (said := cells.get(header, "").strip()))


def join_rows(database: Database, rules: Rules, clock: Callable[[], datetime], run: int) -> set[str]:
    """Join the rows of all channels with their letters, as far as no other run works on these; the channels whose
    responses are others now."""
    with database.read() as tx:
        plan = _plan(tx, rules)
    if not plan:
        return set()
    channels = {channel for step in plan for channel in (step.row.channel, step.channel) if channel}
    changed: set[str] = set()
    with _leases(database, channels) as held:
        for step in plan:
            if not held.issuperset({step.row.channel, step.channel} - {""}):
                continue
            with database.write() as tx:
                if _take(Desk(tx, rules, clock()), run, step):
                    changed |= {step.row.channel, step.channel} - {""}
                ledger.number_entries(tx)
    if changed:
        log.info("rows were joined with their letters, or parted from them", channels=sorted(changed))
    return changed


@contextmanager
def _leases(database: Database, channels: set[str]) -> Iterator[set[str]]:
    """Hold these channels, as far as nobody else does."""
    held: set[str] = set()
    with ExitStack() as stack:
        for channel in sorted(channels):
            try:
                stack.enter_context(database.lease(f"channel {channel}"))
            except LeaseHeld:
                continue
            held.add(channel)
        yield held


@dataclass(frozen=True, slots=True)
class _Step:
    """What becomes of one row: the letter that it belongs to (None: it goes alone), and the other rows that name the
    same one. ``part_from`` is the letter that it must leave first; ``channel`` that of the letters concerned."""

    row: Entered
    letter: int | None
    part_from: int | None
    beside: tuple[str, ...] = ()
    channel: str = ""


def _plan(tx: Transaction, rules: Rules) -> list[_Step]:
    """What must change, rows that leave a letter first: another may take their place."""
    rows = entered.naming_rows(tx)
    finder = _Finder(tx, rules.consultation.reference_prefix, [row.named for row in rows])
    found = {row.response_id: finder.find(row.named) for row in rows}
    mine = {letter for letters in found.values() for letter in letters} | {r.letter_id for r in rows if r.letter_id}
    held = {letter: holding(on) for letter, on in decisions.by_response(tx, sorted(mine)).items()}
    views = {view.id: view for view in responses.load(tx, sorted(mine))}
    claims: dict[int, list[Entered]] = defaultdict(list)
    for row in rows:
        found[row.response_id] = _claimed(row, found[row.response_id], held)
        if row.counts and row.status != "excluded" and len(found[row.response_id]) == 1:
            claims[found[row.response_id][0]].append(row)
    steps = []
    for row in rows:
        letters = found[row.response_id]
        claimants = claims[letters[0]] if len(letters) == 1 else []
        letter = letters[0] if [r.response_id for r in claimants] == [row.response_id] else None
        beside = tuple(r.reference for r in claimants if r.response_id != row.response_id and row in claimants)
        left = row.letter_id if row.letter_id != letter else None
        standing = views.get(letter or left or 0)
        is_whole = letter is not None and letter == row.letter_id and row.revision == row.row_revision
        if is_whole and standing is not None and _WITH_ROW.search(standing.response.reader_version):
            continue
        if letter is None and left is None and _is_flagged(row, beside):
            continue
        steps.append(_Step(row, letter, left, beside, standing.response.channel if standing else ""))
    return sorted(steps, key=lambda step: step.part_from is None)


def _is_flagged(row: Entered, beside: Sequence[str]) -> bool:
    """Whether a row that goes alone says so already."""
    is_shown = "paper?" in row.needs and not row.conflicting and set(beside) <= set(row.likely_duplicate_of)
    return is_shown or row.status == "excluded"


def _claimed(row: Entered, letters: Sequence[int], held: Mapping[int, Sequence[DecisionView]]) -> list[int]:
    """The letters that a row belongs to, with what people said: one that they joined it with, none that they parted it
    from."""
    by_person = row.letter_id is not None and is_joined_by_person(held.get(row.letter_id, ()), row.response_id)
    if by_person and row.letter_id is not None:
        return [row.letter_id]
    return [letter for letter in letters if not is_parted(held.get(letter, ()), row.response_id)]


def _take(desk: Desk, run: int, step: _Step) -> bool:
    """Do one step; whether anything was joined or parted."""
    view = responses.load(desk.tx, [step.row.response_id])[0]
    kept = entered.entered_row(desk.tx, view.id)
    changed = False
    if step.part_from is not None and kept is not None and kept.letter_id == step.part_from:
        part_row(desk, responses.load(desk.tx, [step.part_from])[0], view, kept)
        view, kept, changed = responses.load(desk.tx, [view.id])[0], entered.entered_row(desk.tx, view.id), True
    why: str | None = ""
    if step.letter is not None:
        letter = responses.load(desk.tx, [step.letter])[0]
        is_joined = kept is not None and kept.letter_id == letter.id
        taken = entered.row_of_letter(desk.tx, letter.id)
        is_free = not letter.joined_into and taken in (None, view.id)
        why = None if is_joined else why_not(desk, letter, view) if is_free else ""
        if why is None:
            if kept is not None and kept.conflicting:
                _flag(desk, run, view.id, (), conflicting=False, was=True)
                view = responses.load(desk.tx, [view.id])[0]
            join_row(desk, letter, view, kept)
            return True
    if kept is not None and kept.named and view.response.status != "excluded":
        _flag(desk, run, view.id, step.beside, conflicting=why == "conflict", was=kept.conflicting)
    return changed


def _flag(desk: Desk, run: int, number: int, beside: Sequence[str], *, conflicting: bool, was: bool) -> None:
    """A row whose letter is not found, or not for the machine to say: a person looks."""
    view = responses.load(desk.tx, [number])[0]
    before = responses.base_state(desk.tx, view)
    state: Response = flag(before, "paper?", on=True)
    if conflicting or was:
        state = flag(state, "conflict", on=conflicting)
    if beside:
        both = tuple(sorted({*state.likely_duplicate_of, *beside}))
        state = flag(state.model_copy(update={"likely_duplicate_of": both}), "duplicate?", on=True)
    if conflicting != was:
        entered.keep_conflicting(desk.tx, number, conflicting)
    if state != before:
        responses.change_responses(desk.tx, run, desk.at, [rewritten(desk.tx, desk.rules, view, state)])


class _Finder:
    """Finds the letters that rows name."""

    def __init__(self, tx: Transaction, prefix: str, named: Sequence[str]) -> None:
        self._prefix = prefix
        references = {found for words in named if (found := read_reference(words, prefix))}
        self._by_reference = _standing(tx, sorted(references))
        numbers = sorted({int(words) for words in named if _is_number(words)})
        self._by_receipt = entered.letters_by_receipt(tx, numbers) if numbers else {}
        self._by_place: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._by_labels: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for letter in entered.letters_with_paper(tx) if any(named) else []:
            tokens = _tokens(letter.paper_ref)
            self._by_labels[tokens].add(letter.response_id)
            self._by_place[_bare(tokens)].add(letter.response_id)

    def find(self, named: str) -> list[int]:
        """The letters that these words may mean: none, one, or several."""
        reference = read_reference(named, self._prefix) if named else None
        if reference is not None:
            letter = self._by_reference.get(reference)
            return [] if letter is None else [letter.response_id]
        if _is_number(named):
            return [letter.response_id for letter in self._by_receipt.get(int(named), [])]
        tokens = _tokens(named)
        if not tokens:
            return []
        labelled = not _LABELS.isdisjoint(tokens)
        return sorted(self._by_labels.get(tokens, set()) if labelled else self._by_place.get(tokens, set()))


def _standing(tx: Transaction, references: Sequence[str]) -> dict[str, Letter]:
    """The letters of these references; of one that is part of another now, that one."""
    found: dict[str, Letter] = {}
    for letter in entered.letters_by_reference(tx, references) if references else []:
        whole, passed = letter, {letter.reference}
        while whole.joined_into and whole.joined_into not in passed:
            passed.add(whole.joined_into)
            following = entered.letters_by_reference(tx, [whole.joined_into])
            if not following:
                break
            whole = following[0]
        if not whole.joined_into:
            found[letter.reference] = whole
    return found


def _is_number(words: str) -> bool:
    return words.isascii() and words.isdigit() and len(words) < 10


def _tokens(words: str) -> tuple[str, ...]:
    """The words and numbers of a place, however it is written: ``Box 4, letter 05`` and ``box4 letter5`` are one."""
    found = re.findall(r"[^\W\d_]+|\d+", words.casefold())
    return tuple(token.lstrip("0") or "0" if token.isdecimal() else token for token in found)


def _bare(tokens: Sequence[str]) -> tuple[str, ...]:
    """A place without the words for box, batch and letter: as ``4/2/5``."""
    return tuple(token for token in tokens if token not in _LABELS)
