"""What reads items: a pool of processes, or nothing at all where untrusted bytes must not be opened."""

from collections.abc import Iterable, Iterator
from typing import Protocol, Self

from intake.reading.child import ReadJob
from intake.reading.parts import ToolMissing
from intake.reading.sandbox import ReadResult, SplitResult

NO_SANDBOX = ToolMissing(
    "The sandbox",
    'This version reads with limits alone: set sandbox = "auto" under [reading] to allow that, and every run says so.',
)


class Readers(Protocol):
    """Reads items and splits deliveries, somewhere that their bytes can do no harm."""

    def read(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, ReadResult]]:
        """Each item with its result, in any order."""
        ...

    def split(self, job: ReadJob) -> SplitResult:
        """The items of a delivery."""
        ...


class NoReaders:
    """Answers every job with what is missing, so that all of it stays pending."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, ToolMissing]]:
        """Each job with what is missing."""
        for job in jobs:
            yield job, NO_SANDBOX

    def split(self, job: ReadJob) -> ToolMissing:  # noqa: ARG002  # the pool's shape
        """What is missing."""
        return NO_SANDBOX
