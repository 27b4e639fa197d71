"""A run that is killed loses nothing and doubles nothing: the next one ends where an undisturbed one does.

This is the short form of ``make kills``; and a run that is stopped before each of its transactions in turn.
"""

import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.opening import Opening
from intake.reading.sandbox import Limits, ReaderPool
from tests.kills import campaign, lines
from tests.support.consultation import Consultation, bundle, message, pdf, table
from tests.support.postgres import Postgres
from tests.support.stops import NEVER, Stopped, Stops

DAY = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"


def test_a_kill_at_a_random_moment_changes_nothing(tmp_path: Path, postgres_server: Postgres) -> None:
    """Killed at a random moment, once or twice, on either database: one run more has what an undisturbed run has."""
    found = campaign(tmp_path, 4, 20110418, postgres_server, small=True)
    assert [str(trial) for trial in found if trial.problems] == []
    assert sum(trial.hit for trial in found) >= 1


def fill(consultation: Consultation) -> None:
    """One of everything that takes more than one transaction."""
    consultation.mail("a.eml", "Keep Watton open.")
    consultation.put("inbox/a2.eml", (consultation.folder / "inbox/a.eml").read_bytes(), DAY)
    consultation.put("inbox/b.eml", bundle(message("One."), message("Two.")), DAY)
    consultation.mbox("c.mbox", message("Three."), message("Four."))
    consultation.mail("d.eml", headers="Auto-Submitted: auto-replied")
    consultation.put("letters/broken.pdf", pdf("Cut off.")[:300], DAY)
    consultation.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:00", "I agree"), at=DAY)
    consultation.calls("log2.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:00", "I agree"), at=DAY)
    doubled = [("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"), ("R2", AT, "Or not.", "No")]
    consultation.survey("a.csv", *doubled, at=DAY)
    consultation.survey("b.csv", ("R1", AT, "Keep it now.", "Yes"), at=DAY + timedelta(days=1))
    consultation.put("survey/c.csv", table(("ID", "When"), []) + '"unclosed', DAY + timedelta(days=2))
    for path in consultation.folder.rglob("*.mbox"):
        consultation.put(str(path.relative_to(consultation.folder)), path.read_bytes(), DAY)


def test_a_stop_before_each_transaction_changes_nothing(
    tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before any of its transactions, and run once more, a run gives the export of an undisturbed one."""
    stops = Stops(monkeypatch)
    with ReaderPool(1, Limits(), time.monotonic) as pool:
        # The real readers, but one pool for all runs: to start them each time would take most of the time.
        monkeypatch.setattr(Opening, "readers", lambda *_: nullcontext(pool))
        undisturbed = Consultation(tmp_path / "undisturbed", home=empty_home)
        fill(undisturbed)
        undisturbed.run()
        transactions = NEVER - stops.left
        stops.left = NEVER
        wanted = lines(undisturbed)
        assert transactions > 20
        for stop in range(transactions):
            here = Consultation(tmp_path / f"stop-{stop}", home=empty_home)
            fill(here)
            stops.left = stop
            with pytest.raises(Stopped):
                here.run()
            stops.left = NEVER
            assert here.run()["balanced"], f"stopped before transaction {stop}"
            assert lines(here) == wanted, f"stopped before transaction {stop}"
            assert here.failures() == {}, f"stopped before transaction {stop}"
