"""The parent's side of reading: a pool of long-lived processes that untrusted bytes are opened in.

An item can make its process loop, crash or fill its memory. The process is then killed and replaced, the item becomes
``Unreadable`` (of a file with pages, that page a damaged one), and the others never notice. Use a pool from the thread
that made it, which must outlive it: the kernel kills the children when that thread ends.
"""

import selectors
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from intake.reading import wire
from intake.reading.child import COMMAND, NONSENSE, Child, Gone, ReadJob
from intake.reading.feed import Done, Feed, ReadResult, fits
from intake.reading.limits import Limits
from intake.reading.splitting import (
    BrokenStart,
    DrawResult,
    MessageSplit,
    SoundResult,
    SplitBroken,
    SplitResult,
    Splitter,
    TableSplit,
    overdue,
)

__all__ = [
    "DrawResult", "Limits", "MessageSplit", "ReadJob", "ReadResult", "ReaderPool", "SoundResult", "SplitBroken",
    "SplitResult", "TableSplit",
]  # fmt: skip

_WINDOW = 8
_LIGHT_BYTES = 262_144
_STARTS = 3
_HEAVY_WEAR = 20
_WORN = 10_000
_LIGHT_TYPES = frozenset({"message/rfc822", "text/plain"})


class ReaderPool:
    """Some processes that read items side by side. A context manager: leaving it ends all of them.

    ``read`` and ``split`` may be used at the same time from one thread; a pool is not for several threads.
    """

    def __init__(
        self, processes: int, limits: Limits, clock: Callable[[], float], command: Sequence[str] = COMMAND
    ) -> None:
        """Prepare a pool; nothing is started before it is needed.

        Args:
            processes: how many items are read at once. A split takes one process more.
            limits: for each process.
            clock: monotonic seconds.
            command: the reader's program and what goes before it (a sandbox).
        """
        self._processes = processes
        self._limits = limits
        self._clock = clock
        self._command = command
        self._children: list[Child] = []
        self._splitter = Splitter(self._start, limits, clock)
        self._selector = selectors.DefaultSelector()
        self._failed_starts = 0
        self._reading = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._children:
            self._end(self._children[0])
        self._splitter.close()
        self._selector.close()

    def read(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, ReadResult]]:
        """Read the items, and yield each with its result as soon as there is one, in no particular order. A file of
        several pages is read by all processes, one job a page (``feed``); its result is the same whatever their number.

        Jobs are taken from the iterable as processes become free, some twenty ahead for each at most. Each job gets
        exactly one result. ``ToolMissing`` says that the item could not be tried on this machine.

        Raises:
            OSError: a job's file can't be opened.
            RuntimeError: another ``read`` of this pool has not ended.
        """
        if self._reading:
            raise RuntimeError("this pool is reading already")
        self._reading = True
        feed, done = Feed(jobs, self._limits), Done()
        try:
            yield from self._read(feed, done)
        except BrokenStart as broken:
            yield from done
            for job in feed.untried([job for child in self._children for job in child.pending]):
                yield job, broken.missing
        finally:
            self._reading = False
            feed.close()
            for child in [child for child in self._children if child.pending]:
                self._end(child)

    def split(self, job: ReadJob) -> SplitResult:
        """Split a delivery into its rows or messages.

        A delivery that can't be split whole gives ``Unreadable`` and no row. What is handed over is read while it is
        taken; if the reader is lost on the way, taking raises ``SplitBroken``, and nothing of the delivery may be kept.

        Raises:
            OSError: the job's file can't be opened.
        """
        return self._splitter.split(job)

    def draw(self, job: ReadJob) -> DrawResult:
        """Draw a page of an original, as the job's options say (see ``picture``).

        Raises:
            OSError: the job's file can't be opened.
        """
        return self._splitter.draw(job)

    def listen(self, job: ReadJob) -> SoundResult:
        """Decode the recording that an original is, or that a message holds (see ``audio``).

        Raises:
            OSError: the job's file can't be opened.
        """
        return self._splitter.listen(job)

    def _read(self, feed: Feed, done: Done) -> Iterator[tuple[ReadJob, ReadResult]]:
        self._hand_out(feed, done)
        while done or any(child.pending for child in self._children):
            if not done:
                self._collect(feed, done)
                self._hand_out(feed, done)
            left = self._clock()
            while done:
                yield done.pop(0)
            away = self._clock() - left
            for child in self._children:
                # What the caller did meanwhile is not the child's time: its answer may have been waiting for us.
                child.extend(away)

    def _hand_out(self, feed: Feed, done: Done) -> None:
        for job in feed:
            # With layouts of forms a request is long: several of them at once could fill the socket.
            light = job.media_type in _LIGHT_TYPES and job.size() <= _LIGHT_BYTES and "forms" not in job.options
            try:
                child = self._free_child(light)
            except BrokenStart:
                feed.put_back([job])
                raise
            if child is None:
                feed.put_back([job])
                return
            try:
                child.send("read", job)
            except Gone as gone:
                feed.put_back([job])
                self._bury(child, gone.why, feed, done)
                continue
            child.wear += 1 if light else _HEAVY_WEAR
            if len(child.pending) == 1:
                child.light = light
                self._begin(child)

    def _free_child(self, light: bool) -> Child | None:
        """The child that the next job goes to, or None if it has to wait. Only small jobs queue up, behind small ones:
        they hide the way there and back, and a long one would hold up those behind it."""
        for child in [child for child in self._children if child.wear >= _WORN and not child.pending]:
            self._end(child)
        fit = [child for child in self._children if child.wear < _WORN]
        idle = next((child for child in fit if not child.pending), None)
        if idle is not None:
            return idle
        if len(self._children) < self._processes:
            return self._start_reader()
        queueing = [child for child in fit if light and child.light and len(child.pending) < _WINDOW]
        return min(queueing, key=lambda child: len(child.pending), default=None)

    def _collect(self, feed: Feed, done: Done) -> None:
        """Wait until some child answers or is overdue, and take what there is."""
        first = min(child.deadline for child in self._children if child.pending)
        heard = self._selector.select(max(0.0, first - self._clock()))
        for key, _ in heard:
            child: Child = key.data
            try:
                for answer in child.receive():
                    self._take(child, answer, feed, done)
            except Gone as gone:
                self._bury(child, gone.why, feed, done)
        for child in [child for child in self._children if child.pending and child.deadline <= self._clock()]:
            self._bury(child, overdue(child, self._limits), feed, done, again=False)

    def _take(self, child: Child, answer: wire.Answer, feed: Feed, done: Done) -> None:
        if isinstance(answer, wire.Ready) and not child.ready:
            child.ready = True
            self._failed_starts = 0
            self._begin(child)
        elif isinstance(answer, wire.Progress):
            child.step_deadline = self._clock() + self._limits.step_seconds
        elif isinstance(answer, wire.Read | wire.Failed) and child.pending:
            if isinstance(answer, wire.Read) and not fits(child.pending[0], answer.reading):
                raise Gone(NONSENSE)
            result = answer.reading if isinstance(answer, wire.Read) else answer.why
            done += feed.take(child.pending.popleft(), result, self._spent(child))
            self._begin(child)
        else:
            raise Gone(NONSENSE)

    def _begin(self, child: Child) -> None:
        child.begin(self._clock(), self._limits.step_seconds, self._limits.item_seconds)
        child.room = 2 * self._limits.output_bytes  # what follows the answer may be there as well

    def _spent(self, child: Child) -> float:
        """How long it has been at its job."""
        return max(0.0, self._limits.item_seconds - (child.item_deadline - self._clock()))

    def _bury(self, child: Child, why: str, feed: Feed, done: Done, *, again: bool = True) -> None:
        """End a child. The job that it was at is to blame, unless it never started; the others are handed out anew.
        ``again`` says that what the child had read before may be to blame, so that a page may be tried once more."""
        last_words = self._end(child)
        jobs = list(child.pending)
        if child.ready and jobs:
            done += feed.lost(jobs.pop(0), why, self._spent(child), fresh=not again or child.wear <= _HEAVY_WEAR)
        feed.put_back(jobs)
        if not child.ready:
            self._count_failed_start(last_words or why)

    def _start(self) -> Child:
        try:
            return Child(self._command, self._limits.bounds, self._limits.output_bytes)
        except OSError as error:
            raise BrokenStart(f"{error.strerror}.") from error

    def _start_reader(self) -> Child:
        child = self._start()
        self._children.append(child)
        self._selector.register(child, selectors.EVENT_READ, child)
        return child

    def _count_failed_start(self, why: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= _STARTS:
            raise BrokenStart(why)

    def _end(self, child: Child) -> str:
        self._children.remove(child)
        self._selector.unregister(child)
        return child.kill()
