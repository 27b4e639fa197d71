"""What became of receipts is written: their responses, parts, keys and outcomes, in one transaction."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from intake.filled import Rules
from intake.mailing import decide_doubted, flag_earlier, with_follow_ups
from intake.outcomes import Ended
from intake.receive import ChannelRun
from storage import further, ledger, mailkeys, rebuilt, receipts, responses, rows
from storage.database import Transaction
from storage.receipts import Settled
from storage.reference import make_reference
from storage.responses import NewResponse

log = structlog.get_logger()


def write_ended(current: ChannelRun, rules: Rules, ended: Ended) -> None:
    """Write what became of some receipts, in one transaction."""
    with current.database.write() as tx:
        write_ended_in(tx, current, rules, ended)
    for settled in ended.settled:
        if settled.outcome == "quarantined":
            log.info("quarantined", receipt=settled.receipt, reason=settled.reason, next=settled.next_step)


def write_ended_in(tx: Transaction, current: ChannelRun, rules: Rules, ended: Ended) -> None:
    """The same, in a transaction that is open: what arrives whole and at once is received and settled in one."""
    at, run = current.clock(), current.run
    new = _with_free_references(tx, _without_versions(tx, current, ended))
    mailkeys.add_keys(tx, ended.mail_keys)
    links = mailkeys.links(tx, ended.mail_keys)
    new = with_follow_ups(links, new, ended.parts, ended.doubted)
    sure = [item for item in new if item.receipt_id not in ended.doubted]
    responses.add_responses(tx, run, at, sure)
    responses.add_parts(tx, ended.parts)
    responses.add_readings(tx, ended.readings)
    rebuilt.keep_identities(tx, list(ended.identities.items()))
    further.mark_read(tx, ended.taken_in)
    receipts.settle(tx, run, at, ended.settled)
    if ended.doubted:
        counting, aside = decide_doubted(tx, ended.doubted, new)
        responses.add_responses(tx, run, at, counting)
        receipts.settle(tx, run, at, aside)
    flag_earlier(tx, rules, run, at, links, sure)
    ledger.number_entries(tx)


def _without_versions(tx: Transaction, current: ChannelRun, ended: Ended) -> list[NewResponse]:
    """Link rows whose id has a response already to that one; ``follow_tables`` then decides whose values it shows."""
    known = rows.response_of_key(tx, current.channel, list(ended.row_ids)) if ended.row_ids else {}
    further = {ended.row_ids[key]: response for key, response in known.items()}
    responses.link_receipts(tx, [(response, receipt) for receipt, response in further.items()])
    receipts.settle(tx, current.run, current.clock(), [Settled(receipt, "read") for receipt in further])
    return [new for new in ended.responses if new.receipt_id not in further]


def _with_free_references(tx: Transaction, new: Sequence[NewResponse]) -> list[NewResponse]:
    """The same responses; one whose reference another has already (45 bits may meet) gets the next one."""
    taken = responses.taken_references(tx, [n.response.reference for n in new])
    free = []
    for item in new:
        response = item.response
        while response.reference in taken:
            prefix = response.reference.partition("-")[0]
            following = make_reference(prefix, response.consultation, response.channel, response.reference)
            response = response.model_copy(update={"reference": following})
            taken |= responses.taken_references(tx, [following])
        taken.add(response.reference)
        free.append(replace(item, response=response))
    return free
