"""What has ended and grew since is read again: the transcript of a call that comes late, the recording of one that had
none. Only what the machine read changes; what people decided stays on top of it."""

from intake.outcomes import Desk
from intake.reading.readers import Readers
from intake.receive import ChannelRun
from intake.rereading import reread
from storage import decisions, further, receipts
from storage.database import Transaction
from storage.receipts import ReceiptView

_PAGE = 500


def read_grown(current: ChannelRun, desk: Desk, pool: Readers) -> int:
    """Read again what got further originals after it ended; how many. What a person set aside stays so, and is read
    once they take that back."""
    after = count = 0
    while True:
        with current.database.read() as tx:
            numbers = further.unread(tx, current.channel, after, _PAGE)
            grown = [view for view in receipts.by_numbers(tx, numbers) if not _is_put_aside(tx, view)]
        if not numbers:
            return count
        after = numbers[-1]
        for receipt in grown:
            reread(current, desk, pool, receipt, screened=True)
        count += len(grown)


def _is_put_aside(tx: Transaction, receipt: ReceiptView) -> bool:
    return receipt.outcome == "set_aside" and receipt.id in decisions.passed_on(tx, receipt.id)
