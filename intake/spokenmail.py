"""A voicemail that came by mail, with what a speech program made of its recording: a part behind the message's own."""

from collections.abc import Sequence

from msgspec.structs import replace as changed

from intake.reading import spoken
from intake.reading.call import SPOKEN_BY
from intake.reading.parts import Part, Reading
from storage.further import FurtherView
from storage.originals import OriginalStore

PREFIX = "speech/"
"""How the name of what was made of a recording begins; the recording's own follows: of a message, ``<item>.<part>``,
where item 0 is the message itself and part is counted from 0, as its reader counts them."""


def with_transcripts(reading: Reading, originals: OriginalStore, kept: Sequence[FurtherView]) -> Reading:
    """A message's reading with the transcripts of its own recordings, in the order of the recordings.

    Raises:
        OriginalDamaged: a transcript is missing, or has other bytes than were kept.
    """
    newest = {one.name: one for one in kept if one.name.startswith(f"{PREFIX}0.")}
    parts = list(reading.parts)
    readers = [reading.reader]
    for name, one in sorted(newest.items(), key=lambda item: _part_of(item[0])):
        number = _part_of(name)
        said = spoken.of_vtt(originals.read(one.sha256))
        if not said or not 0 <= number < len(reading.parts):
            continue
        program = one.facts.get("program", "")
        part = spoken.part(len(parts), reading.parts[number].name, f"{SPOKEN_BY}{program}", said, content=True)
        parts.append(changed(part, inside=number))
        readers.append(program)
    return changed(reading, parts=parts, reader=", ".join(dict.fromkeys(readers)))


def _part_of(name: str) -> int:
    number = name.rpartition(".")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else -1


def heard_parts(reading: Reading) -> list[Part]:
    """The parts of a reading that a speech program heard."""
    return [part for part in reading.parts if part.kind == "transcript" and part.engine.startswith(SPOKEN_BY)]
