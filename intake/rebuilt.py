"""Messages that come back in other bytes because a server has built them anew: found, suggested, never merged.

A message that was received, whose keys are all gone from the listing, and one that is listed under new keys are a pair
if they have one identity: Message-ID, Date, From, words and attachments. All pairs of a channel are one suggestion,
which a person confirms or not. Until then both count, and each response says ``duplicate?`` and names the other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, product

import structlog

from intake.filled import Rules
from intake.receive import ChannelRun, Listed
from intake.rewrite import restate
from storage import ledger, rebuilt, responses
from storage.database import Transaction
from storage.rebuilt import Alike, Pair
from storage.schema import Response

log = structlog.get_logger()
_BATCH = 25


def suggest_rebuilt(current: ChannelRun, rules: Rules, listed: Listed) -> None:
    """Compare what is listed with what is gone, and suggest the pairs that are new. ``listed`` is the whole source."""
    with current.database.read() as tx:
        known = rebuilt.pairs_of_channel(tx, current.channel)
        found = list(_new_pairs(rebuilt.alike(tx, current.channel), known, listed))
    if found:
        with current.database.write() as tx:
            rebuilt.add_pairs(tx, current.run, current.clock(), current.channel, found)
            ledger.number_entries(tx)
        log.info("messages in other bytes", channel=current.channel, pairs=len(found))
    follow_rebuilt(current, rules)


def _new_pairs(alike: Sequence[Alike], known: Sequence[Pair], listed: Listed) -> Iterator[tuple[int, int]]:
    """Pairs (receipt, older one). Where n of one identity are gone and m are new, the first of each belong together."""
    paired = {pair.receipt for pair in known}
    older = {pair.receipt: pair.older for pair in known if pair.verdict != "different"}
    for _, group in groupby(alike, key=lambda one: one.digest):
        same = list(group)
        shown = [one for one in same if any(listed.shows(key, version) for key, version in one.keys)]
        # A receipt that is, or may be, an older one in new bytes stands for that one: while it is listed, so is that.
        here = {_root(one.receipt, older) for one in shown}
        gone = [one for one in same if one.receipt not in older and one.receipt not in here and one.can_be_same]
        for one in shown:
            if one.receipt not in paired and one.can_be_same and gone and gone[0].receipt < one.receipt:
                yield one.receipt, gone.pop(0).receipt


def _root(receipt: int, older: dict[int, int]) -> int:
    while receipt in older:
        receipt = older[receipt]
    return receipt


def follow_rebuilt(current: ChannelRun, rules: Rules) -> None:
    """Let responses say what follows from the suggestions, as they stand now. Worked out anew from what is stored, so
    that a run, or a decision, that was killed half-way is made good by the next one."""
    with current.database.read() as tx:
        batches = rebuilt.unflagged(tx, current.channel)
    for batch in batches:
        with current.database.read() as tx:
            pairs = rebuilt.pairs_of_batch(tx, batch)
        for start in range(0, len(pairs), _BATCH):
            with current.database.write() as tx:
                _flag_pairs(tx, current, rules, pairs[start : start + _BATCH])
                ledger.number_entries(tx)
        with current.database.write() as tx:
            if rebuilt.pairs_of_batch(tx, batch) == pairs:  # else somebody decided meanwhile: the next run looks again
                rebuilt.set_flagged(tx, batch)


def _flag_pairs(tx: Transaction, current: ChannelRun, rules: Rules, pairs: Sequence[Pair]) -> None:
    both = responses.responses_of(tx, [number for pair in pairs for number in (pair.receipt, pair.older)])
    views = {view.id: view for view in responses.load(tx, [n for numbers in both.values() for n in numbers])}
    beside: dict[int, dict[str, bool]] = defaultdict(dict)
    for pair in pairs:
        newer, older = both.get(pair.receipt, []), both.get(pair.older, [])
        # A bundle has several, in the same order in both; else each is beside each.
        matched = zip(newer, older, strict=True) if len(newer) == len(older) else product(newer, older)
        for one, other in matched:
            beside[one][views[other].response.reference] = beside[other][views[one].response.reference] = (
                pair.verdict is None
            )
    restate(tx, current, rules, {number: partial(_beside, others=others) for number, others in beside.items()})


def _beside(state: Response, others: Mapping[str, bool]) -> Response:
    """A response that names others as likely duplicates, or no longer does."""
    off = {reference for reference, on in others.items() if not on}
    named = set(state.likely_duplicate_of) - off | (others.keys() - off)
    if named == set(state.likely_duplicate_of):
        return state
    needs = {*state.needs, "duplicate?"} if named else set(state.needs) - {"duplicate?"}
    return state.model_copy(update={"likely_duplicate_of": tuple(sorted(named)), "needs": tuple(sorted(needs))})
