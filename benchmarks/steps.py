"""A part of a run alone, as a process of its own: ``python -m benchmarks.steps NAME CONFIG``.

``fetch``: list the mailbox and take every message, and throw it away. ``receive``: the same, and every message durable
with its receipt. ``read``: ``receive``, and every message read into parts, which are thrown away. ``floor``: nothing.

Prints ``wall_s`` and ``messages`` as a JSON object. Only the work is timed: imports, and making the home, come before.
"""

import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from channels import ADAPTERS
from channels.base import Adapter, Arrival, Outside
from intake.app import App, clock
from intake.receive import ChannelRun, list_source, receive, unknown
from intake.settling import read_job
from storage import receipts, runs

CHANNEL = "email"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a step works with."""

    app: App
    adapter: Adapter


def fetch(opened: Opened) -> int:
    """How many messages the server handed over."""
    listings = list(opened.adapter.list())
    return sum(isinstance(value, Arrival) for value in opened.adapter.fetch(listings))


def receive_all(opened: Opened) -> int:
    """How many messages have receipts."""
    app = opened.app
    with app.database.write() as tx:
        number = runs.start_run(tx, clock(), "bench")
    current = ChannelRun(CHANNEL, number, app.database, app.originals, clock)
    listed = list_source(opened.adapter)
    return max(receive(current, opened.adapter, listed, unknown(app.database, CHANNEL, listed)), default=0)


def read(opened: Opened) -> int:
    """How many messages were received and read."""
    receive_all(opened)
    app = opened.app
    current = ChannelRun(CHANNEL, 1, app.database, app.originals, clock)
    count = after = 0
    with app.opening.readers() as pool:
        while True:
            with app.database.read() as tx:
                page = receipts.pending(tx, CHANNEL, after, 500, rows=False)
            if not page:
                return count
            after = page[-1].id
            count += sum(1 for _ in pool.read(read_job(current, receipt) for receipt in page))


def floor(_: Opened) -> int:
    """What starting costs, which is taken off where a whole process was measured."""
    return 0


STEPS = {"fetch": fetch, "receive": receive_all, "read": read, "floor": floor}


def main() -> None:
    name, config = sys.argv[1], Path(sys.argv[2])
    with ExitStack() as stack:
        app = stack.enter_context(App(config))
        settings = app.settings.channels[CHANNEL]
        adapter = ADAPTERS[settings.adapter].build(settings.source, Outside(clock, os.environ))
        stack.callback(adapter.close)
        opened = Opened(app, adapter)
        _warm()
        began = time.perf_counter()
        count = STEPS[name](opened)
        print(json.dumps({"wall_s": time.perf_counter() - began, "messages": count}))


def _warm() -> None:
    import imapclient  # noqa: F401 - imported when it is first needed, which is not the work


if __name__ == "__main__":
    main()
