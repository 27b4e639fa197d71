"""Messages that a server has built anew: nothing is merged by a guess, one decision confirms all, one takes it back."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import intake.rebuilt
from intake.errors import Refused
from intake.rebuilt import _new_pairs
from intake.receive import Listed
from storage.rebuilt import Alike, Pair
from tests.support.consultation import ROOT, Consultation, bundle, message, without
from tests.support.rebuild import rebuilt

pytestmark = pytest.mark.usefixtures("warm_readers")


def letter(number: int, words: str = "") -> bytes:
    body = words or f"This is number {number}. Keep it open."
    return message(body, sender=f"r{number}@example.org", headers=f"Message-ID: <{number}@example.org>")


def put(here: Consultation, numbers: range, variant: int = 0) -> None:
    """Messages in the inbox; of another variant: the files of before are gone, and others hold the rebuilt bytes."""
    for old in (here.folder / "inbox").iterdir():
        old.unlink()
    for number in numbers:
        content = rebuilt(letter(number), variant) if variant else letter(number)
        here.put(f"inbox/{variant}-{number:03}.eml", content)


def kept(here: Consultation) -> dict[str, Any]:
    """Everything that a decision could change, and that taking it back must give back."""
    with here.app() as app:
        standing = app.status()
    return {
        "export": here.export(everything=True),
        "receipts": here.receipts(),
        "accounts": {name: without(c, "last_run") for name, c in standing["channels"].items()},
        "alarms": standing["alarms"],
        "sightings": here.sql("select channel, container, source_key, version, receipt_id from sighting order by id"),
    }


def alarm(here: Consultation) -> dict[str, Any]:
    """The only alarm."""
    with here.app() as app:
        (found,) = app.status()["alarms"]
    return found


def test_a_batch_is_suggested_confirmed_and_taken_back(here: Consultation) -> None:
    """Rebuilt messages are received and count, say so on both sides, and are repeats after one decision, on whichever
    of their receipts; taking it back gives all of it back; the accounts balance and verify holds at each step."""
    put(here, range(4))
    here.takes("email", received=4, responses=4)
    put(here, range(4), 1)
    here.takes("email", received=4, listed=4, read=8, repeats=0, responses=8)
    assert alarm(here)["count"] == 4
    assert "intake decide 5 same" in alarm(here)["next"]
    by_source = {row["source"]: row for row in here.responses()}
    for number in range(4):
        old, new = by_source[f"0-{number:03}.eml"], by_source[f"1-{number:03}.eml"]
        assert (old["likely_duplicate_of"], new["likely_duplicate_of"]) == (new["reference"], old["reference"])
        assert all("duplicate?" in row["needs"] for row in (old, new))
    before = kept(here)
    assert here.failures() == {}

    said = here.decide(7, "same")
    assert said == "4 pairs of rebuilt messages confirmed: receipts 5 to 8 are repeats of older ones."
    assert here.failures() == {}
    here.takes("email", received=0, listed=4, read=4, repeats=4, responses=4, waiting=0)
    assert {row["source"] for row in here.responses()} == {f"0-{number:03}.eml" for number in range(4)}
    assert not any(row["needs"] or row["likely_duplicate_of"] for row in here.responses())
    assert [r["reason"] for r in here.receipts()[4:6]] == [
        f"The same message as receipt {n}, in other bytes: a person confirmed it." for n in (1, 2)
    ]
    assert kept(here)["alarms"] == []
    assert here.failures() == {}

    assert here.decide(2, "undo") == "Undone: same by ann."
    assert kept(here) == before
    assert here.failures() == {}
    here.takes("email", received=0, read=8, repeats=0, responses=8)
    assert kept(here)["export"] == before["export"]


def test_what_was_confirmed_is_in_ledger_and_history(place: Consultation) -> None:
    """The suggestion, the decision and the new outcome stand in the history of the receipt, without the person."""
    put(place, range(2))
    place.run("email")
    put(place, range(2), 1)
    place.run("email")
    place.decide(3, "same", by="ann")
    entries = place.trace(3)["history"]
    told = [entry["type"] for entry in entries if entry["type"] in ("rebuilt", "decision", "outcome")]
    assert told == ["rebuilt", "decision", "outcome"]
    assert '"ann"' not in json.dumps(entries)
    assert place.trace(3)["response"]["text"] is None


def test_only_pairs_of_the_whole_identity_are_suggested(place: Consultation) -> None:
    """The same Message-ID with other words, no Message-ID, and a message that is still listed are never suggested."""
    put(place, range(3))
    place.put("inbox/0-anonymous.eml", message("No name at all."))
    place.run("email")
    for name in ("0-000.eml", "0-002.eml", "0-anonymous.eml"):
        (place.folder / "inbox" / name).unlink()
    place.put("inbox/1-000.eml", rebuilt(letter(0, "I have changed my mind. Close it.")))
    place.put("inbox/1-001.eml", rebuilt(letter(1)))
    place.put("inbox/1-002.eml", rebuilt(letter(2)))
    place.put("inbox/1-anonymous.eml", rebuilt(message("No name at all.")))
    place.takes("email", received=4, read=8, responses=8)
    assert alarm(place)["count"] == 1
    flagged = {row["source"] for row in place.responses() if row["needs"]}
    assert flagged == {"0-002.eml", "1-002.eml"}
    (place.folder / "inbox/0-001.eml").unlink()
    place.takes("email", received=0, read=8, responses=8)
    assert alarm(place)["count"] == 2
    assert place.failures() == {}


def test_rebuilt_again_and_moved_again(place: Consultation) -> None:
    """What was confirmed stays one message through further moves and rebuilds, also where both came before it was."""
    put(place, range(3))
    place.run("email")
    put(place, range(3), 1)
    place.run("email")
    place.decide(4, "same")
    for path in (place.folder / "inbox").iterdir():
        path.rename(path.with_name(f"moved-{path.name}"))
    place.takes("email", received=0, listed=3, read=3, repeats=3, responses=3)
    put(place, range(3), 2)
    place.takes("email", received=3, read=6, repeats=3, responses=6)
    put(place, range(3), 3)
    place.takes("email", received=3, read=9, repeats=3, responses=9)
    assert alarm(place)["count"] == 6
    place.decide(8, "same")
    place.takes("email", received=0, listed=3, read=3, repeats=9, responses=3)
    put(place, range(3))
    place.takes("email", received=0, listed=3, read=3, repeats=9, responses=3)
    assert place.failures() == {}
    place.decide(8, "undo")
    place.takes("email", received=0, listed=3, read=9, repeats=3, responses=9)
    assert place.failures() == {}


def test_a_copy_of_a_confirmed_one_is_a_repeat(place: Consultation) -> None:
    """A byte-identical copy of a rebuilt message, listed beside it, follows to the message that it is."""
    put(place, range(1))
    place.run("email")
    put(place, range(1), 1)
    place.run("email")
    place.decide(2, "same")
    place.put("inbox/copy.eml", rebuilt(letter(0)))
    place.takes("email", received=1, listed=2, read=1, repeats=2, responses=1)
    assert place.receipts()[-1]["reason"] == "Byte-identical to receipt 2, which is the same message as receipt 1."
    assert place.failures() == {}


def test_different_keeps_them_apart_and_ends_the_alarm(place: Consultation) -> None:
    """A person who says that they are two messages is not asked again; that, too, can be taken back."""
    put(place, range(2))
    place.run("email")
    put(place, range(2), 1)
    place.run("email")
    before = kept(place)
    assert place.decide(1, "different") == "2 pairs of rebuilt messages kept apart: each message counts for itself."
    place.takes("email", received=0, read=4, responses=4)
    assert not any(row["needs"] or row["likely_duplicate_of"] for row in place.responses())
    assert kept(place)["alarms"] == []
    assert place.failures() == {}
    place.decide(1, "undo")
    assert kept(place) == before


def test_people_s_work_stays(here: Consultation) -> None:
    """What a person wrote on either response stays on it through confirming and taking back."""
    put(here, range(1))
    here.run("email")
    put(here, range(1), 1)
    here.run("email")
    old, new = (row["reference"] for row in sorted(here.responses(), key=lambda row: row["source"]))
    here.decide(old, "correct", "name=Old Name")
    here.decide(new, "correct", "name=New Name")
    before = kept(here)
    here.decide(2, "same")
    assert [row["name"] for row in here.responses()] == ["Old Name"]
    with pytest.raises(Refused, match="does not count"):
        here.decide(new, "accept")
    here.decide(2, "undo")
    assert kept(here) == before
    here.decide(new, "undo")
    assert {row["name"] for row in here.responses()} == {"Old Name", ""}
    assert here.failures() == {}


def test_bundles_and_machines(place: Consultation) -> None:
    """Of a rebuilt bundle each response is beside its own; a rebuilt automatic reply is a repeat after the decision."""
    many = bundle(message("One."), message("Two.")).replace(
        b"Subject: Fwd", b"Message-ID: <b@example.org>\r\nSubject: Fwd"
    )
    auto = message("Away.", headers="Message-ID: <a@example.org>\nAuto-Submitted: auto-replied")
    place.put("inbox/many.eml", many)
    place.put("inbox/auto.eml", auto)
    place.takes("email", received=2, read=1, set_aside=1, responses=2)
    for name, content in (("many", many), ("auto", auto)):
        (place.folder / f"inbox/{name}.eml").unlink()
        place.put(f"inbox/{name}-2.eml", rebuilt(content))
    place.takes("email", received=2, read=2, set_aside=2, responses=4)
    texts = {row["reference"]: row["text"] for row in place.responses()}
    assert all(texts[row["likely_duplicate_of"]] == row["text"] for row in place.responses())
    before = kept(place)
    place.decide(3, "same")
    place.takes("email", received=0, read=1, set_aside=1, repeats=2, responses=2)
    assert place.failures() == {}
    place.decide(3, "undo")
    assert kept(place) == before


def test_a_run_that_ends_before_all_is_flagged_is_made_good(
    place: Consultation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the suggestion and the flags, the next run, which receives nothing, writes the flags."""
    put(place, range(30))
    place.run("email")
    put(place, range(30), 1)
    flagged = 0

    def killed(*given: Any) -> None:
        nonlocal flagged
        flagged += 1
        if flagged > 1:
            raise KeyboardInterrupt
        flag_pairs(*given)

    flag_pairs = intake.rebuilt._flag_pairs
    with monkeypatch.context() as patched:
        patched.setattr(intake.rebuilt, "_flag_pairs", killed)
        with pytest.raises(KeyboardInterrupt):
            place.run("email")
    assert 0 < sum("duplicate?" in row["needs"] for row in place.responses()) < 60
    place.takes("email", received=0, responses=60)
    assert sum("duplicate?" in row["needs"] for row in place.responses()) == 60
    assert place.failures() == {}


def test_a_home_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    """A home that was made before there were suggestions gets their tables when it is opened, and nothing else."""
    made = Consultation(tmp_path)
    made.home.mkdir()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "storage/migrations"))
    engine = create_engine(f"sqlite:///{made.sqlite}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    assert "rebuilt_pair" not in tables(made)
    put(made, range(1))
    made.takes("email", received=1)
    put(made, range(1), 1)
    made.takes("email", received=1, responses=2)
    assert {"identity", "rebuilt_batch", "rebuilt_pair"} <= tables(made)
    assert alarm(made)["count"] == 1


def tables(made: Consultation) -> set[str]:
    with closing(sqlite3.connect(made.sqlite)) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_there_must_be_a_suggestion(place: Consultation) -> None:
    """Nobody can call a message the same as another one that the program has not found."""
    put(place, range(1))
    place.run("email")
    with pytest.raises(Refused, match="in no open suggestion"):
        place.decide(1, "same")


@pytest.mark.parametrize(
    "statement",
    [
        "update rebuilt_pair set older_id = 2 where receipt_id = 3",
        "delete from rebuilt_pair where receipt_id = 3",
        "update rebuilt_batch set decision_id = null",
        "update receipt set outcome = 'read', reason = '' where id = 3",
    ],
)
def test_a_pair_changed_by_hand_is_named(place: Consultation, statement: str) -> None:
    """Neither a suggestion nor what was decided on it can be changed behind the program's back."""
    put(place, range(2))
    place.run("email")
    put(place, range(2), 1)
    place.run("email")
    place.decide(3, "same")
    assert place.failures() == {}
    place.tamper(statement)
    assert "3" in {name for failures in place.failures().values() for name in failures}


# --- which belong together --------------------------------------------------------------------------------------------


def alike(receipt: int, key: str, *, can_be_same: bool = True) -> Alike:
    return Alike(receipt, "d", frozenset({(key, "")}), can_be_same)


def pairs(listed: str, known: list[Pair], *those: Alike) -> list[tuple[int, int]]:
    return list(_new_pairs(those, known, Listed(dict.fromkeys(listed, ""))))


def test_the_first_of_each_belong_together() -> None:
    """Where n are gone and m are new, the first min(n, m) are pairs; what is left counts for itself."""
    assert pairs("CD", [], alike(1, "A"), alike(2, "B"), alike(3, "C"), alike(4, "D")) == [(3, 1), (4, 2)]
    assert pairs("CD", [], alike(1, "A"), alike(3, "C"), alike(4, "D")) == [(3, 1)]
    assert pairs("C", [], alike(1, "A"), alike(2, "B"), alike(3, "C")) == [(3, 1)]
    assert pairs("AC", [], alike(1, "A"), alike(3, "C")) == []
    assert pairs("A", [], alike(1, "A"), alike(3, "C")) == []
    assert pairs("", [], alike(1, "A"), alike(3, "C")) == []


def test_what_stands_for_another_is_no_older_one() -> None:
    """A receipt that is, or may be, an older one in new bytes is not itself taken for one; it keeps that one listed."""
    for verdict in ("same", None):
        known = [Pair(3, 1, 1, verdict)]  # type: ignore[arg-type]
        assert pairs("D", known, alike(1, "A"), alike(3, "C"), alike(4, "D")) == [(4, 1)]
        assert pairs("CD", known, alike(1, "A"), alike(3, "C"), alike(4, "D")) == []
    apart = [Pair(3, 1, 1, "different")]
    assert pairs("CD", apart, alike(1, "A"), alike(3, "C"), alike(4, "D")) == [(4, 1)]


def test_what_may_be_no_repeat_is_in_no_pair() -> None:
    """What is empty, quarantined or still pending is never suggested."""
    assert pairs("C", [], alike(1, "A", can_be_same=False), alike(3, "C")) == []
    assert pairs("C", [], alike(1, "A"), alike(3, "C", can_be_same=False)) == []
