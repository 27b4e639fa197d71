"""How untrusted bytes are opened for this consultation, as its section ``[reading]`` says, and who hears recordings."""

import os
from dataclasses import dataclass
from pathlib import Path

from intake.config import Reading
from intake.errors import Refused
from intake.reading.readers import NOTHING, SANDBOXED, Means, NoReaders, find_means
from intake.reading.sandbox import Limits, ReaderPool
from intake.speech import Speech


@dataclass(frozen=True, slots=True)
class Opening:
    """The settings, and the home, which a program for recordings must not see."""

    reading: Reading
    home: Path

    def means(self) -> Means:
        """How bytes can be opened on this machine now, by trying it."""
        return find_means(self.reading.sandbox)

    def readers(self, means: Means | None = None) -> ReaderPool | NoReaders:
        """What reads, by these means (those that there are now, if none are given)."""
        processes = self.reading.processes or len(os.sched_getaffinity(0))
        limits = Limits(memory_mb=self.reading.memory_mb, step_seconds=self.reading.seconds_per_item)
        return (means or self.means()).readers(processes, limits)

    def speech(self, means: Means) -> Speech | None:
        """The program that transcribes recordings, None if none is configured or nothing may be opened here."""
        if not self.reading.speech_command or means.kind == NOTHING:
            return None
        sandboxed = means.kind == SANDBOXED
        return Speech(self.reading.speech_command, self.reading.speech_seconds, sandboxed, self.home.resolve())

    def must_read(self) -> None:
        """Raises Refused where nothing can be opened: what a person adds must be read with the rest at once."""
        means = self.means()
        if means.kind == NOTHING:
            raise Refused(f"Nothing can be read here now, because {means.why}: {means.advice}, and do this again.")
