"""What a scan folder should never hold: each is read, or waits in quarantine with a sentence and what to do."""

from pathlib import Path

import pytest

from tests.support.badscans import QUICK, BadScan
from tests.support.consultation import Consultation, start
from tests.support.family import orphans
from tests.support.pages import pages_out
from tests.support.scans import saved, scanned_pdf, sheet, tiff


def check(here: Consultation, scan: BadScan) -> None:
    """That a scan ended as it must."""
    found = {r["source_key"]: r for r in here.receipts("letters")}[scan.name]
    if scan.reason is not None:
        assert found["outcome"] == "quarantined", (scan.name, found)
        assert scan.reason in found["reason"], scan.name
        assert found["next_step"], scan.name
        return
    if not scan.text and not scan.need:
        assert found["outcome"] in ("read", "set_aside"), (scan.name, found)
    else:
        assert found["outcome"] == "read", (scan.name, found)
        (row,) = [row for row in here.responses("letters") if row["source"] == scan.name]
        assert scan.need in row["needs"], (scan.name, row["needs"])
        said = " ".join(row["text"].split())
        assert scan.text in said or {"transcription", "rescan"} & set(row["needs"].split(";")), (scan.name, said)
    assert pages_out(here, "letters")[scan.name] == scan.pages, scan.name


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """One run, as a command, over all of it; nothing of it runs afterwards."""
    here = Consultation(tmp_path_factory.mktemp("scans"), home=empty_home)
    here.configure("processes = 1", "processes = 2")
    for scan in QUICK:
        here.put(f"letters/{scan.name}", scan.make())
    with orphans() as left:
        run = start(here.command_line("run", "--channel", "letters", "--json"), here.folder)
        assert run.wait(timeout=300) == 0
    assert left == []
    return here


def test_all_is_accounted_for(taken: Consultation) -> None:
    """As many receipts as files; run again, nothing changes; and what is kept can be proven."""
    taken.takes("letters", listed=len(QUICK), received=0, waiting=0, pending=0)
    assert len(taken.receipts("letters")) == len(QUICK)
    assert taken.failures() == {}


@pytest.mark.parametrize("scan", QUICK, ids=lambda scan: scan.name)
def test_it_is_read_or_says_why_not(taken: Consultation, scan: BadScan) -> None:
    """Read, with as many pages as it has and its words or a person asked for them; or quarantined, with reason and next
    step."""
    check(taken, scan)


def test_a_scan_cut_off_anywhere_is_never_taken_for_a_whole_one(place: Consultation) -> None:
    """Whatever is missing at its end: quarantined, or a person is asked to scan it again."""
    whole = {
        "pdf": scanned_pdf(sheet(), sheet(["The end."])),
        "tif": tiff(sheet(), sheet(["The end."]), compression="tiff_lzw"),
        "jpg": saved(sheet(), "JPEG", dpi=(150, 150)),
        "png": saved(sheet(), "PNG", dpi=(150, 150)),
    }
    for kind, content in whole.items():
        for tenth in range(1, 10):
            place.put(f"letters/{tenth}.{kind}", content[: len(content) * tenth // 10])
    place.configure("processes = 1", "processes = 2")
    place.takes("letters", listed=36, received=36, pending=0, waiting=0)
    for item in place.items("quarantined"):
        assert item["reason"]
        assert item["next"]
    for row in place.responses("letters"):
        assert {"rescan", "transcription"} & set(row["needs"].split(";")), (row["source"], row["needs"])
    assert place.items("set_aside") == []
