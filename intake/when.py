"""When something was received, by which sign, and whether that is late. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from intake import fields
from intake.config import Consultation
from intake.filled import Filled, Rules
from intake.reading.parts import Part, Reading
from storage.columns import utc_text
from storage.receipts import ReceiptView
from storage.schema import LATEST_POSSIBLE, Evidence

EARLIEST = timedelta(days=92)
"""So long before a consultation opens nobody answers it: a sheet of such a day has a wrong month or year on it."""


def received_message(rules: Rules, filled: Filled, receipt: ReceiptView, reading: Reading) -> None:
    """A mailbox's INTERNALDATE; for a file the last hop's Received header, else Date, else the file's time."""
    if receipt.arrived_basis != "file_time":
        received(rules, filled, receipt.arrived_at, receipt.arrived_basis, method="source")
        return
    for basis in ("received_header", "date_header"):
        if at := _instant(reading.facts.get(basis)):
            received(rules, filled, at, basis, method="text")
            return
    received(rules, filled, receipt.arrived_at, "file_time", method="source")


def received_document(rules: Rules, filled: Filled, receipt: ReceiptView, reading: Reading) -> None:
    """The earlier of the scan's and the file's time: each says when it had arrived at the latest.

    The date inside a typed document is when it was written, which is no such time: only pictures of pages are scans.
    """
    scanned = _scan_time(rules, reading.facts) if _is_scan(reading.parts) else None
    known = [
        (at, basis) for at, basis in ((scanned, "scan"), (receipt.arrived_at, receipt.arrived_basis)) if at is not None
    ]
    if known:
        at, basis = min(known)
        received(rules, filled, at, basis, method="text" if basis == "scan" else "source")
    else:
        filled.needs.add("received-date")


def _is_scan(parts: Sequence[Part]) -> bool:
    """Whether pages are pictures, and none is typed: with a text layer, taken or not. A typed letter may have a blank
    page or a picture in it, which are read as pictures; its date is still when it was written."""
    typed = any("text layer" in (part.engine, *(other.engine for other in part.others)) for part in parts)
    return not typed and any(part.method == "ocr" for part in parts)


def received_by_sheet(rules: Rules, filled: Filled, at: datetime, evidence: Evidence) -> None:
    """The day that a separator sheet says, in place of the scan's or file's time, which was received before.

    A day after that time, or long before the consultation opened, can't be right: a person says when it was received. A
    time that is itself long before the opening is a wrong clock's, and refutes nothing.
    """
    latest = filled.values.get("received_at") if filled.values.get("received_basis") in LATEST_POSSIBLE else None
    zone, earliest = rules.consultation.timezone, rules.consultation.opens_at - EARLIEST
    too_late = latest is not None and latest >= earliest and at.astimezone(zone).date() > latest.astimezone(zone).date()
    if too_late or at < earliest:
        filled.needs.add("received-date")
        filled.offer("received_at", evidence)
        return
    filled.needs -= {"received-date", "late?"}
    received(rules, filled, at, "separator", method=evidence.method, evidence=[evidence], day_only=True)


def _scan_time(rules: Rules, facts: Mapping[str, str]) -> datetime | None:
    if at := _instant(facts.get("scan_date")):
        return at
    local = facts.get("scan_date_local")
    when = fields.read_time(local, rules.consultation.timezone) if local else None
    return when.at if when else None


def _instant(written: str | None) -> datetime | None:
    """A reader's ISO 8601 UTC time; None if it is none: what a reader's process says is not believed blindly."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def received(
    rules: Rules, filled: Filled, at: datetime | None, basis: str, *, method: str,
    evidence: Sequence[Evidence] = (), day_only: bool = False,
) -> None:  # fmt: skip
    """``received_at``, its basis, and whether it is late.

    A latest possible time proves in time, never late; a time known to the day only is late after the closing day.
    """
    if at is None:
        filled.needs.add("received-date")
        return
    late: bool | None = is_late(rules.consultation, at, day_only=day_only)
    if late and basis in LATEST_POSSIBLE:
        late = None
        filled.needs.add("received-date")
    elif late:
        filled.needs.add("late?")
    written = utc_text(at)[:19] + "Z"
    filled.fill(
        "received_at", at, *(evidence or [Evidence(value=written, method=method, confidence=1.0, quote=written)])
    )
    filled.fill("received_basis", basis)
    filled.fill("late", late)


def is_late(consultation: Consultation, at: datetime, *, day_only: bool) -> bool:
    """Whether what was received then is late; of a time known to the day only, whether that day is after the last."""
    if day_only:
        return at.astimezone(consultation.timezone).date() > consultation.closing_day
    return at >= consultation.closes_at
