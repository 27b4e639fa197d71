"""10,000 emails read in the sandbox: at most a tenth more than the same readers in as many processes without bubblewrap
and without the filter of system calls. CPU of all processes, and seconds on the clock; both start their processes."""

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.mails import mails
from benchmarks.measure import BenchBrokenError, Cost, Plan, Result, cost_of, pairs

MESSAGES = 10_000
LIMIT = 1.10


def bench(plan: Plan) -> Result:
    """Measure both in turn on the same files, the one that goes first changing every time."""
    sides: dict[str, list[Cost]] = {"sandboxed": [], "plain": []}
    count = plan.items(MESSAGES)
    with tempfile.TemporaryDirectory(prefix="bench-sandbox-") as name:
        sha256 = _write(Path(name), count)
        _read("plain", name, count)  # the files come into the page cache, and the bytecode is made
        for turn in range(plan.repeats):
            for how in ("sandboxed", "plain") if turn % 2 else ("plain", "sandboxed"):
                sides[how].append(_read(how, name, count))
    ours, peers = sides["sandboxed"], sides["plain"]
    what = f"{count:,} emails in the sandbox / without"
    cpu = pairs([cost.cpu_s for cost in ours], [cost.cpu_s for cost in peers], what, LIMIT)
    wall = pairs([c.output["wall_s"] for c in ours], [c.output["wall_s"] for c in peers], "  on the clock", LIMIT)
    return Result([cpu, replace(wall, unit="s")], {"messages": count, "sha256": sha256})


def _write(folder: Path, count: int) -> str:
    digest = hashlib.sha256()
    for number, (message, _) in enumerate(mails(count)):
        (folder / f"{number:06}").write_bytes(message)
        digest.update(message)
    return digest.hexdigest()


def _read(how: str, folder: str, count: int) -> Cost:
    cost = cost_of([sys.executable, "-P", "-m", "benchmarks.pool", how, folder], {"PYTHONPATH": "."})
    if cost.output["read"] != count:
        raise BenchBrokenError(f"not all messages were read: {cost.output}")
    return cost
