"""What one item is: every row of the table in DESIGN.md, section 2, by a test of its own name, on both databases.

Every run in here must balance and add up: ``Consultation.takes`` says so if one does not.
"""

import hashlib
import os
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.consultation import Consultation, bundle, message, pdf, table
from tests.support.dovecot import Mailbox

pytestmark = pytest.mark.usefixtures("warm_readers")

EARLY = datetime(2011, 3, 1, 12, tzinfo=UTC)
LATER = EARLY + timedelta(days=1)
AT = "2011-03-01T09:00:00Z"


def rename(here: Consultation, old: str, new: str) -> None:
    (here.folder / old).rename(here.folder / new)


def copy(here: Consultation, old: str, new: str) -> None:
    here.put(new, (here.folder / old).read_bytes())


# --- whole items ------------------------------------------------------------------------------------------------------


def test_a_message(here: Consultation) -> None:
    """A message is one item, with one receipt, one outcome and one response if it is read."""
    sent = here.mail("a.eml")
    here.takes("email", listed=1, received=1, read=1, responses=1)
    assert here.original(here.response()["original_sha256"]) == sent
    (receipt,) = here.receipts()
    assert receipt["outcome"] == "read"
    assert here.sightings(receipt["id"]) == [("", "a.eml", 0)]


def test_a_message_that_is_set_aside(here: Consultation) -> None:
    """A machine's message is one receipt with the outcome set aside, and no response."""
    here.mail("a.eml", headers="Auto-Submitted: auto-replied")
    here.takes("email", listed=1, received=1, set_aside=1, read=0, responses=0)
    assert here.item("set_aside")["reason"] == "auto-reply"


@pytest.mark.parametrize("keyword", ["no", "auto-generated"])
def test_a_message_that_may_be_a_person_s(here: Consultation, keyword: str) -> None:
    """``Auto-Submitted: no`` never sets a message aside, nor does ``auto-generated`` by itself."""
    here.mail("a.eml", headers=f"Auto-Submitted: {keyword}")
    here.takes("email", listed=1, received=1, read=1, set_aside=0, responses=1)


def test_forwarded_bundle_of_k(here: Consultation) -> None:
    """A message in which one of ours forwards k others is one receipt with k responses, none of them the officer's."""
    senders = ["Ann <ann@example.org>", "Bob <bob@example.org>", "Cat <cat@example.org>"]
    here.put("inbox/fwd.eml", bundle(*(message(f"I am number {n}.", sender=s) for n, s in enumerate(senders))))
    here.takes("email", listed=1, received=1, read=1, responses=3)
    rows = here.responses()
    assert sorted(row["email"] for row in rows) == ["ann@example.org", "bob@example.org", "cat@example.org"]
    assert {row["relayed_by"] for row in rows} == {"An Officer <officer@council.example>"}
    assert {row["received_at"] for row in rows} == {"2011-03-02T09:00:00Z"}
    assert len({row["original_sha256"] for row in rows}) == 1


def test_a_message_that_a_stranger_forwards_is_one_response(here: Consultation) -> None:
    """Only a configured forwarder's message is a bundle: a resident who forwards another counts once."""
    stranger = "A Resident <resident@example.org>"
    here.put("inbox/fwd.eml", bundle(message("One."), message("Two."), sender=stranger))
    here.takes("email", listed=1, received=1, read=1, responses=1)
    assert here.response()["email"] == "resident@example.org"


def test_a_byte_identical_message(here: Consultation) -> None:
    """The same bytes in two files that are both listed are two receipts: one is read, the other a repeat."""
    here.mail("a.eml")
    here.mail("b.eml")
    here.takes("email", listed=2, received=2, read=1, repeats=1, responses=1)


def test_the_same_message_id_with_other_words(here: Consultation) -> None:
    """Two messages of one Message-ID with different words are two responses: nothing is dropped by a guess."""
    here.mail("a.eml", "Keep it open.", headers="Message-ID: <1@example.org>")
    here.mail("b.eml", "Close it.", headers="Message-ID: <1@example.org>")
    here.takes("email", listed=2, received=2, read=2, repeats=0, responses=2)


def test_an_empty_message_is_never_a_repeat(here: Consultation) -> None:
    """Two byte-identical messages with nothing in them are both set aside as empty: nothing empty is a repeat."""
    for name in ("a.eml", "b.eml"):
        here.mail(name, "", subject="")
    here.takes("email", listed=2, received=2, set_aside=2, repeats=0, responses=0)
    assert {item["reason"] for item in here.items("set_aside")} == {"empty"}


def test_a_file_in_a_scan_folder(here: Consultation) -> None:
    """A file in a scan folder is one item, with one receipt and one response, however many pages it has."""
    made = here.put("letters/scan001.pdf", pdf("Dear council,\nkeep Watton open.", "Yours, A. Resident"))
    here.takes("letters", listed=1, received=1, read=1, responses=1)
    row = here.response()
    assert (row["pages"], row["source"]) == ("1-2", "scan001.pdf")
    assert here.original(row["original_sha256"]) == made


@pytest.mark.parametrize("folder", ["inbox", "letters", "calls", "survey"])
def test_file_of_zero_bytes(here: Consultation, folder: str) -> None:
    """A file of 0 bytes is one receipt, quarantined with a reason and a next step; a second one is no repeat."""
    channel = {"inbox": "email", "letters": "letters", "calls": "phone", "survey": "survey"}[folder]
    suffix = {"inbox": "eml", "letters": "pdf"}.get(folder, "csv")
    for count in (1, 2):
        here.put(f"{folder}/empty{count}.{suffix}", b"")
        here.takes(channel, listed=count, received=1, quarantined=count, repeats=0, responses=0)
    assert all(item["reason"] and item["next"] for item in here.items("quarantined"))


def test_known_path_with_other_bytes(here: Consultation) -> None:
    """Another letter under a known name is a new receipt and a new response; the earlier one stays as it was."""
    here.put("letters/scan001.pdf", pdf("Keep Watton open."), EARLY)
    here.takes("letters", listed=1, received=1, read=1, responses=1)
    first = here.response()
    here.put("letters/scan001.pdf", pdf("Close Watton, says somebody else."), LATER)
    here.takes("letters", listed=1, received=1, read=2, responses=2)
    rows = here.responses()
    assert first in rows
    assert len({row["reference"] for row in rows}) == 2
    assert {row["source"] for row in rows} == {"scan001.pdf"}


def test_known_path_with_the_bytes_of_before_again(here: Consultation) -> None:
    """A name that shows its first bytes again, after others, shows a known item: no receipt, no repeat."""
    first, second = pdf("Keep Watton open."), pdf("Close Watton.")
    for day, content in enumerate((first, second)):
        here.put("letters/scan001.pdf", content, EARLY + timedelta(days=day))
        here.takes("letters", listed=1, received=1, read=day + 1)
    here.put("letters/scan001.pdf", first, EARLY + timedelta(days=2))
    here.takes("letters", listed=1, received=0, read=2, repeats=0, responses=2)


# --- mbox and Maildir -------------------------------------------------------------------------------------------------


def test_mbox_of_n(here: Consultation) -> None:
    """An mbox of n messages is n items, each with its own receipt, exact bytes and outcome."""
    words = ["Keep it open.", "Close it.", "I don't mind."]
    here.mbox("archive.mbox", *(message(w) for w in words), message("", headers="Auto-Submitted: auto-replied"))
    here.takes("email", listed=4, received=4, read=3, set_aside=1, responses=3)
    rows = here.responses()
    assert sorted(row["text"] for row in rows) == sorted(words)
    for row in rows:
        assert here.original(row["original_sha256"]).replace(b"\n", b"\r\n").strip() == message(row["text"]).strip()


def test_mbox_of_n_that_grows(here: Consultation) -> None:
    """An mbox to which a message was added brings one receipt more; the others are seen again, not received again."""
    here.mbox("archive.mbox", message("One."), message("Two."))
    here.takes("email", listed=2, received=2, responses=2)
    here.mbox("archive.mbox", message("One."), message("Two."), message("Three."))
    here.takes("email", listed=3, received=1, read=3, responses=3)
    assert not any("gone?" in row["needs"] for row in here.responses())


def test_mbox_with_a_message_twice(here: Consultation) -> None:
    """One message twice in an mbox is two items: one read, the other a repeat."""
    here.mbox("archive.mbox", message("One."), message("Two."), message("One."))
    here.takes("email", listed=3, received=3, read=2, repeats=1, responses=2)


def test_maildir_of_n(here: Consultation) -> None:
    """A Maildir of n messages is n items; reading them, or moving them from new to cur, makes no new item."""
    for part in ("new", "cur", "tmp"):
        (here.folder / f"inbox/{part}").mkdir()
    here.put("inbox/new/1300000001.a.host", message("One."))
    here.put("inbox/new/1300000002.b.host", message("Two."))
    here.put("inbox/cur/1300000003.c.host:2,S", message("Three."))
    here.put("inbox/tmp/1300000004.d.host", message("Still being delivered."))
    here.takes("email", listed=3, received=3, read=3, responses=3)
    before = here.responses()
    rename(here, "inbox/new/1300000001.a.host", "inbox/cur/1300000001.a.host:2,RS")
    rename(here, "inbox/cur/1300000003.c.host:2,S", "inbox/cur/1300000003.c.host:2,FS")
    here.takes("email", listed=3, received=0, read=3, responses=3)
    assert here.responses() == before


# --- rows -------------------------------------------------------------------------------------------------------------


def test_csv_of_n_rows_with_a_blank_row(here: Consultation) -> None:
    """A table of n rows is n items; a blank row is a receipt too, set aside as empty, without a response."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("", "", "", ""), ("R2", AT, "Close it.", "No"))
    here.takes("survey", listed=3, received=3, read=2, set_aside=1, responses=2)
    assert here.item("set_aside")["reason"] == "empty"
    assert [receipt["place"] for receipt in here.receipts()] == [2, 3, 4]


def test_two_rows_that_say_the_same(here: Consultation) -> None:
    """Two rows without id that hold the same are two people: both are read, and neither is a repeat."""
    row = ("01/03/2011", "14:00", "I agree")
    here.calls("log.csv", row, row)
    here.takes("phone", listed=2, received=2, read=2, repeats=0, responses=2)


def test_a_file_that_cannot_be_split_whole_and_its_good_version(here: Consultation) -> None:
    """A table that can't be split is one quarantined receipt and no row; set aside as replaced once it is in good."""
    here.put("survey/a.csv", table(("ID", "When", "x"), [("R1", AT, "y")]) + '"unclosed,1,2\r\n', EARLY)
    here.takes("survey", listed=1, received=1, read=0, quarantined=1, responses=0)
    refused = here.item("quarantined")
    assert "line 3" in refused["reason"]
    assert refused["next"]
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"), at=LATER)
    here.takes("survey", listed=2, received=2, read=2, set_aside=1, quarantined=0, responses=2)
    replaced = here.item("set_aside")
    assert (replaced["receipt"], replaced["reason"]) == (refused["receipt"], "replaced")


def test_a_file_that_cannot_be_split_makes_no_row_gone(here: Consultation) -> None:
    """A broken newer export says nothing about the rows of the older one: none of them is gone."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), at=EARLY)
    here.takes("survey", listed=1, received=1, responses=1)
    here.put("survey/b.csv", 'ID,When\r\n"R2', LATER)
    here.takes("survey", listed=2, received=1, quarantined=1, read=1, responses=1)
    assert "gone?" not in here.response()["needs"]


def test_known_row_id_same_values_in_a_later_export(here: Consultation) -> None:
    """A known row with the same values in a later export is no receipt: one item, and one sighting more."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), at=EARLY)
    here.takes("survey", listed=1, received=1, read=1, responses=1)
    before = here.response()
    here.survey("b.csv", ("R1", AT, "Keep it.", "Yes"), at=LATER)
    here.takes("survey", listed=1, received=0, read=1, responses=1)
    (receipt,) = here.receipts()
    assert here.sightings(receipt["id"]) == [("a.csv", "R1", 2), ("b.csv", "R1", 2)]
    assert here.response() == before


def test_known_row_id_other_values(here: Consultation) -> None:
    """A known row with other values is one receipt more and a new version of the same response, which shows them."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), at=EARLY)
    here.takes("survey", listed=1, received=1, read=1, responses=1)
    before = here.response()
    here.survey("b.csv", ("R1", AT, "Close it.", "No"), at=LATER)
    here.takes("survey", listed=1, received=1, read=2, responses=1)
    after = here.response()
    assert (after["reference"], after["version"]) == (before["reference"], "2")
    assert (after["text"], after["answer.agree"]) == ("Close it.", "No")
    assert len(here.trace(after["reference"])["receipts"]) == 2


def test_known_row_id_other_values_and_then_the_first_ones_again(here: Consultation) -> None:
    """The newest export wins also where it shows values that were seen before."""
    for name, words, received in (("a", "Keep it.", 1), ("b", "Close it.", 1), ("c", "Keep it.", 0)):
        day = {"a": EARLY, "b": LATER, "c": LATER + timedelta(days=1)}[name]
        here.survey(f"{name}.csv", ("R1", AT, words, "Yes"), at=day)
        here.takes("survey", listed=1, received=received, responses=1)
        assert here.response()["text"] == words


def test_newest_within_one_run_by_file_time_then_name(here: Consultation) -> None:
    """Of two exports that are first seen in one run the one with the later file time wins, whatever its name."""
    here.survey("b.csv", ("R1", AT, "The older words.", "Yes"), ("R2", AT, "The same.", "Yes"), at=EARLY)
    here.survey("a.csv", ("R1", AT, "The newer words.", "Yes"), ("R2", AT, "The same.", "Yes"), at=LATER)
    here.takes("survey", listed=2, received=3, read=3, responses=2)
    assert sorted(row["text"] for row in here.responses()) == ["The newer words.", "The same."]


def test_newest_within_one_run_and_one_time_by_name(here: Consultation) -> None:
    """Of two exports of one file time, first seen in one run, the one that comes later by name wins."""
    here.survey("b.csv", ("R1", AT, "b's words.", "Yes"), at=EARLY)
    here.survey("a.csv", ("R1", AT, "a's words.", "Yes"), at=EARLY)
    here.takes("survey", listed=1, received=2, read=2, responses=1)
    assert here.response()["text"] == "b's words."


def test_one_id_twice_in_one_file_with_other_values(here: Consultation) -> None:
    """One id twice in a file with other values is two items, ``id`` and ``id#2``: both count, both ``duplicate?``."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R1", AT, "Close it.", "No"))
    here.takes("survey", listed=2, received=2, read=2, responses=2)
    rows = {row["source"]: row for row in here.responses()}
    assert {source: row["text"] for source, row in rows.items()} == {"R1": "Keep it.", "R1#2": "Close it."}
    assert all("duplicate?" in row["needs"] for row in rows.values())
    assert rows["R1"]["likely_duplicate_of"] == rows["R1#2"]["reference"]
    assert rows["R1#2"]["likely_duplicate_of"] == rows["R1"]["reference"]


def test_one_id_twice_same_values(here: Consultation) -> None:
    """One id twice in a file with the same values is one item with one receipt and one response, and a sighting."""
    row = ("R1", AT, "Keep it.", "Yes")
    here.survey("a.csv", row, ("R2", AT, "Close it.", "No"), row)
    here.takes("survey", listed=2, received=2, read=2, responses=2)
    first = here.receipts()[0]
    assert ("a.csv", "R1", 4) in here.sightings(first["id"])


def test_a_row_gone_from_the_newest_export(here: Consultation) -> None:
    """A row that a newer export no longer has is kept and counts, with ``gone?``; listed while an older one has it."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"), at=EARLY)
    here.takes("survey", listed=2, received=2, responses=2)
    here.survey("b.csv", ("R1", AT, "Keep it.", "Yes"), at=LATER)
    here.takes("survey", listed=2, received=0, read=2, responses=2)
    assert {row["source"]: row["needs"] for row in here.responses()} == {"R1": "", "R2": "gone?"}
    (here.folder / "survey/a.csv").unlink()
    here.takes("survey", listed=1, received=0, read=2, responses=2)
    assert {row["source"]: row["needs"] for row in here.responses()} == {"R1": "", "R2": "gone?"}


def test_a_row_that_was_gone_comes_back(here: Consultation) -> None:
    """A row that a still newer export has again is no longer flagged as gone."""
    both = ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No")
    for day, rows in enumerate((both, both[:1], both)):
        here.survey("a.csv", *rows, at=EARLY + timedelta(days=day))
        here.takes("survey", listed=len(rows), responses=2)
        gone = {row["source"] for row in here.responses() if "gone?" in row["needs"]}
        assert gone == ({"R2"} if rows == both[:1] else set())


def test_a_row_without_id_that_was_changed(here: Consultation) -> None:
    """Without id a changed row is a new receipt and a new response, and the old one is ``gone?``."""
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "No view"), at=EARLY)
    here.takes("phone", listed=2, received=2, responses=2)
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "I disagree"), at=LATER)
    here.takes("phone", listed=2, received=1, read=3, responses=3)
    gone = {row["text"] for row in here.responses() if "gone?" in row["needs"]}
    assert gone == {"No view"}


def test_byte_identical_copy_of_a_delivery_without_ids(here: Consultation) -> None:
    """A byte-identical copy of a log whose rows have no ids is one item, one receipt and a repeat, with no response."""
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "I disagree"))
    here.takes("phone", listed=2, received=2, responses=2)
    copy(here, "calls/log.csv", "calls/log (2).csv")
    here.takes("phone", listed=3, received=1, read=2, repeats=1, responses=2)
    assert here.item("repeat")["reason"]


def test_byte_identical_copies_that_come_together(here: Consultation) -> None:
    """Of a log and its copies without ids that come in one run, one is taken row by row, and each other is a repeat."""
    rows = ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "I disagree")
    for name in ("a.csv", "b.csv", "c.csv"):
        here.calls(name, *rows)
    here.takes("phone", listed=4, received=4, read=2, repeats=2, responses=2)
    assert here.failures() == {}


def test_a_delivery_renamed_and_copied_at_once(here: Consultation) -> None:
    """One log without ids is gone and two of its bytes are new: the first is where it went, only the other a repeat."""
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "I disagree"))
    here.takes("phone", listed=2, received=2, responses=2)
    copy(here, "calls/log.csv", "calls/b.csv")
    rename(here, "calls/log.csv", "calls/a.csv")
    here.takes("phone", listed=3, received=1, read=2, repeats=1, responses=2)


def test_a_delivery_moved_away_and_copied_back(here: Consultation) -> None:
    """An export that is shown under its old and its new path, both of them known, is listed row by row once."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"))
    here.takes("survey", listed=2, received=2)
    rename(here, "survey/a.csv", "survey/b.csv")
    here.takes("survey", listed=2, received=0)
    shutil.copy2(here.folder / "survey/b.csv", here.folder / "survey/a.csv")
    here.takes("survey", listed=2, received=0, responses=2)


def test_ids_of_several_columns_are_never_confused(here: Consultation) -> None:
    """Two people whose ids look alike once they are put together stay two items, in one export and over several."""
    here.configure('id_column = "ID"', 'id_columns = ["ID", "When"]')
    here.configure('submitted_column = "When"\n', "")
    first = [("a|b", "c"), ("a", "b|c"), ("a\\", "|b|c"), ("a\\|b", "c"), ("a#2", "c")]
    here.survey("a.csv", *((*ids, f"Words {n}", "Yes") for n, ids in enumerate(first)))
    here.takes("survey", listed=5, received=5, responses=5)
    second = [("a", "c#2"), ("a|", "b|c"), ("a#", "2|c")]
    here.survey("b.csv", *((*ids, f"Other words {n}", "Yes") for n, ids in enumerate(second)))
    here.takes("survey", listed=8, received=3, responses=8)
    assert all(row["version"] == "1" and "duplicate?" not in row["needs"] for row in here.responses())


def test_byte_identical_copy_of_a_delivery_with_ids(here: Consultation) -> None:
    """A byte-identical copy of an export whose rows have ids shows known rows: no receipt, and no repeat."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"))
    here.takes("survey", listed=2, received=2, responses=2)
    copy(here, "survey/a.csv", "survey/b.csv")
    here.takes("survey", listed=2, received=0, read=2, repeats=0, responses=2)


def test_delivery_not_split_without_sandbox(here: Consultation) -> None:
    """Where nothing may be opened, an export is one listed item that waits, without receipt; then its rows come in."""
    with here.nothing_opened():
        here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"))
        for _ in range(2):
            here.takes("survey", listed=1, waiting=1, received=0, read=0, pending=0, quarantined=0, responses=0)
        assert here.receipts() == []
    here.takes("survey", listed=2, waiting=0, received=2, read=2, responses=2)


def test_whole_items_without_sandbox(here: Consultation) -> None:
    """Where nothing may be opened, a message is received and pending, with the reason; later it is read."""
    with here.nothing_opened():
        here.mail("a.eml")
        here.mail("b.eml")
        for received in (2, 0):
            here.takes("email", listed=2, received=received, pending=2, read=0, responses=0)
        assert all(item["reason"] and item["next"] for item in here.items("pending"))
        assert here.items("pending")[0]["reason"] == "no sandbox"
    here.takes("email", listed=2, received=0, pending=0, read=1, repeats=1, responses=1)


def test_a_file_that_is_still_being_written(here: Consultation) -> None:
    """A file that was written to just now is listed and waits; gone before it was received, it has vanished."""
    here.configure("settle_seconds = 0", "settle_seconds = 3600")
    here.put("letters/a.pdf", pdf("Keep Watton open."))
    here.put("letters/b.pdf", pdf("Close it."))
    here.takes("letters", listed=2, waiting=2, vanished=0, received=0, responses=0)
    (here.folder / "letters/b.pdf").unlink()
    here.takes("letters", listed=1, waiting=1, vanished=1, received=0, responses=0)
    here.configure("settle_seconds = 3600", "settle_seconds = 0")
    here.takes("letters", listed=1, waiting=0, vanished=0, received=1, read=1, responses=1)


def test_a_byte_identical_message_on_another_channel(here: Consultation) -> None:
    """The same bytes on two channels are one response: each channel has its receipt, and the later one is a repeat."""
    here.path.write_text(here.path.read_text() + '\n[channels.other]\nadapter = "email"\nfolder = "other"\n')
    sent = here.mail("a.eml")
    here.put("other/a.eml", sent)
    here.takes("email", listed=1, received=1, read=1, responses=1)
    here.takes("other", listed=1, received=1, read=0, repeats=1, responses=0)


# --- sightings: "Where n keys of the same bytes are gone and m are new" ----------------------------------------------


def test_a_renamed_file_is_a_sighting(here: Consultation) -> None:
    """A file that is listed under another name alone is the same item: a sighting, no receipt."""
    here.mail("a.eml")
    here.takes("email", listed=1, received=1, responses=1)
    before = here.response()
    rename(here, "inbox/a.eml", "inbox/b.eml")
    here.takes("email", listed=1, received=0, read=1, repeats=0, responses=1)
    (receipt,) = here.receipts()
    assert here.sightings(receipt["id"]) == [("", "a.eml", 0), ("", "b.eml", 0)]
    assert here.response() == before


def test_a_file_moved_into_a_subfolder_and_back_is_a_sighting(here: Consultation) -> None:
    """Moving a file away and back is never a receipt."""
    here.put("letters/scan001.pdf", pdf("Keep Watton open."))
    here.takes("letters", listed=1, received=1, responses=1)
    (here.folder / "letters/done").mkdir()
    for old, new in pairwise(["scan001.pdf", "done/scan001.pdf", "scan001.pdf"]):
        rename(here, f"letters/{old}", f"letters/{new}")
        here.takes("letters", listed=1, received=0, read=1, repeats=0, responses=1)


def test_a_copied_file_is_a_repeat(here: Consultation) -> None:
    """A copy beside a file that is still there is a receipt of its own: a repeat."""
    here.mail("a.eml")
    here.takes("email", listed=1, received=1, responses=1)
    copy(here, "inbox/a.eml", "inbox/b.eml")
    here.takes("email", listed=2, received=1, read=1, repeats=1, responses=1)


def test_a_file_renamed_and_copied_at_once(here: Consultation) -> None:
    """One key gone and two new ones of its bytes: the first is a sighting, only the other a new receipt, a repeat."""
    here.mail("a.eml")
    here.takes("email", listed=1, received=1, responses=1)
    copy(here, "inbox/a.eml", "inbox/c.eml")
    rename(here, "inbox/a.eml", "inbox/b.eml")
    here.takes("email", listed=2, received=1, read=1, repeats=1, responses=1)


def test_two_gone_and_one_new(here: Consultation) -> None:
    """Two keys of the same bytes gone and one new one: a sighting of one of them, no receipt; the other stays."""
    here.mail("a.eml")
    here.mail("b.eml")
    here.takes("email", listed=2, received=2, read=1, repeats=1, responses=1)
    rename(here, "inbox/a.eml", "inbox/c.eml")
    (here.folder / "inbox/b.eml").unlink()
    here.takes("email", listed=1, received=0, read=1, repeats=1, responses=1)
    assert sum(len(here.sightings(receipt["id"])) for receipt in here.receipts()) == 3


def test_two_gone_and_two_new_are_sightings_of_different_receipts(here: Consultation) -> None:
    """Two keys of the same bytes gone and two new ones: each is a sighting of another receipt, and none is new."""
    here.mail("a.eml")
    here.mail("b.eml")
    here.takes("email", listed=2, received=2, read=1, repeats=1, responses=1)
    rename(here, "inbox/a.eml", "inbox/c.eml")
    rename(here, "inbox/b.eml", "inbox/d.eml")
    here.takes("email", listed=2, received=0, read=1, repeats=1, responses=1)
    assert [len(here.sightings(receipt["id"])) for receipt in here.receipts()] == [2, 2]


def test_two_gone_and_three_new(here: Consultation) -> None:
    """Two keys of the same bytes gone and three new ones: two sightings, and one new receipt."""
    here.mail("a.eml")
    here.mail("b.eml")
    here.takes("email", listed=2, received=2, read=1, repeats=1, responses=1)
    copy(here, "inbox/a.eml", "inbox/e.eml")
    rename(here, "inbox/a.eml", "inbox/c.eml")
    rename(here, "inbox/b.eml", "inbox/d.eml")
    here.takes("email", listed=3, received=1, read=1, repeats=2, responses=1)
    assert [len(here.sightings(receipt["id"])) for receipt in here.receipts()] == [2, 2, 1]


def test_more_renamed_than_a_batch_holds(here: Consultation) -> None:
    """However many files of the same bytes are renamed at once, no batch boundary makes a receipt of one."""
    for number in range(230):
        here.mail(f"a{number:03}.eml")
    here.takes("email", listed=230, received=230, read=1, repeats=229, responses=1)
    for number in range(230):
        rename(here, f"inbox/a{number:03}.eml", f"inbox/b{number:03}.eml")
    here.takes("email", listed=230, received=0, read=1, repeats=229, responses=1)


def test_a_moved_delivery_is_a_sighting(here: Consultation) -> None:
    """A log whose rows have no ids, under another name, shows the same rows: no receipt, and no row is gone."""
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("01/03/2011", "14:05", "I disagree"))
    here.takes("phone", listed=2, received=2, responses=2)
    before = here.responses()
    rename(here, "calls/log.csv", "calls/log-2011.csv")
    here.takes("phone", listed=2, received=0, read=2, repeats=0, responses=2)
    assert here.responses() == before


def test_a_moved_delivery_that_was_refused_is_a_sighting(here: Consultation) -> None:
    """A file that can't be split, under another name, is the same one receipt."""
    here.put("survey/a.csv", 'ID,When\r\n"R2')
    here.takes("survey", listed=1, received=1, quarantined=1)
    rename(here, "survey/a.csv", "survey/b.csv")
    here.takes("survey", listed=1, received=0, quarantined=1)


def test_a_file_touched_without_a_change_is_a_sighting(here: Consultation) -> None:
    """Another file time with the same bytes is looked at again and known again: no receipt."""
    here.mail("a.eml", at=EARLY)
    here.takes("email", listed=1, received=1, responses=1)
    path = here.folder / "inbox/a.eml"
    os.utime(path, (LATER.timestamp(), LATER.timestamp()))
    here.takes("email", listed=1, received=0, read=1, repeats=0, responses=1)


def test_two_files_swap_their_names(here: Consultation) -> None:
    """Two letters that swap their names are the same two items: no receipt, no repeat."""
    here.put("letters/a.pdf", pdf("Keep it open."), EARLY)
    here.put("letters/b.pdf", pdf("Close it, please."), EARLY)
    here.takes("letters", listed=2, received=2, responses=2)
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        rename(here, f"letters/{old}.pdf", f"letters/{new}.pdf")
    here.takes("letters", listed=2, received=0, read=2, repeats=0, responses=2)


def test_a_file_that_is_taken_away_stays(here: Consultation) -> None:
    """What is no longer listed keeps its receipt, its bytes and its response."""
    sent = here.mail("a.eml")
    here.takes("email", listed=1, received=1, responses=1)
    (here.folder / "inbox/a.eml").unlink()
    here.takes("email", listed=0, received=0, read=1, responses=1)
    assert here.original(here.response()["original_sha256"]) == sent


def test_a_file_that_comes_back_after_it_was_gone_is_a_sighting(here: Consultation) -> None:
    """The same bytes under a new name, some runs after the old one went, are the same item."""
    here.mail("a.eml")
    here.takes("email", listed=1, received=1, responses=1)
    (here.folder / "inbox/a.eml").unlink()
    here.takes("email", listed=0, received=0)
    here.mail("b.eml")
    here.takes("email", listed=1, received=0, read=1, repeats=0, responses=1)


CHANGES = st.lists(
    st.tuples(st.sampled_from(["write", "rename", "remove", "run"]), st.integers(0, 4), st.integers(0, 4)), max_size=14
)


@settings(max_examples=20, deadline=None)
@given(changes=CHANGES)
def test_whatever_happens_to_files(empty_home: Path, changes: list[tuple[str, int, int]]) -> None:
    """However files are written, renamed and removed between runs: of n keys of some bytes that are gone and m that are
    new, the first min(n, m) are sightings, and only the others receipts."""
    with TemporaryDirectory() as folder:
        here = Consultation(Path(folder), home=empty_home)
        with here.nothing_opened():
            model = Files(here)
            for number, (change, one, other) in enumerate([*changes, ("run", 0, 0)]):
                model.apply(change, f"{one}.eml", f"{other}.eml", EARLY + timedelta(hours=number))


class Files:
    """Some files of three different contents, and what a run over them must receive, as the rule says it."""

    def __init__(self, here: Consultation) -> None:
        self._here = here
        self._inbox = here.folder / "inbox"
        self._seen: dict[bytes, list[set[tuple[str, int]]]] = {}

    def apply(self, change: str, one: str, other: str, at: datetime) -> None:
        """Do one thing, at a time of its own."""
        path = self._inbox / one
        match change:
            case "write":
                self._here.put(f"inbox/{one}", message(f"Words {int(other[0]) % 3}."), at)
            case "rename" if path.exists():
                path.rename(self._inbox / other)
            case "remove":
                path.unlink(missing_ok=True)
            case "run":
                self._run()

    def _run(self) -> None:
        listed: dict[bytes, set[tuple[str, int]]] = {}
        for path in self._inbox.iterdir():
            listed.setdefault(path.read_bytes(), set()).add((path.name, path.stat().st_mtime_ns))
        wanted = 0
        for content, shown in listed.items():
            receipts = self._seen.setdefault(content, [])
            new = shown - set().union(*receipts)
            gone = [receipt for receipt in receipts if not receipt & shown]
            wanted += max(0, len(new) - len(gone))
        before = {receipt["id"] for receipt in self._here.receipts()}
        self._here.takes("email", listed=sum(map(len, listed.values())), received=wanted)
        for receipt in self._here.receipts():
            if receipt["id"] not in before:
                self._seen[self._here.original(receipt["sha256"])].append(set())
        self._learn()

    def _learn(self) -> None:
        """Which receipt has been shown under which names, as the program remembers it."""
        rows = self._here.sql("select r.id, r.sha256, s.source_key, s.version from sighting s"
                              " join receipt r on r.id = s.receipt_id order by r.id")  # fmt: skip
        shown: dict[tuple[str, int], set[tuple[str, int]]] = {}
        for number, sha256, key, version in rows:
            shown.setdefault((sha256, number), set()).add((key, int(version.partition("+")[2])))
        for content in self._seen:
            digest = hashlib.sha256(content).hexdigest()
            kept = [names for (sha256, _), names in shown.items() if sha256 == digest]
            assert len(kept) == len(self._seen[content])
            assert sum(map(len, kept)) == len(set().union(*kept)), "no name of some bytes belongs to two receipts"
            self._seen[content] = kept


# --- the same in a mailbox --------------------------------------------------------------------------------------------


def test_messages_of_a_mailbox(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message of an IMAP account is one item with its exact bytes and INTERNALDATE; its flags stay as they are."""
    sent = [message("One."), message("Two."), message("One.")]
    for number, content in enumerate(sent):
        dovecot.deliver(content, flags="S" if number == 1 else "", internaldate=EARLY + timedelta(hours=number))
    flags = dovecot.flags()
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.takes("email", listed=3, received=3, read=2, repeats=1, responses=2)
    place.takes("email", listed=3, received=0, read=2, repeats=1, responses=2)
    rows = {row["text"]: row for row in place.responses()}
    assert place.original(rows["Two."]["original_sha256"]) == sent[1]
    assert (rows["Two."]["received_basis"], rows["Two."]["received_at"]) == ("internaldate", "2011-03-01T13:00:00Z")
    assert dovecot.flags() == flags


def test_a_message_moved_to_another_mailbox_is_a_sighting(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that somebody moved to another mailbox is the same item: no receipt."""
    dovecot.deliver(message("One."), internaldate=EARLY)
    dovecot.deliver(message("Two."), internaldate=EARLY)
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.takes("email", listed=2, received=2, read=2, responses=2)
    before = place.responses()
    dovecot.doveadm("mailbox", "create", "-u", dovecot.user, "Done")
    dovecot.doveadm("move", "-u", dovecot.user, "Done", "mailbox", "INBOX", "uid", "1")
    place.takes("email", listed=2, received=0, read=2, repeats=0, responses=2)
    assert place.responses() == before


def test_a_mailbox_that_is_numbered_anew_brings_sightings(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed UIDVALIDITY gives every message another key: all are fetched again, and none is received again."""
    for words in ("One.", "Two.", "One."):
        dovecot.deliver(message(words), internaldate=EARLY)
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.takes("email", listed=3, received=3, read=2, repeats=1, responses=2)
    dovecot.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", "7", "INBOX")
    place.takes("email", listed=3, received=0, read=2, repeats=1, responses=2)
    assert [len(place.sightings(receipt["id"])) for receipt in place.receipts()] == [2, 2, 2]
