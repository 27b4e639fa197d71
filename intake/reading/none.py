"""Readers that read nothing: what stands in for the pool where untrusted bytes must not be opened at all."""

from collections.abc import Iterable, Iterator
from typing import Self

from intake.reading.child import ReadJob
from intake.reading.parts import ToolMissing

NO_SANDBOX = ToolMissing(
    "The sandbox",
    'This version reads with limits alone: set sandbox = "auto" under [reading] to allow that, and every run says so.',
)


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
