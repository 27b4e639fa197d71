"""No message of a mailbox is lost or doubled, whatever happens to it: the short form of ``make mailbox``."""

import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from intake.opening import Opening
from intake.reading.sandbox import Limits, ReaderPool
from tests.mailbox import run_campaign
from tests.support.dovecot import Dovecot


def test_nothing_that_happens_to_a_mailbox_loses_or_doubles_a_message(
    tmp_path: Path, empty_home: Path, dovecot_server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renumbered, moved, flagged, expunged, cut off, lied about, rebuilt: each message counts once, no flag changes."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot_server.password)
    if not dovecot_server.is_running:
        dovecot_server.restart()
    with ReaderPool(1, Limits(), time.monotonic) as pool:
        # The real readers, but one pool for all runs: to start them each time would take most of the time.
        monkeypatch.setattr(Opening, "readers", lambda *_: nullcontext(pool))
        steps = run_campaign(tmp_path, dovecot_server, empty_home, messages=120, cuts=8)
    assert [str(step) for step in steps if step.problems] == []
    assert len(steps) == 11
