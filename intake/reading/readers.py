"""What reads items on this machine: processes in a sandbox, processes with limits alone, or nothing at all where
untrusted bytes must not be opened."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from intake.reading import bubblewrap
from intake.reading.child import COMMAND, ReadJob
from intake.reading.parts import ToolMissing
from intake.reading.sandbox import DrawResult, Limits, ReaderPool, ReadResult, SoundResult, SplitResult

SANDBOXED, LIMITS_ALONE, NOTHING = "bubblewrap", "limits alone", "none: nothing is read"


class Readers(Protocol):
    """Reads items and splits deliveries, somewhere that their bytes can do no harm."""

    def read(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, ReadResult]]:
        """Each item with its result, in any order."""
        ...

    def split(self, job: ReadJob) -> SplitResult:
        """The items of a delivery."""
        ...

    def draw(self, job: ReadJob) -> DrawResult:
        """A page of an original."""
        ...

    def listen(self, job: ReadJob) -> SoundResult:
        """The sound of a recording."""
        ...


class NoReaders:
    """Answers every job with what is missing, so that all of it stays pending."""

    def __init__(self, missing: ToolMissing) -> None:
        """Args: missing: what every job is answered with."""
        self._missing = missing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, ToolMissing]]:
        """Each job with what is missing."""
        for job in jobs:
            yield job, self._missing

    def split(self, job: ReadJob) -> ToolMissing:  # noqa: ARG002  # the pool's shape
        """What is missing."""
        return self._missing

    def draw(self, job: ReadJob) -> ToolMissing:  # noqa: ARG002  # the pool's shape
        """What is missing."""
        return self._missing

    def listen(self, job: ReadJob) -> ToolMissing:  # noqa: ARG002  # the pool's shape
        """What is missing."""
        return self._missing


@dataclass(frozen=True, slots=True)
class Means:
    """How untrusted bytes are opened on this machine.

    ``kind`` is one of the three above, kept with every run. ``why`` says in one sentence why it is no sandbox, "" if it
    is one. ``advice`` says how to come by one.
    """

    kind: str
    why: str = ""
    advice: str = ""

    def readers(self, processes: int, limits: Limits) -> ReaderPool | NoReaders:
        """What reads by these means; the pool's processes start when they are needed."""
        if self.kind == NOTHING:
            return NoReaders(
                ToolMissing(
                    "sandbox",
                    f"Nothing was read, because {self.why}: {self.advice}, and run again. Or set sandbox"
                    ' = "auto" under [reading] to read with limits alone; every run then says so.',
                    reason="no sandbox",
                )
            )
        command = bubblewrap.wrap((*COMMAND, "--sandboxed")) if self.kind == SANDBOXED else COMMAND
        return ReaderPool(processes, limits, time.monotonic, command)


def find_means(setting: Literal["require", "auto"]) -> Means:
    """How untrusted bytes can be opened here, by trying it; without a sandbox, the setting decides."""
    try:
        bubblewrap.probe()
    except bubblewrap.NoSandbox as lacking:
        return Means(LIMITS_ALONE if setting == "auto" else NOTHING, str(lacking), lacking.advice)
    return Means(SANDBOXED)
