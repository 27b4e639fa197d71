"""Marking quotes and signatures: CPU milliseconds a message, on the mailbox's messages and on the tests' replies."""

import statistics
import time

from benchmarks.mails import mails
from benchmarks.measure import Figure, Plan, Result
from intake.reading import mime
from intake.reading.marking import mark_message
from intake.reading.parts import Reading
from intake.reading.quoting import Writer
from tests.support.replies import cases

MESSAGES = 2_000
LIMIT_MS = 0.1


def bench(plan: Plan) -> Result:
    """Read the messages, then measure the marking of what was read alone."""
    ordinary = [message for message, _ in mails(plan.items(MESSAGES))]
    replies = [case.message for case in cases()]
    return Result(
        [
            _figure(f"marking, {len(ordinary):,} messages of a mailbox", ordinary, plan.repeats),
            _figure(f"marking, {len(replies)} replies", replies, plan.repeats),
        ],
        {"messages": len(ordinary), "replies": len(replies)},
    )


def _figure(what: str, messages: list[bytes], repeats: int) -> Figure:
    readings = [found for message in messages if isinstance(found := mime.read(message, {}), Reading)]
    writers = [
        Writer(
            found.facts.get("from_email", ""), found.facts.get("from_name", ""), answers="in_reply_to" in found.facts
        )
        for found in readings
    ]
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        for found, writer in zip(readings, writers, strict=True):
            mark_message(found.parts, {}, writer)
        spent.append(1_000 * (time.process_time() - began) / len(readings))
    return Figure(what, "ms", statistics.median(spent), limit=LIMIT_MS)
