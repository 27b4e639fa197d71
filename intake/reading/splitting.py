"""The parent's side of splitting: a delivery goes to a process, whose rows or pieces are read as they come.

Pictures of pages are asked for here too: one job at a time, of a process that is kept for the next.
"""

import select
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from intake.reading import wire
from intake.reading.child import NONSENSE, Child, Gone, ReadJob
from intake.reading.limits import Limits
from intake.reading.parts import Picture, Piece, Row, Sound, Table, ToolMissing, Unreadable

_STARTS = 3
_TIMES_ITS_SIZE = 20
_TIMES_PACKED = 400
"""Of a workbook, which is zipped: where the same few texts stand in each row, it packs to a hundredth."""
_ROWS_OF_A_SHEET = 1_048_576
_TEXT = frozenset({"text/csv", "application/mbox"})
NEXT_STEP = "Try it again once; if it fails again, open it by hand or ask for another copy."


@dataclass(frozen=True, slots=True)
class TableSplit:
    """A table that was checked whole; its rows, in file order, are read while they are taken.

    Taking them raises ``SplitBroken`` if the reader is lost on the way.
    """

    table: Table
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class MessageSplit:
    """The messages of an mbox, in file order. Taking them raises ``SplitBroken`` if the reader is lost on the way."""

    pieces: Iterator[Piece]


SplitResult = TableSplit | MessageSplit | Unreadable | ToolMissing
DrawResult = Picture | Unreadable | ToolMissing
SoundResult = Sound | Unreadable | ToolMissing
Answers = Generator[wire.Answer, None, None]
A = TypeVar("A", wire.Drawn, wire.Listened)


class SplitBroken(Exception):
    """The reader was lost after it had handed over the first rows or pieces: none of them may be kept."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(unreadable.reason)
        self.unreadable = unreadable


class BrokenStart(Exception):
    """No process can be started; ``missing`` says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.missing = ToolMissing(
            "the reader's process", f"Reading needs a process of its own, and it can't be started: {why}"
        )


class Splitter:
    """Splits deliveries, and draws pages. It keeps a process for the next job, and starts another only if that one is
    still busy."""

    def __init__(self, start: Callable[[], Child], limits: Limits, clock: Callable[[], float]) -> None:
        """Args: start: starts a process. limits: for it; all answers together may be longer than a single one by twenty
        times what the delivery holds (a row of one letter takes ten). clock: monotonic seconds."""
        self._start = start
        self._limits = limits
        self._clock = clock
        self._idle: list[Child] = []

    def close(self) -> None:
        """End the processes that are kept."""
        while self._idle:
            self._idle.pop().kill()

    def split(self, job: ReadJob) -> SplitResult:
        """Split one delivery; see ``ReaderPool.split``."""
        found = self.ask("split", job)
        return _result(job, *found) if isinstance(found, tuple) else found

    def draw(self, job: ReadJob) -> DrawResult:
        """Draw one page; see ``ReaderPool.draw``."""
        found = self._ask_one("draw", wire.Drawn, job)
        return found.picture if isinstance(found, wire.Drawn) else found

    def listen(self, job: ReadJob) -> SoundResult:
        """Decode one recording; see ``ReaderPool.listen``."""
        found = self._ask_one("listen", wire.Listened, job)
        return found.sound if isinstance(found, wire.Listened) else found

    def _ask_one(self, task: wire.Task, kind: type[A], job: ReadJob) -> A | Unreadable | ToolMissing:
        found = self.ask(task, job)
        return _only(kind, *found) if isinstance(found, tuple) else found

    def ask(self, task: wire.Task, job: ReadJob) -> tuple[wire.Answer, Answers] | Unreadable | ToolMissing:
        """Hand a job to a process; its first answer, and the others as they come."""
        failure = ""
        for _ in range(_STARTS):
            answers = self._answers(task, job)
            try:
                first = next(answers)
            except _NeverStarted as error:
                failure = str(error)
                continue
            except SplitBroken as error:
                return error.unreadable
            except BrokenStart as error:
                return error.missing
            return first, answers
        return BrokenStart(failure).missing

    def _answers(self, task: wire.Task, job: ReadJob) -> Answers:
        """Yield what a process answers, the last of it included. The process is kept only if that was taken."""
        child = self._child()
        ended = False
        try:
            child.send(task, job)
            times = _TIMES_ITS_SIZE if task != "split" or _is_text(job) else _TIMES_PACKED
            child.room = self._limits.output_bytes + times * job.size()
            self._begin(child)
            while not ended:
                for answer in self._receive(child):
                    ended = isinstance(answer, wire.Failed | wire.End | wire.Drawn | wire.Listened)
                    left = self._clock()
                    yield answer
                    child.extend(self._clock() - left)  # what the caller did meanwhile is not the child's time
            child.pending.clear()
        except Gone as gone:
            if not child.ready:
                raise _NeverStarted(child.kill() or gone.why) from gone
            raise SplitBroken(Unreadable(gone.why, NEXT_STEP)) from gone
        finally:
            if ended and not child.pending:
                self._idle.append(child)
            else:
                child.kill()

    def _child(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            child.kill()
        return self._start()

    def _begin(self, child: Child) -> None:
        child.begin(self._clock(), self._limits.step_seconds, self._limits.item_seconds)

    def _receive(self, child: Child) -> Iterator[wire.Answer]:
        wait = child.deadline - self._clock()
        if wait <= 0 or not select.select([child], [], [], wait)[0]:
            raise Gone(overdue(child, self._limits))
        for answer in child.receive():
            if not isinstance(answer, wire.Ready):
                child.step_deadline = self._clock() + self._limits.step_seconds
                yield answer
            elif not child.ready:
                child.ready = True
                self._begin(child)


class _NeverStarted(Exception):
    """The process ended before it was up: the job is not to blame."""


def overdue(child: Child, limits: Limits) -> str:
    """The sentence about an item that takes too long, or about a process that never came up."""
    if not child.ready:
        return "It did not come up in time."
    seconds = limits.step_seconds if child.step_deadline <= child.item_deadline else limits.item_seconds
    what = child.pending[0].what if child.pending else "file"
    return f"Reading this {what} takes longer than the {seconds:g} seconds that are allowed."


def _result(job: ReadJob, first: wire.Answer, answers: Answers) -> SplitResult:
    if isinstance(first, wire.Failed):
        for _ in answers:
            pass
        return first.why
    if isinstance(first, wire.Header):
        most = job.size() if _is_text(job) else max(job.size(), _ROWS_OF_A_SHEET)
        return TableSplit(first.table, _rows(answers, len(first.table.columns), most))
    if isinstance(first, wire.Pieces):
        return MessageSplit(_pieces(first, answers, job.size()))
    answers.close()
    return Unreadable(NONSENSE, NEXT_STEP)


def _only(kind: type[A], first: wire.Answer, answers: Answers) -> A | Unreadable | ToolMissing:
    """The one answer of a task that has but one."""
    if isinstance(first, wire.Failed | kind):
        for _ in answers:
            pass
        return first.why if isinstance(first, wire.Failed) else first
    answers.close()
    return Unreadable(NONSENSE, NEXT_STEP)


def _is_text(job: ReadJob) -> bool:
    """Whether the rows of a delivery stand in it as they are; a workbook that is called .csv counts as what it is."""
    return job.media_type in _TEXT and not job.is_zip()


def _rows(answers: Answers, width: int, most: int) -> Iterator[Row]:
    """The rows, if they can be true: numbers that rise, none above what the file can hold, as wide as the header."""
    last = 1
    for answer in answers:
        for row in answer.rows if isinstance(answer, wire.Rows) else _nothing(answer):
            if not last < row.number <= most or len(row.cells) != width:
                raise SplitBroken(Unreadable(NONSENSE, NEXT_STEP))
            last = row.number
            yield row


def _pieces(first: wire.Pieces, answers: Answers, size: int) -> Iterator[Piece]:
    """The pieces, as far as they can be true: inside the file, in order, none overlapping another."""
    last = 0
    for answer in chain([first], answers):
        for piece in answer.pieces if isinstance(answer, wire.Pieces) else _nothing(answer):
            if not last <= piece.start <= piece.end <= size:
                raise SplitBroken(Unreadable(NONSENSE, NEXT_STEP))
            last = piece.end
            yield piece


def _nothing(answer: wire.Answer) -> tuple[()]:
    if isinstance(answer, wire.Failed) and isinstance(answer.why, Unreadable):
        raise SplitBroken(answer.why)
    if not isinstance(answer, wire.End):
        raise SplitBroken(Unreadable(NONSENSE, NEXT_STEP))
    return ()
