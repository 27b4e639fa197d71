"""The scan folder as scanners use it: what they still write waits, what is done is taken once and whole."""

import threading
import time
from pathlib import Path

from tests.support.consultation import Consultation, pdf
from tests.support.scans import LETTER, bilevel, saved, scanned_pdf, sheet, tiff

SETTLE = "settle_seconds = 0"


def write_slowly(path: Path, content: bytes, seconds: float, pauses: int) -> float:
    """Write a file in so many pieces, evenly, over so many seconds; the longest pause that it really made."""
    longest, step = 0.0, -(-len(content) // (pauses + 1))
    with path.open("wb") as stream:
        last = time.monotonic()
        for at in range(0, len(content), step):
            if at:
                time.sleep(seconds / pauses)
            stream.write(content[at : at + step])
            stream.flush()
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
    return longest


def slow_scan(here: Consultation, seconds: float, settle: float, pauses: int) -> None:
    """A scan comes in over so many seconds while run follows run: it waits, and then it is taken, once and whole."""
    here.configure(SETTLE, f"settle_seconds = {settle}")
    content = scanned_pdf(sheet())
    longest = [0.0]
    target = here.folder / "letters/scan 0001.pdf"
    writer = threading.Thread(target=lambda: longest.append(write_slowly(target, content, seconds, pauses)))
    writer.start()
    waited = 0
    while writer.is_alive():
        account = here.run("letters")["channels"]["letters"]
        if max(longest) < settle:  # else this machine was so busy that the file was left alone for as long
            assert account["received"] == 0
        waited += account["waiting"]
        time.sleep(0.05)
    writer.join()
    assert max(longest) < settle, "this machine is too busy to write a file slowly"
    assert waited > 2
    until = time.monotonic() + 3 * settle + 10
    received = 0
    while time.monotonic() < until and not received:
        received = here.run("letters")["channels"]["letters"]["received"]
    account = here.takes("letters", listed=1, received=0, read=1, quarantined=0, waiting=0, responses=1)
    (receipt,) = here.receipts("letters")
    assert here.original(receipt["sha256"]) == content
    assert "my children go there" in here.response("letters")["text"]


def test_a_file_that_is_written_slowly_is_taken_once_and_whole(place: Consultation) -> None:
    """Pauses shorter than ``settle_seconds`` are no end (`make scans` has the true measure: 20 s, pauses of 4 s)."""
    slow_scan(place, seconds=3.0, settle=1.5, pauses=6)


def test_a_settled_file_that_does_not_open_is_quarantined_at_once(place: Consultation) -> None:
    """It is received in the same run, with a reason and what to do; a good copy later under its name is another
    receipt, and the same good scan under another name a repeat."""
    whole = pdf("\n".join(LETTER))
    place.put("letters/a.pdf", whole[: len(whole) // 2])
    place.takes("letters", listed=1, received=1, quarantined=1, waiting=0, responses=0)
    assert place.item("quarantined")["next"]
    place.put("letters/a.pdf", whole)
    place.takes("letters", received=1, quarantined=1, read=1, responses=1)
    place.put("letters/b.pdf", whole)
    place.takes("letters", received=1, repeats=1, responses=1)


def test_every_way_of_packing_a_tiff_is_read(place: Consultation) -> None:
    """Group 4, JPEG, with transparency, of several pages: the words, and as many pages as there are."""
    page = sheet()
    for name, content in {
        "G4": saved(bilevel(), "TIFF", compression="group4", dpi=(150, 150)),
        "JPEG": saved(page.convert("RGB"), "TIFF", compression="jpeg", dpi=(150, 150)),
        "alpha": saved(page.convert("RGBA"), "TIFF", compression="tiff_lzw", dpi=(150, 150)),
        "two pages": tiff(page, sheet(["The end."])),
    }.items():
        place.put(f"letters/{name}.tiff", content)
    place.takes("letters", listed=4, read=4, responses=4)
    for row in place.responses("letters"):
        assert "my children go there every week" in row["text"], row["source"]
        assert row["pages"] == ("1-2" if row["source"] == "two pages.tiff" else "1")


def test_no_file_name_is_in_the_accounts_or_the_log(place: Consultation) -> None:
    """A scan's name is often that of the person who wrote: neither what is read, waits, or is refused tells it."""
    place.configure(SETTLE, "settle_seconds = 600")
    place.put("letters/Hermione Blyth.pdf", pdf("Keep it."))
    place.put("letters/Hermione Blyth.pdf.part", b"%PDF")
    first = place.command("--verbose", "run", "--json")
    place.configure("settle_seconds = 600", "settle_seconds = 0")
    (place.folder / "letters/Hermione Blyth.pdf.part").rename(place.folder / "letters/Hermione Blyth 2.pdf")
    second = place.command("--verbose", "run", "--json")
    assert (first.json["channels"]["letters"]["waiting"], second.json["channels"]["letters"]["received"]) == (2, 2)
    for said in (first.out, first.err, second.out, second.err):
        assert "Hermione" not in said
        assert "Blyth" not in said
