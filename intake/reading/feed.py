"""What the pool hands out: the caller's jobs, and of a file with pages one job for each of them.

The first job of such a file reads its first page and says how many there are; the others follow, to whichever process
is free. Their readings wait here, encoded, until the last one is there. A page that ends its process is tried once more
where that process had read other things before, and is then a damaged page in its place; so is every page that is left
once a file has taken more time than it may.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from intake.reading.child import ReadJob
from intake.reading.dispatch import has_pages
from intake.reading.limits import Limits
from intake.reading.pages import MAX_PAGES, join, lost_page
from intake.reading.parts import Reading, ToolMissing, Unreadable
from intake.reading.splitting import NEXT_STEP

ReadResult = Reading | Unreadable | ToolMissing
Done = list[tuple[ReadJob, ReadResult]]

_SPLIT_IT = "Split it into several files."


@dataclass(frozen=True, slots=True)
class PageJob(ReadJob):
    """Some pages of a file: from ``first`` (from 0) to before ``end``; none at all if they are only to be counted."""

    document: "Document" = field(kw_only=True)
    first: int = field(kw_only=True)
    end: int = field(kw_only=True)

    what = "page"

    def open(self) -> int:
        """As of ``ReadJob``; content is copied into memory once for all pages."""
        return self.document.open()


class Document:
    """A file that may have pages, on its way through the pool."""

    def __init__(self, job: ReadJob, limits: Limits) -> None:
        """Args: job: the caller's. limits: as of the pool; some of them are of a whole file."""
        self.job = job
        self._limits = limits
        self._content: int | None = None
        self._found: list[bytes | None] = [None]
        self._pages = 0  # not known yet
        self._next = 1
        self._why: Unreadable | None = None
        self._bytes = 0
        self._seconds = 0.0
        self._retried: set[int] = set()

    def open(self) -> int:
        """A descriptor of its bytes with a position of its own; the caller closes it."""
        if self.job.content is None:
            return self.job.open()
        if self._content is None:
            self._content = self.job.open()
        return os.open(f"/proc/self/fd/{self._content}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of its bytes."""
        if self._content is not None:
            os.close(self._content)
            self._content = None

    def pages(self, first: int, end: int) -> PageJob:
        """The job that reads these pages."""
        job = self.job
        options = {**job.options, "pages": [first, end]}
        return PageJob(job.key, job.path, job.content, job.media_type, options, document=self, first=first, end=end)

    def next_page(self) -> PageJob | None:
        """The job for the next page that nobody has yet; None if there is none, or not yet."""
        if self._next >= self._pages:
            return None
        self._next += 1
        return self.pages(self._next - 1, self._next)

    def take(self, job: PageJob, result: ReadResult, seconds: float) -> PageJob | ReadResult | None:
        """Take what came of some of its pages, and how long that took. What comes back: the file's result if this was
        the last of it, a job to do now, or nothing."""
        self._seconds += seconds
        if isinstance(result, ToolMissing):
            return result
        if not self._pages:
            return self._first(result)
        if isinstance(result, Unreadable):
            result = self._lost(job.first, result.reason)
        self._keep(job.first, result)
        return self._whole()

    def lost(self, job: PageJob, why: str, seconds: float, *, fresh: bool) -> PageJob | ReadResult | None:
        """As ``take``, of a job whose process ended over it; ``fresh`` says that it was the first of that process."""
        if not fresh and job.first not in self._retried:
            self._retried.add(job.first)
            self._seconds += seconds
            return job
        return self.take(job, Unreadable(why, NEXT_STEP), seconds)

    def _first(self, result: Reading | Unreadable) -> PageJob | ReadResult | None:
        """The first page, or the count of the pages alone, which is asked for if the first page can't be read."""
        if isinstance(result, Unreadable):
            if self._why is None:
                self._why = result
                return self.pages(0, 0)
            return self._why
        if "pages" not in result.facts:
            return result
        self._pages = _count(result)
        self._found = [None] * self._pages
        if self._why is not None:
            lost = self._lost(0, self._why.reason)
            result = Reading(reader=result.reader, parts=lost.parts, facts=result.facts, needs=lost.needs)
        self._keep(0, result)
        return self._whole()

    def _lost(self, number: int, why: str) -> Reading:
        return lost_page(number, self.job.media_type, why)

    def _keep(self, number: int, reading: Reading) -> None:
        encoded = _encoder.encode(reading)
        self._found[number] = encoded
        self._bytes += len(encoded)

    def _whole(self) -> ReadResult | None:
        if self._bytes > self._limits.document_bytes:
            most = f"{self._limits.document_bytes >> 20} MB"
            return Unreadable(f"The pages of this file together say more than the {most} that can be held.", _SPLIT_IT)
        most_seconds = self._limits.item_seconds + self._limits.page_seconds * self._pages
        if self._seconds > most_seconds:
            why = f"This page was not read: the whole file takes longer than the {most_seconds:g} seconds that it may."
            for number in range(self._next, self._pages):
                self._keep(number, self._lost(number, why))
            self._next = self._pages
        if any(found is None for found in self._found):
            return None
        readings = (_decoder.decode(found) for found in self._found if found is not None)
        return join(readings)


class Feed:
    """The jobs still to be handed out: those that came back first, then further pages of the files that have begun,
    the oldest first; then the caller's, taken one by one."""

    def __init__(self, jobs: Iterable[ReadJob], limits: Limits) -> None:
        """Args: jobs: the caller's. limits: as of the pool."""
        self._jobs = iter(jobs)
        self._limits = limits
        self._returned: deque[ReadJob] = deque()
        self._begun: list[Document] = []

    def __iter__(self) -> Iterator[ReadJob]:
        return self

    def __next__(self) -> ReadJob:
        if self._returned:
            return self._returned.popleft()
        for document in self._begun:
            page = document.next_page()
            if page is not None:
                return page
        job = next(self._jobs)
        if not has_pages(job.media_type) or job.options.keys() & {"pages", "learn"}:  # what is wanted is said already
            return job
        self._begun.append(Document(job, self._limits))
        return self._begun[-1].pages(0, 1)

    def put_back(self, jobs: Sequence[ReadJob]) -> None:
        """Hand these out again, before all others."""
        self._returned.extendleft(reversed(jobs))

    def take(self, job: ReadJob, result: ReadResult, seconds: float) -> Done:
        """Take the answer to a job; what comes back are the caller's jobs that are done by it, with their results."""
        if not isinstance(job, PageJob):
            return [(job, result)]
        if job.document not in self._begun:  # it has its result already
            return []
        return self._go_on(job.document, job.document.take(job, result, seconds))

    def lost(self, job: ReadJob, why: str, seconds: float, *, fresh: bool) -> Done:
        """As ``take``, of a job whose process ended over it."""
        if not isinstance(job, PageJob):
            return [(job, Unreadable(why, NEXT_STEP))]
        if job.document not in self._begun:
            return []
        return self._go_on(job.document, job.document.lost(job, why, seconds, fresh=fresh))

    def untried(self, pending: Iterable[ReadJob]) -> Iterator[ReadJob]:
        """The caller's jobs without a result, each once; ``pending`` were handed out. Nothing is tried any more."""
        for document in self._begun:
            yield document.job
        yield from (job for job in (*pending, *self._returned) if not isinstance(job, PageJob))
        self.close()
        yield from self._jobs

    def close(self) -> None:
        """Let go of the files that have begun."""
        for document in self._begun:
            document.close()
        self._begun.clear()

    def _go_on(self, document: Document, came: "PageJob | ReadResult | None") -> Done:
        if came is None:
            return []
        if isinstance(came, PageJob):
            self.put_back([came])
            return []
        document.close()
        self._begun.remove(document)
        kept = [job for job in self._returned if not (isinstance(job, PageJob) and job.document is document)]
        self._returned = deque(kept)
        return [(document.job, came)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Reading)


def fits(job: ReadJob, reading: Reading) -> bool:
    """Whether a reading can be the answer to a job: parts numbered from where they must, and of a file with pages
    those that were asked for and, behind them, at most what was typed into a form."""
    first = job.options.get("pages", [0])[0]
    if reading.parts and reading.parts[0].number != first:
        return False
    if not isinstance(job, PageJob) or (first == 0 and "pages" not in reading.facts):
        return True
    pages = [part.page for part in reading.parts if part.kind == "page"]
    others = [part.kind for part in reading.parts[len(pages) :]]
    asked = pages == [*range(first + 1, job.end + 1)]
    return asked and others in ([], ["form"]) and max(1, job.end) <= _count(reading) <= MAX_PAGES


def _count(reading: Reading) -> int:
    said = reading.facts.get("pages", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else 0
