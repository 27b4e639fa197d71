"""From a mailbox on loopback to durable receipts and read parts, before normalising and storing: CPU at most 0.7 times
fetching with imapclient and reading in full with ``policy.default``. Then what one large message does to the memory of
the parent, and how long a small hostile one takes."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.mails import large_mails, mails
from benchmarks.mailserver import PASSWORD, Filled, filled, write_config
from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, intake, pairs, peer, step
from intake.reading.mime import read

MESSAGES, LARGE_BYTES, HOSTILE_BYTES = 10_000, 100_000_000, 30_000
CPU_LIMIT, PARENT_LIMIT_MB, HOSTILE_LIMIT_S = 0.7, 300.0, 1.0


def bench(plan: Plan) -> Result:
    """Measure both sides in turn on the same mailbox; then the large message and the hostile ones."""
    count = plan.items(MESSAGES)
    ours: list[float] = []
    peers: list[float] = []
    with filled(mails(count)) as box:
        _step(box, "fetch")  # Dovecot writes its indexes
        for _ in range(plan.repeats):
            ours.append(_step(box, "read").cpu_s - _step(box, "floor").cpu_s)
            server = box.server
            steps = peer("mailbox", server.host, str(server.port), server.user, server.password, str(count))
            peers.append(steps["fetch"] + steps["read"])
        inputs = box.inputs
    figures = [pairs(ours, peers, f"{count:,} emails to receipts and parts / imapclient + policy.default", CPU_LIMIT)]
    for as_text in (False, True):
        with filled(large_mails(1, LARGE_BYTES, as_text=as_text)) as box:
            what = f"an email of {LARGE_BYTES // 1_000_000} MB{' of text' if as_text else ''}: its parent process"
            figures.append(Figure(what, "MB", _run(box).parent_mb, limit=PARENT_LIMIT_MB))
    worst = {name: statistics.median(_seconds(make()) for _ in range(plan.repeats)) for name, make in HOSTILE.items()}
    name = max(worst, key=worst.__getitem__)
    figures.append(
        Figure(f"the slowest of {len(worst)} hostile bodies ({name})", "s", worst[name], limit=HOSTILE_LIMIT_S)
    )
    return Result(figures, inputs)


def _step(box: Filled, name: str) -> Cost:
    with tempfile.TemporaryDirectory(prefix="bench-inbox-") as folder:
        cost = step(name, write_config(Path(folder), box.server), {PASSWORD: box.server.password})
    if name != "floor" and cost.output["messages"] != box.count:
        raise BenchBrokenError(f"{name}: {cost.output['messages']} messages, not {box.count}")
    return cost


def _run(box: Filled) -> Cost:
    with tempfile.TemporaryDirectory(prefix="bench-inbox-") as folder:
        config = write_config(Path(folder), box.server)
        cost = intake(config, "run", "--channel", "email", environment={PASSWORD: box.server.password})
    if cost.output["channels"]["email"]["received"] != box.count:
        raise BenchBrokenError(f"not received: {cost.output}")
    return cost


# --- what a sender could write to keep a reader busy ------------------------------------------------------------------


def _seconds(message: bytes) -> float:
    began = time.perf_counter()
    read(message, {"media_type": "message/rfc822"})
    return time.perf_counter() - began


def _filling(piece: bytes) -> bytes:
    return piece * (HOSTILE_BYTES // len(piece))


def _message(body: bytes, media_type: bytes = b"text/plain", head: bytes = b"") -> bytes:
    return b"From: a@example.org\r\nSubject: x\r\n" + head + b"Content-Type: " + media_type + b"\r\n\r\n" + body


HOSTILE: dict[str, Callable[[], bytes]] = {
    "quote marks": lambda: _message(_filling(b"> ")),
    "quoted lines": lambda: _message(_filling(b">>>>>>>> a\r\n")),
    "attributions": lambda: _message(_filling(b"On Monday wrote:\r\n")),
    "one line of attributions": lambda: _message(_filling(b"On Monday wrote: ")),
    "blocks of headers": lambda: _message(_filling(b"From: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n\r\n")),
    "rules": lambda: _message(_filling(b"-----Original Message-----\r\n")),
    "dashes": lambda: _message(_filling(b"-")),
    "signature marks": lambda: _message(_filling(b"-- \r\n")),
    "blank lines": lambda: _message(_filling(b"\r\n")),
    "spaces": lambda: _message(_filling(b" ")),
    "digits": lambda: _message(_filling(b"0")),
    "postcodes": lambda: _message(_filling(b"NR1 1AA ")),
    "words of a postcode": lambda: _message(_filling(b"NR1 ")),
    "nested blockquotes": lambda: _message(_filling(b"<blockquote>"), b"text/html"),
    "nested tables": lambda: _message(_filling(b"<table><tr><td>"), b"text/html"),
    "open angle brackets": lambda: _message(_filling(b"<"), b"text/html"),
    "attributes": lambda: _message(b"<p " + _filling(b"a=b "), b"text/html"),
    "entities": lambda: _message(_filling(b"&amp"), b"text/html"),
    "encoded words": lambda: _message(b"", head=b"X-A: " + _filling(b"=?utf-8?q?a?= ") + b"\r\n"),
    "half encoded words": lambda: _message(b"", head=b"To: " + _filling(b"=?utf-8?q?") + b"\r\n"),
    "recipients": lambda: _message(b"", head=b"To: " + _filling(b"a@b.c, ") + b"\r\n"),
    "open comments": lambda: _message(b"", head=b"To: " + _filling(b"(") + b"\r\n"),
    "open quotes": lambda: _message(b"", head=b"To: " + _filling(b'"') + b"\r\n"),
    "parameters": lambda: _message(b"", b"text/plain; " + _filling(b"a*0*=b;")),
    "sections of a parameter": lambda: _message(
        b"", b"text/plain; " + b";".join(b"name*%d*=''a" % n for n in range(HOSTILE_BYTES // 12))
    ),
    "delimiters": lambda: _message(_filling(b"--b\r\n"), b"multipart/mixed; boundary=b"),
    "message ids": lambda: _message(b"", head=b"References: " + _filling(b"<a@b> ") + b"\r\n"),
}


if __name__ == "__main__":
    for title, make in HOSTILE.items():
        print(f"{_seconds(make()):8.3f} s  {title}")
