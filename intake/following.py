"""After a channel's tables are read: responses follow the newest export, and carry what only comparing rows can tell.

All of it is worked out anew from what is stored, so a run that was killed half-way is made good by the next.
"""

from collections.abc import Callable, Iterable
from functools import partial

from intake.filled import Rules
from intake.outcomes import ROWS_READER, Desk
from intake.receive import ChannelRun
from intake.responding import make_response
from intake.rewrite import flag, restate, rewritten
from intake.splitting import row_cells
from storage import ledger, receipts, responses, rows
from storage.responses import Change
from storage.schema import Response

_BATCH = 100


def follow_tables(current: ChannelRun, desk: Desk) -> None:
    """Bring the responses of a channel's rows up to date with its newest export."""
    _take_newest_values(current, desk)
    has_ids = bool(desk.channel.mapping.id_columns)
    with current.database.read() as tx:
        gone = rows.gone_rows(tx, current.channel, has_ids=has_ids)
        flagged = rows.flagged(tx, current.channel, "gone?")
    for number in sorted(gone ^ flagged):
        _change(current, desk.rules, number, partial(flag, need="gone?", on=number in gone))
    if has_ids:
        _flag_doubled_ids(current, desk.rules)


def _take_newest_values(current: ChannelRun, desk: Desk) -> None:
    with current.database.read() as tx:
        found = rows.newer_values(tx, current.channel)
    for item in found:
        if item.is_shown:
            _change(current, desk.rules, item.response_id, partial(_counted, versions=item.versions))
    newer = [item for item in found if not item.is_shown]
    for start in range(0, len(newer), _BATCH):
        chunk = newer[start : start + _BATCH]
        with current.database.read() as tx:
            behind = {r.id: r for r in receipts.by_numbers(tx, [n.receipt_id for n in chunk])}
            kept = receipts.contents(tx, [r.sha256 for r in behind.values()])
        for item in chunk:
            receipt = behind[item.receipt_id]
            filled = desk.row_reader.read(receipt, row_cells(kept[receipt.sha256]))
            read = make_response(desk.rules, receipt, 1, filled, ROWS_READER)
            at = current.clock()
            with current.database.write() as tx:
                view = responses.load(tx, [item.response_id])[0]
                before = responses.base_state(tx, view)
                # Its name and what comparing rows told stay; all else is what the newer row says.
                needs = {*read.needs, *(set(before.needs) & {"gone?", "duplicate?"})}
                base = read.model_copy(
                    update={
                        "reference": before.reference,
                        "version": item.versions,
                        "likely_duplicate_of": before.likely_duplicate_of,
                        "needs": tuple(sorted(needs)),
                    }
                )
                change = rewritten(tx, desk.rules, view, base)
                responses.change_response(
                    tx, current.run, at,
                    Change(response_id=view.id, cause=change.cause, response=change.response, base=change.base,
                           evidence=filled.evidence, receipt_id=receipt.id, monitoring=filled.monitoring),
                )  # fmt: skip
                ledger.number_entries(tx)


def _counted(state: Response, versions: int) -> Response:
    """Also versions count that were never shown: several exports may be first seen in one run, or an older one late."""
    return state.model_copy(update={"version": versions})


def _flag_doubled_ids(current: ChannelRun, rules: Rules) -> None:
    """One id twice in one file with other values: both count, both are shown to a person as likely duplicates."""
    with current.database.read() as tx:
        groups = rows.same_id_groups(tx, current.channel)
        references = {
            view.id: view.response.reference for group in groups for view in responses.load(tx, group)
        }  # fmt: skip
    for group in groups:
        for number in group:
            others = [references[other] for other in group if other != number]
            _change(current, rules, number, partial(_doubled, others=others))


def _doubled(state: Response, others: Iterable[str]) -> Response:
    both = tuple(sorted({*state.likely_duplicate_of, *others}))
    return flag(state.model_copy(update={"likely_duplicate_of": both}), "duplicate?", on=True)


def _change(current: ChannelRun, rules: Rules, number: int, revise: Callable[[Response], Response]) -> None:
    with current.database.write() as tx:
        restate(tx, current, rules, {number: revise})
        ledger.number_entries(tx)
