"""What `intake verify` re-checks, from stored bytes and rows alone. Reads only, and imports nothing of ours: an
auditor can read this one file and know what "verified" means, whatever else the program does.

A commitment is HMAC-SHA256 (hex), keyed by the row's own salt, over the RFC 8785 bytes of what it covers.
"""

import hashlib
import hmac
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import rfc8785
from sqlalchemy import Connection, text

_OUTCOMES = {"read", "repeat", "set_aside", "quarantined", "pending"}
_CHUNK = 1 << 20
_EXPLAINED = ("received_at", "name", "email", "phone", "postcode", "places", "text", "text_cut")
"""Columns that, where they are filled, must have evidence."""
_ACKNOWLEDGEMENT_FOLLOWS: dict[str | None, set[str]] = {
    None: {"intended", "skipped", "asked"}, "intended": {"sent", "deferred", "failed", "unsure"},
    "deferred": {"intended", "failed", "skipped", "settled"}, "asked": {"intended", "skipped", "settled"},
    "unsure": {"asked", "settled"}, "failed": {"asked", "settled"}, "skipped": {"asked"}, "sent": set(),
    "settled": set(),
}  # fmt: skip
"""Which state of an acknowledgement may follow which: nothing is sent twice unless a person asked for it in between."""
_REDIVIDE = ("split", "join")
"""What people decide about pages: a machine's evidence comes with it."""
_LATER = ("pieces", "joined_into")
"""Columns of a response that came later: where they are blank, no commitment covers them."""
_WHOLE = (0, sys.maxsize)
"""The parts of a response that says no ranges: all of its receipt's."""
Row = dict[str, Any]


@dataclass(slots=True)
class Check:
    """One check: how many things it looked at, and the names of those that do not hold."""

    name: str
    checked: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all of them hold."""
        return not self.failures

    def expect(self, holds: bool, named: object) -> None:  # reads as a sentence at every call
        """Count one thing, and name it if it does not hold."""
        self.checked += 1
        if not holds and str(named) not in self.failures:
            self.failures.append(str(named))


def audit(connection: Connection, originals: Path) -> Iterator[Check]:
    """Run all checks, one after the other. ``originals`` is the folder of content-addressed files."""
    ledger = _Ledger.read(connection)
    yield ledger.check
    yield _originals(connection, originals)
    yield from (check(connection, ledger) for check in _CHECKS)


def _rows(connection: Connection, query: str) -> Iterator[Row]:
    for row in connection.execute(text(query).execution_options(yield_per=500)):
        yield dict(row._mapping)


def _commitment(salt: Any, document: Any) -> str:
    """The commitment; "", which is none, where the salt or a value is no longer what it can have been."""
    try:
        return hmac.new(bytes.fromhex(salt), rfc8785.dumps(document), hashlib.sha256).hexdigest()
    except (TypeError, ValueError, rfc8785.CanonicalizationError):
        return ""


@dataclass(slots=True)
class _Ledger:
    """What the ledger says, by what it speaks of; and the check of the ledger itself."""

    check: Check
    receipts: dict[int, str] = field(default_factory=dict)
    further: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    deliveries: dict[int, str] = field(default_factory=dict)
    states: dict[int, Row] = field(default_factory=dict)
    decisions: dict[int, str] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    rebuilt: dict[int, tuple[int, int]] = field(default_factory=dict)
    outcomes: dict[int, Row] = field(default_factory=dict)
    runs: dict[int, Row] = field(default_factory=dict)
    acknowledgements: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    responses: dict[tuple[int, int], dict[int, Row]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def read(cls, connection: Connection) -> "_Ledger":
        """Leaves are those of the entries, entries are canonical, positions run from 0 without gaps."""
        found = cls(Check("ledger"))
        expected = 0
        query = "select id, position, receipt_id, body, leaf from ledger_entry order by id"
        for row in _rows(connection, query):
            body = _bytes(row["body"])
            entry = _json(body)
            if row["position"] != expected:
                found.check.expect(False, f"entry {expected}")  # it is missing, or out of its place
            expected = (expected if row["position"] is None else row["position"]) + 1
            sound = entry is not None and hashlib.sha256(b"\x00" + body).digest() == _bytes(row["leaf"])
            named = entry is not None and entry.get("receipt") == row["receipt_id"]
            found.check.expect(sound and named and rfc8785.dumps(entry) == body, f"entry {row['position']}")
            if entry is not None:
                found._take(entry)
        return found

    def _take(self, entry: Row) -> None:
        match entry.get("type"):
            case "receipt":
                self.receipts[entry["receipt"]] = entry["commitment"]
            case "further-original":
                self.further[entry["receipt"]][entry["number"]] = entry["commitment"]
            case "delivery":
                self.deliveries[entry["delivery"]] = entry["commitment"]
                self.states[entry["delivery"]] = {"state": entry["state"], "items": None, "accounted_by": None}
            case "delivery-state":
                self.states[entry["delivery"]] = entry
            case "decision":
                self.decisions[entry["decision"]] = entry["commitment"]
            case "rebuilt":
                self.rebuilt[entry["receipt"]] = entry["older"], entry["batch"]
            case "dropped":
                self.dropped.add(entry["receipt"])
            case "outcome":
                self.outcomes[entry["receipt"]] = entry
            case "run":
                self.runs[entry["run"]] = entry
            case "acknowledgement":
                self.acknowledgements[entry["receipt"]].append(entry)
            case "response":
                self.responses[entry["receipt"], entry["ordinal"]][entry["revision"]] = entry
                if "outcome" in entry:
                    self.outcomes[entry["receipt"]] = entry


def _json(text_: str | bytes) -> Any:
    """A JSON value; None if it is none any more."""
    try:
        return json.loads(text_)
    except ValueError:
        return None


def _originals(connection: Connection, folder: Path) -> Check:
    """Stored bytes are those that were received: each original's SHA-256 and size. Nothing has been erased."""
    check = Check("originals")
    for row in _rows(connection, "select sha256, size, content, erased_at from original"):
        sha256 = row["sha256"]
        if row["erased_at"] is not None:
            check.expect(False, sha256)  # this version erases nothing: the mark was set by hand
        elif row["content"] is not None:
            content = _bytes(row["content"])
            check.expect(hashlib.sha256(content).hexdigest() == sha256 and len(content) == row["size"], sha256)
        else:
            check.expect(_file_digest(folder / sha256[:2] / sha256[2:]) == (sha256, row["size"]), sha256)
    return check


def _bytes(value: Any) -> bytes:
    """A column of bytes, in which SQLite keeps a text too if one is put there by hand."""
    return value.encode() if isinstance(value, str) else bytes(value)


def _file_digest(path: Path) -> tuple[str, int] | None:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        return None
    return digest.hexdigest(), size


def _receipts(connection: Connection, ledger: _Ledger) -> Check:
    """Receipts are as they were written, have a recorded original and their own sighting, and no number is missing."""
    check = Check("receipts")
    covered = (
        "id", "channel", "kind", "source_key", "version", "sha256", "media_type", "arrived_at", "arrived_basis",
        "facts", "taken_at", "run_id", "delivery_id", "place",
    )  # fmt: skip
    seen = set()
    query = (
        "select r.*, o.sha256 as recorded, (select count(*) from sighting s where s.receipt_id = r.id"
        " and s.channel = r.channel and s.source_key = r.source_key and (s.version = r.version or r.kind = 'file'))"
        " as sightings"
        " from receipt r left join original o on o.sha256 = r.sha256 order by r.id"
    )
    for row in _rows(connection, query):
        seen.add(row["id"])
        document = {name: row[name] for name in covered} | {"path_named": bool(row["path_named"])}
        sound = ledger.receipts.get(row["id"]) == _commitment(row["salt"], document)
        check.expect(sound and row["recorded"] is not None and row["sightings"] > 0, row["id"])
    for number in sorted(ledger.receipts.keys() - seen - ledger.dropped):
        check.expect(False, number)  # a receipt that the ledger knows is gone
    return check


def _further(connection: Connection, ledger: _Ledger) -> Check:
    """Further originals of receipts are as they were written, each is recorded, and none is gone. That their bytes are
    those that were received, the check of all originals says."""
    check = Check("further-originals")
    covered = ("receipt_id", "number", "name", "sha256", "media_type", "facts", "taken_at", "run_id")
    seen: dict[int, set[int]] = defaultdict(set)
    query = (
        "select f.*, o.sha256 as recorded, r.id as of_receipt from further_original f"
        " left join original o on o.sha256 = f.sha256 left join receipt r on r.id = f.receipt_id"
        " order by f.receipt_id, f.number"
    )
    for row in _rows(connection, query):
        receipt, number = row["receipt_id"], row["number"]
        seen[receipt].add(number)
        said = ledger.further.get(receipt, {}).get(number)
        sound = said == _commitment(row["salt"], {name: row[name] for name in covered})
        check.expect(sound and row["recorded"] is not None and row["of_receipt"] is not None, receipt)
    for receipt, said_of in sorted(ledger.further.items()):
        if said_of.keys() - seen[receipt]:
            check.expect(False, receipt)  # one that the ledger knows is gone
    return check


def _deliveries(connection: Connection, ledger: _Ledger) -> Check:
    """Deliveries are as they were stored, in the state that the ledger last said, and none is gone."""
    check = Check("deliveries")
    covered = (
        "id", "channel", "source_key", "sha256", "media_type", "arrived_at", "arrived_basis", "facts", "stored_at",
        "run_id",
    )  # fmt: skip
    seen = set()
    for row in _rows(connection, "select * from delivery"):
        seen.add(row["id"])
        sound = ledger.deliveries.get(row["id"]) == _commitment(row["salt"], {name: row[name] for name in covered})
        said = ledger.states.get(row["id"], {})
        stands = {"state": row["state"], "items": row["items"], "accounted_by": row["receipt_id"]}
        check.expect(sound and all(said.get(name) == value for name, value in stands.items()), row["sha256"])
    for number in sorted(ledger.deliveries.keys() - seen):
        check.expect(False, f"delivery {number}")  # it is gone
    return check


def _places(connection: Connection, ledger: _Ledger) -> Check:  # noqa: ARG001  # all checks are called alike
    """Every file that was split held as many items as it said, each at a place of its own with a receipt or sighting.

    Sightings follow the newest file of a path: of those before it, no more can be there than they said. Nor of a table
    that was split before its header was kept: a row that stood in it twice has one place.
    """
    check = Check("places")
    query = (
        "select d.sha256, d.items, l.rows, l.accounted,"
        " (select count(*) from (select place from receipt where delivery_id = d.id and kind <> 'file'"
        " union select place from sighting where delivery_id = d.id and container <> ''"
        " union select place from repeated_row where delivery_id = d.id) p) as places,"
        " (select count(*) from delivery n where n.channel = d.channel and n.source_key = d.source_key and n.id > d.id)"
        " as newer, (select count(*) from receipt m where m.delivery_id = d.id and m.kind = 'item') as messages"
        " from delivery d left join layout l on l.delivery_id = d.id where d.state = 'split'"
    )
    for row in _rows(connection, query):
        is_exact = not row["newer"] and (row["rows"] is not None or row["messages"])
        there = row["places"] == row["items"] if is_exact else row["places"] <= row["items"]
        as_counted = row["rows"] is None or row["rows"] == row["accounted"] == row["items"]
        check.expect(there and as_counted, row["sha256"])
    return check


def _outcomes(connection: Connection, ledger: _Ledger) -> Check:
    """Every receipt has exactly one outcome, the one that the ledger last said; what is read has a response."""
    check = Check("outcomes")
    query = (
        "select r.id, r.outcome, r.reason, r.next_step, r.salt,"
        " (select count(*) from response_receipt l where l.receipt_id = r.id) as n from receipt r"
    )
    for row in _rows(connection, query):
        said = ledger.outcomes.get(row["id"], {"outcome": "pending"})
        document = {name: row[name] for name in ("outcome", "reason", "next_step")}
        if said.get("type") == "outcome" and said["outcome"] != "pending":
            as_said = said["commitment"] == _commitment(row["salt"], document)
        else:
            # A response's own entry says "read", for which there is no reason; what waits may say why.
            as_said = row["outcome"] == "pending" or row["reason"] == row["next_step"] == ""
        has_response = row["outcome"] != "read" or row["n"] > 0
        holds = row["outcome"] in _OUTCOMES and row["outcome"] == said["outcome"]
        check.expect(holds and as_said and has_response, row["id"])
    return check


def _runs(connection: Connection, ledger: _Ledger) -> Check:
    """Every run that has ended is in the ledger with its end and its accounts, and every run in the ledger is kept."""
    check = Check("runs")
    found: dict[int, dict[str, Row]] = defaultdict(dict)
    for row in _rows(connection, "select * from run_channel"):
        found[row["run_id"]][row["channel"]] = row
    query = "select id, finished_at, balanced from run where finished_at is not null"
    kept = {row["id"]: row for row in _rows(connection, query)}
    for number in sorted(kept.keys() | ledger.runs.keys()):
        known = number in kept and number in ledger.runs
        check.expect(known and _is_run(kept[number], ledger.runs[number], found[number]), f"run {number}")
    return check


def _is_run(row: Row, said: Row, found: dict[str, Row]) -> bool:
    same_end = row["finished_at"] == said["at"] and row["balanced"] in (said["balanced"], int(said["balanced"]))
    counts = said["channels"]
    return (
        same_end
        and found.keys() == counts.keys()
        and all(found[name][k] == n for name, of in counts.items() for k, n in of.items() if k in found[name])
        and all((found[name]["error"] is not None) == of["failed"] for name, of in counts.items())
    )


def _repeats(connection: Connection, ledger: _Ledger) -> Check:  # noqa: ARG001  # all checks are called alike
    """A repeat has an older receipt of the same bytes, another delivery of them that was split, or a message that a
    person confirmed to be the same."""
    check = Check("repeats")
    query = (
        "select r.id, (select count(*) from receipt f where f.sha256 = r.sha256 and f.id < r.id and f.kind = 'item')"
        " + (select count(*) from delivery d where d.sha256 = r.sha256 and d.state = 'split'"
        " and d.id <> coalesce(r.delivery_id, d.id))"
        " + (select count(*) from rebuilt_pair p join rebuilt_batch b on b.id = p.batch_id join decision d"
        " on d.id = b.decision_id where p.receipt_id = r.id and p.older_id < r.id and d.action = 'same'"
        " and d.undone_by is null) as older"
        " from receipt r where r.outcome = 'repeat'"
    )
    for row in _rows(connection, query):
        check.expect(row["older"] > 0, row["id"])
    return check


def _rebuilt(connection: Connection, ledger: _Ledger) -> Check:
    """Pairs of messages in other bytes are as they were suggested, none is gone, and only what a person decided holds:
    each decision for its whole batch, and where it is "same" every newer receipt is a repeat."""
    check = Check("rebuilt")
    query = "select id, value from decision where action in ('same', 'different') and undone_by is null"
    decided = {row["value"]: row["id"] for row in _rows(connection, query)}
    seen = set()
    query = (
        "select p.receipt_id, p.older_id, p.batch_id, b.decision_id, b.channel as suggested, d.action,"
        " r.outcome, r.channel, o.channel as older_channel from rebuilt_pair p"
        " left join rebuilt_batch b on b.id = p.batch_id left join decision d on d.id = b.decision_id"
        " left join receipt r on r.id = p.receipt_id left join receipt o on o.id = p.older_id"
    )
    for row in _rows(connection, query):
        seen.add(row["receipt_id"])
        as_suggested = ledger.rebuilt.get(row["receipt_id"]) == (row["older_id"], row["batch_id"])
        as_decided = decided.get(str(row["batch_id"])) == row["decision_id"]
        of_one = row["suggested"] == row["channel"] == row["older_channel"]
        repeat = row["action"] != "same" or row["outcome"] == "repeat"
        check.expect(as_suggested and as_decided and of_one and repeat, row["receipt_id"])
    for number in sorted(ledger.rebuilt.keys() - seen):
        check.expect(False, number)  # a pair that the ledger knows is gone
    return check


def _responses(connection: Connection, ledger: _Ledger) -> Check:
    """Every response and all its evidence are as the ledger's last entry for it commits to, and the receipts that it
    was read from stand behind it; none is gone."""
    check = Check("responses")
    evidence = _evidence_hashes(connection)
    links: dict[int, set[int]] = defaultdict(set)
    for row in _rows(connection, "select response_id, receipt_id from response_receipt"):
        links[row["response_id"]].add(row["receipt_id"])
    monitoring: dict[int, dict[str, str]] = defaultdict(dict)
    for row in _rows(connection, "select response_id, question, answer from monitoring_answer"):
        monitoring[row["response_id"]][row["question"]] = row["answer"]
    seen = set()
    for row in _rows(connection, "select * from response"):
        key = row["receipt_id"], row["ordinal"]
        seen.add(key)
        salt = row.pop("salt")
        for name in _LATER:
            if not row[name]:
                del row[name]  # as in the states from before there was such a column
        entries = ledger.responses.get(key, {})
        newest = entries.get(max(entries, default=0), {})
        document = {"row": row, "evidence": [digest for _, digest in evidence[row["id"]]]}
        apart = monitoring.get(row["id"])
        sound = newest.get("revision") == row["revision"] and newest.get("commitment") == _commitment(salt, document)
        kept_apart = newest.get("monitoring") == (_commitment(salt, apart) if apart else None)
        linked = {row["receipt_id"], row["reading_receipt_id"]} <= links.pop(row["id"], set())
        check.expect(sound and kept_apart and linked, row["reference"])
    for receipt in sorted({receipt for receipts in links.values() for receipt in receipts}):
        check.expect(False, receipt)  # it stands behind a response that is not there
    for receipt, ordinal in sorted(ledger.responses.keys() - seen):
        check.expect(False, f"response {ordinal} of receipt {receipt}")  # it is gone
    return check


def _versions(connection: Connection, ledger: _Ledger) -> Check:
    """Earlier states of responses are as they were written, and none is missing."""
    check = Check("versions")
    evidence = _evidence_hashes(connection)
    seen: dict[int, set[int]] = defaultdict(set)
    query = (
        "select v.*, r.receipt_id, r.ordinal, r.reference"
        " from response_version v join response r on r.id = v.response_id"
    )
    for row in _rows(connection, query):
        seen[row["response_id"]].add(row["revision"])
        hashes = [digest for revision, digest in evidence[row["response_id"]] if revision <= row["revision"]]
        kept = _json(row["document"]) or {}
        document = {"row": kept, "evidence": hashes}
        same = kept.get("cause") == row["cause"] and kept.get("written_at") == row["written_at"]
        entry = ledger.responses.get((row["receipt_id"], row["ordinal"]), {}).get(row["revision"], {})
        check.expect(same and entry.get("commitment") == _commitment(row["salt"], document), row["reference"])
    for row in _rows(connection, "select id, reference, revision from response where revision > 1"):
        check.expect(seen[row["id"]] == set(range(1, row["revision"])), row["reference"])
    return check


def _evidence_hashes(connection: Connection) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in _rows(connection, "select response_id, revision, document from evidence order by id"):
        digest = hashlib.sha256(row["document"].encode()).hexdigest()
        found[row["response_id"]].append((row["revision"], digest))
    return found


def _evidence(connection: Connection, ledger: _Ledger) -> Check:  # noqa: ARG001  # all checks are called alike
    """Filled fields have evidence, a place in a part's text holds the words that are quoted from it, what is quoted
    from a recording stands in a transcript of it, and evidence is by whom and of when the response or the decision
    says."""
    check = Check("evidence")
    strange = _strange_evidence(connection)
    pieces: dict[int, list[Row]] = defaultdict(list)
    for row in _rows(connection, "select response_id, receipt_id, document from evidence"):
        pieces[row["response_id"]].append({"receipt": row["receipt_id"], "fields": _json(row["document"]) or {}})
    for row in _rows(connection, "select * from response"):
        explained = {column for piece in pieces[row["id"]] for column, found in piece["fields"].items() if found}
        filled = {column for column in _EXPLAINED if row[column]} | {f"answer.{q}" for q in _json(row["answers"]) or {}}
        places_hold = all(_quotes_hold(connection, row["item"], piece) for piece in pieces[row["id"]])
        check.expect(filled <= explained and places_hold and row["id"] not in strange, row["reference"])
    return check


def _strange_evidence(connection: Connection) -> set[int]:
    """Responses with evidence whose person, time or reader is not that of the state, or decision, it came with."""
    written: dict[tuple[int, int], tuple[Any, Any]] = {}
    for row in _rows(connection, "select response_id, revision, document from response_version"):
        kept = _json(row["document"]) or {}
        written[row["response_id"], row["revision"]] = kept.get("written_at"), kept.get("reader_version")
    for row in _rows(connection, "select id, revision, written_at, reader_version from response"):
        written[row["id"], row["revision"]] = row["written_at"], row["reader_version"]
    query = (
        'select e.response_id, e.revision, e.decision_id, e."by", e.at, e.reader_version, d."by" as decided_by,'
        " d.at as decided_at, d.action from evidence e left join decision d on d.id = e.decision_id"
    )
    strange = set()
    for row in _rows(connection, query):
        at, reader = written.get((row["response_id"], row["revision"]), ("", ""))
        if row["decision_id"] is None or (row["by"] == "" and row["action"] in _REDIVIDE):
            sound = row["by"] == "" and row["at"] == at and row["reader_version"] in ("", reader)
        else:
            sound = row["by"] == row["decided_by"] and row["at"] == row["decided_at"] and row["reader_version"] == ""
        if not sound:
            strange.add(row["response_id"])
    return strange


def _quotes_hold(connection: Connection, item: int, piece: Row) -> bool:
    placed = [e for found in piece["fields"].values() for e in found if e.get("quote") and e.get("place")]
    quoted = [e for e in placed if "start" in e["place"]]
    heard = [e for e in placed if "recording" in e["place"]]
    if heard and not _were_said(connection, piece["receipt"], heard):
        return False
    query = text("select number, text from part where receipt_id = :receipt and item = :item")
    parts: dict[int, dict[int, str]] = {}
    for evidence in quoted:
        place = evidence["place"]
        receipt = place.get("receipt", piece["receipt"])
        if receipt not in parts:
            found = connection.execute(query, {"receipt": receipt, "item": item})
            parts[receipt] = dict(found.all())
        if parts[receipt].get(place["part"], "")[place["start"] : place["end"]] != evidence["quote"]:
            return False
    return True


def _were_said(connection: Connection, receipt: int, heard: Sequence[Row]) -> bool:
    """Whether all that is quoted from recordings stands in a transcript of each: of several, one may be another's."""
    transcripts: dict[str, list[str]] = defaultdict(list)
    query = text("select document, text from part where receipt_id = :receipt")
    for document, words in connection.execute(query, {"receipt": receipt}):
        transcripts[(_json(document) or {}).get("name", "")].append(words)
    return all(any(e["quote"] in words for words in transcripts[e["place"]["recording"]]) for e in heard)


def _letters(connection: Connection, ledger: _Ledger) -> Check:  # noqa: ARG001  # all checks are called alike
    """Of a file that was parted into letters, or joined with others, each page is in exactly one letter; and what is
    part of another letter is so by a person's decision, or a row that was typed from it, and that one stands."""
    check = Check("letters")
    into: dict[str, str] = {}
    held: dict[int, list[tuple[int, int]]] = defaultdict(list)  # the ranges of parts that letters are, by receipt
    joined: list[Row] = []
    divided: set[int] = set()
    for row in _rows(connection, "select id, receipt_id, reference, pieces, joined_into from response"):
        into[row["reference"]] = row["joined_into"]
        pieces = _json(row["pieces"] or "[]") or []
        divided |= {receipt for receipt, _, _ in pieces}
        if row["joined_into"]:
            joined.append(row)
            divided.add(row["receipt_id"])
            continue
        for receipt, first, last in pieces or [(row["receipt_id"], *_WHOLE)]:
            held[receipt].append((first, last))
    allowed = _joined_by_people(connection) if joined else set()
    typed = _typed_from(connection)
    for row in joined:
        is_allowed = row["id"] in allowed or typed.get(row["id"]) == row["joined_into"]
        check.expect(_stands(row["reference"], into) and is_allowed, row["reference"])
    parts = {row["id"]: row["joined_into"] for row in joined}
    for number, letter in typed.items():
        check.expect(parts.get(number) == letter, letter or f"row {number}")
    for receipt in sorted(divided):
        check.expect(_pages_once(connection, receipt, held[receipt]), receipt)
    return check


def _typed_from(connection: Connection) -> dict[int, str]:
    """The references of the letters that rows were typed from and are joined with, by the number of the row's response;
    "" where the row's receipt does not stand behind that letter."""
    query = (
        "select e.response_id, l.reference, (select count(*) from response_receipt m where m.response_id = l.id"
        " and m.receipt_id = r.receipt_id) as behind from entered_row e"
        " join response l on l.id = e.letter_id join response r on r.id = e.response_id"
    )
    return {row["response_id"]: row["reference"] if row["behind"] else "" for row in _rows(connection, query)}


def _stands(reference: str, into: Mapping[str, str]) -> bool:
    """Whether what a response is part of leads to one that is there and is part of none."""
    passed: set[str] = set()
    while into.get(reference) and reference not in passed:
        passed.add(reference)
        reference = into[reference]
    return into.get(reference) == ""


def _joined_by_people(connection: Connection) -> set[int]:
    """The numbers of the responses that a decision on pages, or the undoing of one, made part of another."""
    found: set[int] = set()
    query = "select before, undone_by from decision where action in ('split', 'join')"
    for row in _rows(connection, query):
        before = _json(row["before"]) or {}
        found |= set(before.get("joined" if row["undone_by"] is None else "new", []))
    return found


def _pages_once(connection: Connection, receipt: int, held: Sequence[tuple[int, int]]) -> bool:
    """Whether each page of a receipt is in exactly one of these ranges."""
    query = text("select number, document from part where receipt_id = :receipt and item = 0")
    found = connection.execute(query, {"receipt": receipt})
    documents = {number: _json(document) or {} for number, document in found}
    pages = sorted(n for n, d in documents.items() if d.get("kind") == "page" and d.get("inside") is None)
    return sorted(n for first, last in held for n in pages if first <= n <= last) == pages


def _decisions(connection: Connection, ledger: _Ledger) -> Check:
    """What people decided is as they decided it, and none of it is gone."""
    check = Check("decisions")
    covered = ("id", "response_id", "receipt_id", "action", "value", "reason", "version", "before", "by", "at")
    seen = set()
    undo = "select id, value from decision where action = 'undo'"
    undone = {row["value"]: row["id"] for row in _rows(connection, undo)}
    for row in _rows(connection, "select * from decision"):
        seen.add(row["id"])
        document = {name: row[name] for name in covered} | ({"due": row["due"]} if row["due"] else {})
        sound = ledger.decisions.get(row["id"]) == _commitment(row["salt"], document)
        check.expect(sound and undone.get(str(row["id"])) == row["undone_by"], row["receipt_id"])
    for number in sorted(ledger.decisions.keys() - seen):
        check.expect(False, f"decision {number}")  # it is gone
    return check


def _acknowledgements(connection: Connection, ledger: _Ledger) -> Check:
    """Acknowledgements are as the ledger last said, none is gone, and none was sent twice unasked."""
    check = Check("acknowledgements")
    seen = set()
    for row in _rows(connection, "select * from acknowledgement"):
        seen.add(row["receipt_id"])
        entries = ledger.acknowledgements.get(row["receipt_id"], [])
        salt = row.pop("salt")
        document = row | {"asked": bool(row["asked"])}
        sound = bool(entries) and entries[-1]["commitment"] == _commitment(salt, document)
        states = [None, *(entry["state"] for entry in entries)]
        in_order = all(after in _ACKNOWLEDGEMENT_FOLLOWS.get(before, ()) for before, after in pairwise(states))
        check.expect(sound and in_order, row["receipt_id"])
    for receipt in sorted(ledger.acknowledgements.keys() - seen):
        check.expect(False, receipt)  # it is gone
    return check


_CHECKS: tuple[Callable[[Connection, _Ledger], Check], ...] = (
    _receipts, _further, _deliveries, _places, _outcomes, _runs, _repeats, _rebuilt, _responses, _versions, _evidence,
    _decisions, _acknowledgements, _letters,
)  # fmt: skip
