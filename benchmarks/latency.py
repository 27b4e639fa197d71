"""10,000 emails from a Dovecot that is 20 ms away (there and back), in seconds of the clock: round trips rule.

Fetch alone against mbsync without fsync, and against one message at a time; fetch to durable receipts against mbsync
with ``FSync yes``. mbsync (Debian's isync) writes a Maildir; it is not told when to stop thinking about flags.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.mails import mails
from benchmarks.mailserver import PASSWORD, Filled, filled, write_config
from benchmarks.measure import BenchBrokenError, Figure, Plan, Result, peer, step
from tests.support.processes import find_program
from tests.support.proxy import Proxy

MESSAGES, ONE_BY_ONE, ROUND_TRIP_S = 10_000, 200, 0.020
_MBSYNC = """\
FSync {fsync}

IMAPStore far
Host {host}
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel mail
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync PullNew
SyncState *
"""


def bench(plan: Plan) -> Result:
    """Measure both sides in turn through the same proxy."""
    count = plan.items(MESSAGES)
    fetched: list[tuple[float, float]] = []
    received: list[tuple[float, float]] = []
    single: list[float] = []
    with filled(mails(count)) as box, Proxy(box.server.host, box.server.port, delay_s=ROUND_TRIP_S / 2) as proxy:
        _ours(box, proxy, "fetch")  # Dovecot writes its indexes, Python compiles
        for _ in range(plan.repeats):
            fetched.append((_ours(box, proxy, "fetch"), _mbsync(box, proxy, fsync="no")))
            received.append((_ours(box, proxy, "receive"), _mbsync(box, proxy, fsync="yes")))
            single.append(_one_by_one(box, proxy, min(count, ONE_BY_ONE)))
        inputs = {**box.inputs, "round_trip_ms": ROUND_TRIP_S * 1000}
    one_by_one = [(ours / count, alone) for (ours, _), alone in zip(fetched, single, strict=True)]
    return Result(
        [
            _speed(f"{count:,} emails over 20 ms: fetch alone / mbsync", fetched, count, 0.8),
            _speed("  fetch alone / one message at a time", one_by_one, 1, 50),
            _speed("  fetch to durable receipts / mbsync with FSync", received, count, 0.6),
        ],
        inputs,
    )


def _speed(what: str, seconds: Sequence[tuple[float, float]], count: int, at_least: float) -> Figure:
    """Messages a second of both sides; the median of the ratios, which has to be ``at_least`` so much."""
    ratios = [theirs / ours for ours, theirs in seconds]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}" if len(ratios) > 1 else "once"
    ours, theirs = (statistics.median(count / side[n] for side in seconds) for n in (0, 1))
    return Figure(what, "msg/s", ours, theirs, statistics.median(ratios), at_least, spread, at_least=True)


def _ours(box: Filled, proxy: Proxy, name: str) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-latency-") as folder:
        config = write_config(Path(folder), box.server, port=proxy.port)
        found = step(name, config, {PASSWORD: box.server.password}).output
    if found["messages"] != box.count:
        raise BenchBrokenError(f"{name}: {found['messages']} messages, not {box.count}")
    return float(found["wall_s"])


def _mbsync(box: Filled, proxy: Proxy, *, fsync: str) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-mbsync-") as name:
        folder, config = Path(name) / "mail", Path(name) / "mbsyncrc"
        folder.mkdir()
        server = box.server
        config.write_text(
            _MBSYNC.format(host=server.host, port=proxy.port, user=server.user, password=server.password,
                           folder=folder, fsync=fsync)
        )  # fmt: skip
        began = time.perf_counter()
        done = subprocess.run(
            [find_program("mbsync"), "--quiet", "--config", config, "mail"], capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - began
        kept = sum(1 for part in ("new", "cur") for _ in (folder / "INBOX").glob(f"{part}/*"))
        if done.returncode or kept != box.count:
            raise BenchBrokenError(f"mbsync took {kept} of {box.count} messages: {done.stderr[-1000:]}")
    return took


def _one_by_one(box: Filled, proxy: Proxy, count: int) -> float:
    """Seconds a message, each fetched by a command of its own."""
    server = box.server
    return peer("one_by_one", server.host, str(proxy.port), server.user, server.password, str(count))["wall"] / count
