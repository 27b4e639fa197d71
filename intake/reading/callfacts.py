"""What is known of a call or text message of a telephone service, as its reader says it: the values of one fact.

They cross a process border as JSON in ``Reading.facts[FACT]`` and are decoded strictly.
"""

from typing import Literal

import msgspec

FACT = "call"
CALL = "application/vnd.twilio.call+json"
MESSAGE = "application/vnd.twilio.message+json"
SENTENCES = "application/vnd.twilio.sentences+json"
VTT = "text/vtt"
SPEECH = "speech/"
"""How the name of a further original begins that a speech program made: behind it stands the recording's."""
UNSAID = 0.5
"""The confidence of words of which nobody says how sure they are."""

Heard = Literal["", "waiting", "failed", "empty", "read"]
"""What became of the transcript of a recording: none asked for, not there yet, none will come, no words, words."""


class Held(msgspec.Struct, frozen=True, array_like=True):
    """One original of a call, as its reader gets it: ``content`` is blank for audio, which is not opened."""

    name: str
    media_type: str
    size: int
    facts: dict[str, str]
    content: bytes


class Leg(msgspec.Struct, frozen=True):
    """A telephone that a call was put through to, and how that ended."""

    status: str
    seconds: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that was announced. ``audio``: its sound is held, ``size`` bytes of it. ``source`` says what made it
    (a voicemail's ``RecordVerb``, ``DialVerb`` …); ``started`` is ISO 8601 UTC, "" if unknown."""

    name: str
    status: str = ""
    source: str = ""
    started: str = ""
    seconds: float | None = None
    channels: int = 1
    audio: bool = False
    size: int = 0
    heard: Heard = ""


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A call or text message. Times are ISO 8601 UTC, "" if unknown; ``taken``: recordings are taken in at all;
    ``media``: how many pictures or other files came with a text message."""

    status: str = ""
    direction: str = ""
    sender: str = ""
    to: str = ""
    started: str = ""
    ended: str = ""
    seconds: int = 0
    trunk: bool = False
    taken: bool = True
    legs: list[Leg] = []
    recordings: list[Recorded] = []
    media: int = 0
