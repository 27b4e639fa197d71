"""Frees mail that was set aside in doubt as advertising, once something else from its service is an answer."""

from intake.mailing import to_be_freed
from intake.outcomes import Desk
from intake.reading.readers import Readers
from intake.receive import ChannelRun
from intake.rereading import reread
from storage import receipts

_PAGE = 500


def free_doubted(current: ChannelRun, desk: Desk, pool: Readers) -> int:
    """Give back to be responses what was set aside as advertising before something else from its service was one; how
    many. Each may speak for others in turn, so it is asked until there are none."""
    tried: set[int] = set()
    while True:
        with current.database.read() as tx:
            numbers = [number for number in to_be_freed(tx, current.channel) if number not in tried]
            waiting = receipts.by_numbers(tx, numbers[:_PAGE])
        if not waiting:
            break
        for receipt in waiting:
            tried.add(receipt.id)
            reread(current, desk, pool, receipt, screened=True)
    with current.database.read() as tx:
        return sum(
            receipt.outcome != "set_aside"
            for start in range(0, len(tried), _PAGE)
            for receipt in receipts.by_numbers(tx, sorted(tried)[start : start + _PAGE])
        )
