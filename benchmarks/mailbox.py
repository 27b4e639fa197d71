"""10,000 emails from a real Dovecot, fetch to stored response: CPU at most twice fetching them with imapclient and
reading each in full with ``policy.default``. Memory too, also of 1,000 messages with a file of 1 MB each, and of 250
with 1 MB of text each: what is in memory at a time must not depend on how many there are."""

import tempfile
from pathlib import Path

from benchmarks.mails import large_mails, mails
from benchmarks.mailserver import PASSWORD, Filled, filled, write_config
from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, intake, median_of, pairs, peer

MESSAGES, LARGE_FILES, LARGE_TEXTS, LARGE_BYTES = 10_000, 1_000, 250, 1_000_000
CPU_LIMIT, MEMORY_LIMIT_MB = 2.0, 500.0


def bench(plan: Plan) -> Result:
    """Measure the program and its peer in turn on the same mailbox; then large messages, memory only."""
    ours: list[Cost] = []
    peers: list[dict[str, float]] = []
    with filled(mails(plan.items(MESSAGES))) as box:
        _peer(box)  # Dovecot writes its indexes
        for _ in range(plan.repeats):
            ours.append(_run(box))
            peers.append(_peer(box))
        inputs = box.inputs
    cpu = [cost.cpu_s for cost in ours]
    sums = [steps["fetch"] + steps["read"] for steps in peers]
    quiet = [steps["fetch without log"] + steps["read"] for steps in peers]
    figures = [
        pairs(cpu, sums, f"{plan.items(MESSAGES):,} emails / imapclient + policy.default", CPU_LIMIT),
        pairs(cpu, quiet, "  against imapclient without its debug log", None),
        *(Figure(f"  peer's share: {name}", "CPU s", None, median_of(peers, name)) for name in peers[0]),
        *_memory(f"{plan.items(MESSAGES):,} emails", ours),
    ]
    for usual, what, as_text in ((LARGE_FILES, "a 1 MB file each", False), (LARGE_TEXTS, "1 MB of text each", True)):
        count = plan.items(usual)
        with filled(large_mails(count, LARGE_BYTES, as_text=as_text)) as box:
            figures += _memory(f"{count:,} emails with {what}", [_run(box)])
    return Result(figures, inputs)


def _memory(what: str, costs: list[Cost]) -> list[Figure]:
    """The peaks of several runs: the highest of each kind."""
    return [
        Figure(f"{what}: largest process", "MB", max(c.largest_mb for c in costs), limit=MEMORY_LIMIT_MB),
        Figure("  its parent process", "MB", max(c.parent_mb for c in costs), limit=MEMORY_LIMIT_MB),
        Figure("  all its processes together", "MB", max(c.together_mb for c in costs)),
    ]


def _peer(box: Filled) -> dict[str, float]:
    server = box.server
    return peer("mailbox", server.host, str(server.port), server.user, server.password, str(box.count))


def _run(box: Filled) -> Cost:
    """One run into an empty home."""
    with tempfile.TemporaryDirectory(prefix="bench-mailbox-") as name:
        folder = Path(name)
        config = write_config(folder, box.server)
        cost = intake(config, "run", "--channel", "email", environment={PASSWORD: box.server.password})
    account = cost.output["channels"]["email"]
    if account["listed"] != box.count or account["pending"] or account["quarantined"] or not cost.output["balanced"]:
        raise BenchBrokenError(f"not all messages were read: {account}")
    return cost
