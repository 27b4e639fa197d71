"""Real and damaged documents, tables and strings."""

import json
from pathlib import Path

from tests.support.consultation import Consultation, message, start
from tests.support.family import orphans
from tests.support.pages import pages_in, pages_out

PAGED = (".pdf", ".tif", ".png", ".jpg")


def files(*folders: Path) -> list[Path]:
    """All files of these folders but the notes on where they came from."""
    return [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "SOURCE.txt"]


def test_every_scan_and_damaged_pdf_has_an_outcome(corpus: Path, place: Consultation) -> None:
    """Each is read, or set aside or quarantined with a reason and a next step; what is read has as many pages as other
    libraries count in it; the run ends, and no process survives it."""
    found = {f"{n:03d}-{path.name}": path for n, path in enumerate(files(corpus / "scans", corpus / "bad/qpdf"))}
    for name, path in found.items():
        place.put(f"letters/{name}", path.read_bytes())
    place.configure("processes = 1", "processes = 2")
    with orphans() as left:
        run = start(place.command_line("run", "--channel", "letters", "--json"), place.folder)
        assert run.wait(timeout=1500) == 0
    assert left == []
    place.takes("letters", listed=len(found), received=0, waiting=0, pending=0)
    receipts = place.receipts("letters")
    assert sorted(r["source_key"] for r in receipts) == sorted(found)
    assert [r["source_key"] for r in receipts if r["outcome"] != "read" and not r["reason"]] == []
    assert all(item["reason"] and item["next"] for item in place.items("quarantined"))
    assert place.failures() == {}
    out = pages_out(place, "letters")
    read = [r["source_key"] for r in receipts if r["outcome"] in ("read", "set_aside")]
    counted = {name: pages_in(found[name].read_bytes()) for name in read if found[name].suffix in PAGED}
    assert sum(count is not None for count in counted.values()) > 0.9 * len(counted)
    wrong = {name: (count, out[name]) for name, count in counted.items() if count not in (None, out[name])}
    assert wrong == {}


def test_known_words_are_read_whichever_way_the_page_lies(corpus: Path, place: Consultation) -> None:
    """A page of Tesseract's own tests, in four rotations: the words that are known of it."""
    truth = (corpus / "scans/tesseract-test/phototest.gold.txt").read_text(encoding="utf-8").split()
    names = ["phototest.tif", "phototest-rotated-180.png", "phototest-rotated-L.png", "phototest-rotated-R.png"]
    for name in names:
        place.put(f"letters/{name}", (corpus / "scans/tesseract-test" / name).read_bytes())
    place.takes("letters", read=len(names))
    for row in place.responses("letters"):
        said = row["text"].split()
        assert len(set(truth) - set(said)) <= len(truth) // 50, row["source"]


def test_tables_hold_what_their_truth_says(corpus: Path, place: Consultation) -> None:
    """The rows of csv-spectrum come out as its JSON has them (but for the two whose truth differs). Of files with the
    same bytes one is taken, and the others are its repeats."""
    same: dict[bytes, str] = {}
    for path in sorted((corpus / "bad/csv-spectrum/csvs").glob("*.csv")):
        place.put(f"survey/{path.name}", path.read_bytes())
        same.setdefault(path.read_bytes(), path.name)
    place.configure('id_column = "ID"', "")
    place.configure('submitted_column = "When"\n', "")
    place.run("survey")
    for receipt in place.receipts("survey"):
        if receipt["outcome"] == "quarantined":
            place.decide(receipt["id"], "accept")  # each of these tables has other columns than the one before
    account = place.takes("survey", quarantined=0, pending=0)
    assert account["read"] + account["repeats"] > len(same)
    kept: dict[str, list[dict[str, str]]] = {}
    for receipt in place.receipts("survey"):
        if receipt["kind"] == "row":
            cells = json.loads(place.original(receipt["sha256"]))
            kept.setdefault(receipt["source_key"].partition("@")[0], []).append(cells)
    for path in sorted((corpus / "bad/csv-spectrum/json").glob("*.json")):
        if path.stem not in ("location_coordinates", "newlines_crlf"):
            truth = json.loads(path.read_text(encoding="utf-8"))
            content = (corpus / f"bad/csv-spectrum/csvs/{path.stem}.csv").read_bytes()
            assert kept[same[content]] == truth, path.stem


def test_hostile_strings_survive_the_whole_way(corpus: Path, place: Consultation) -> None:
    """Every naughty string, through an email and through a row, into the export and back, as it was said."""
    strings = json.loads((corpus / "bad/blns/blns.json").read_text(encoding="utf-8"))
    for path in files(corpus / "bad/xss", corpus / "bad/csv-injection"):
        if path.suffix == ".txt":
            strings += path.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [s for s in dict.fromkeys(strings) if s.strip() and "\r" not in s and "\n" not in s]
    for number, words in enumerate(said):
        place.put(f"inbox/{number:05d}.eml", message(f"said: {words} :end", subject="x"))
    place.survey("a.csv", *([f"R{n}", "2011-03-01T09:00:00Z", s, "Yes"] for n, s in enumerate(said)))
    report = place.run("email", "survey")
    assert report["balanced"] is True
    by_source = {row["source"]: row for row in place.export()}
    for number, words in enumerate(said):
        clean = words.replace("\x00", "\ufffd")
        assert by_source[f"R{number}"]["answer.structure"] == clean.strip(), repr(words)
        assert clean.split() == by_source[f"{number:05d}.eml"]["text"].split()[1:-1] or (
            clean.strip() in by_source[f"{number:05d}.eml"]["text"]
        ), repr(words)
    assert place.failures() == {}
