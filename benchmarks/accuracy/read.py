"""Pages through the program's own readers: the pool of sandboxed processes, and the program's own word on each page."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.accuracy.measure import Errors, errors
from benchmarks.accuracy.sets import TruePage
from channels import ADAPTERS
from intake import config, normalise
from intake.filled import Rules
from intake.places import Gazetteer
from intake.reading.parts import Part, Reading, ToolMissing, Unreadable
from intake.reading.readers import SANDBOXED, find_means
from intake.reading.sandbox import Limits, ReaderPool, ReadJob
from storage.receipts import ReceiptView

_CONFIG = Path(__file__).resolve().parents[2] / "config.toml"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What the program made of a page: the text of its reading, and whether it asks a person to transcribe it."""

    page: TruePage
    text: str
    errors: Errors
    flagged: bool
    confidence: float
    engine: str
    why_unread: str = ""


def read_pages(pages: Iterable[TruePage], processes: int | None = None) -> Iterator[ReadPage]:
    """Read every page as a scan folder would, and compare. In no particular order.

    Args:
        pages: made as they are needed.
        processes: how many read at once; as many as there are cores without.

    Raises:
        SystemExit: nothing can be read on this machine.
    """
    means = find_means("require")
    pool = means.readers(processes or len(os.sched_getaffinity(0)), Limits())
    if means.kind != SANDBOXED or not isinstance(pool, ReaderPool):
        raise SystemExit(f"accuracy is measured in the sandbox, and {means.why}: {means.advice}")
    rules, waiting = _rules(), dict[int, TruePage]()

    def jobs() -> Iterator[ReadJob]:
        for number, page in enumerate(pages):
            waiting[number] = page
            yield ReadJob(number, None, page.data, page.media_type)

    with pool:
        for job, result in pool.read(jobs()):
            if isinstance(result, ToolMissing):
                raise SystemExit(f"{result.tool} is missing. {result.advice}")
            yield compared(rules, waiting.pop(job.key), result)


def compared(rules: Rules, page: TruePage, result: Reading | Unreadable) -> ReadPage:
    """A page beside its truth. A file that can't be read at all is quarantined: a person sees it as well."""
    if isinstance(result, Unreadable):
        return ReadPage(
            page, "", errors(page.truth, ""), flagged=True, confidence=0.0, engine="", why_unread=result.reason
        )
    parts = [part for part in result.parts if part.page is not None]
    text = "\n\n".join(_own_words(part) for part in parts)
    filled = normalise.document(rules, _receipt(page), result)
    return ReadPage(
        page,
        text,
        errors(page.truth, text),
        flagged="transcription" in filled.needs,
        confidence=min((part.confidence for part in parts), default=0.0),
        engine="+".join(sorted({part.engine or "tesseract" for part in parts})),
    )


def _own_words(part: Part) -> str:
    """The text of a page without what the reader itself says is a stamp: the truth has no stamps."""
    at, kept = 0, []
    for mark in part.marks:
        if mark.kind == "stamp":
            kept.append(part.text[at : mark.start])
            at = mark.end
    return "".join([*kept, part.text[at:]])


def _rules() -> Rules:
    loaded = config.load(_CONFIG, {name: kind.settings for name, kind in ADAPTERS.items()})
    return Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))


def _receipt(page: TruePage) -> ReceiptView:
    """A receipt as the scan folder would give it; its day has no part in how a page is read."""
    day = datetime(2011, 3, 1, 12, tzinfo=UTC)
    return ReceiptView(
        id=1, channel="letters", kind="item", source_key=page.file_name, version="1", path_named=True,
        sha256="ab" * 32, media_type=page.media_type, arrived_at=day, arrived_basis="file_time", facts={}, taken_at=day,
        run_id=1, delivery_id=None, place=None, outcome="pending", reason="", next_step="",
    )  # fmt: skip
