"""The transcript of a recording as a part: its sentences with their times, and who spoke, as far as that is known.

What a call handler said is marked as quoted: it stays in the part, and is not the caller's answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from intake.reading import calldoc
from intake.reading.callfacts import SENTENCES, UNSAID, VTT
from intake.reading.clean import clean
from intake.reading.parts import Mark, Part, Spoken

Speaker = Literal["caller", "handler", ""]
BOTH = 2
"""So many channels are two people, each on one."""
_CUSTOMER = "customer"
_TIMES = re.compile(r"^\s*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,100})>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,200}>")
_NAMED: Mapping[str, Speaker] = {
    "caller": "caller", "customer": "caller", "resident": "caller",
    "handler": "handler", "agent": "handler", "operator": "handler", "staff": "handler",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sentence:
    """What was said from when to when (seconds), by whom, and how sure that is."""

    begins: float
    ends: float
    words: str
    speaker: Speaker = ""
    confidence: float = UNSAID


def of_intelligence(document: calldoc.Json, transcript: calldoc.Json, channels: int) -> list[Sentence]:
    """The sentences of an Intelligence transcript (its resource is ``transcript``) of a recording with so many
    channels. On a single channel nobody can be told apart, whatever the transcript says of its participants."""
    items = list(calldoc.children(document, "sentences"))
    heard_on = max((calldoc.whole(item, "media_channel") for item in items), default=0)
    who = _speakers(transcript) if max(channels, heard_on) >= BOTH else {}
    found = []
    for item in items:
        words = _words(item.get("transcript"))
        if not words:
            continue
        begins = calldoc.seconds(item, "start_time")
        ends = calldoc.seconds(item, "end_time")
        begins = (ends or 0.0) if begins is None else begins
        sure = calldoc.number(item, "confidence")
        confidence = UNSAID if sure is None else min(sure, 1.0)
        speaker = who.get(calldoc.whole(item, "media_channel"), "")
        found.append(Sentence(begins, max(begins, ends or 0.0), words, speaker, confidence))
    return sorted(found, key=lambda sentence: sentence.begins)


def _speakers(transcript: calldoc.Json) -> dict[int, Speaker]:
    """Who is on which channel. Of an incoming call the caller is on the first, unless the transcript says otherwise."""
    said: dict[int, Speaker] = {}
    for participant in calldoc.children(calldoc.child(transcript, "channel"), "participants"):
        role, channel = calldoc.word(participant, "role").casefold(), calldoc.whole(participant, "channel_participant")
        if role and channel:
            said[channel] = "caller" if role == _CUSTOMER else "handler"
    if not said:
        return {1: "caller", 2: "handler"}
    other: Speaker = "handler" if "caller" in said.values() else "caller"
    return {channel: said.get(channel, other) for channel in {1, 2, *said}}


def of_vtt(content: bytes) -> list[Sentence]:
    """The cues of a WebVTT file (W3C): its times and words, and whose they are where a voice is named."""
    found = []
    text = clean(content.decode("utf-8-sig", "replace"))[0].replace("\r\n", "\n").replace("\r", "\n")
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        at = next((n for n, line in enumerate(lines[:2]) if _TIMES.match(line)), None)
        times = None if at is None else _TIMES.match(lines[at])
        if at is None or times is None:
            continue
        said = "\n".join(lines[at + 1 :])
        voice = _VOICE.search(said)
        words = _words(_TAG.sub("", said).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        if words:
            begins, ends = _clock(times[1]), _clock(times[2])
            speaker = _NAMED.get(voice[1].strip().casefold(), "") if voice else ""
            found.append(Sentence(begins, max(begins, ends), words, speaker))
    return found


def _clock(written: str) -> float:
    total = 0.0
    for piece in written.replace(",", ".").split(":"):
        total = total * 60 + float(piece)
    return round(total, 3)


def _words(written: object) -> str:
    """Words on one line; "" for what is none, as ``(blank)`` where a machine heard nothing."""
    if not isinstance(written, str):
        return ""
    words = " ".join(clean(written)[0].split())
    return "" if words.strip("()[]. ").casefold() == "blank" else words


def of_text(written: object, length: float) -> list[Sentence]:
    """A transcription that gives no times: one sentence, as long as the recording."""
    words = _words(written)
    return [Sentence(0.0, length, words)] if words else []


def part(
    number: int, recording: str, engine: str, said: Sequence[Sentence], *, content: bool, choice: str = ""
) -> Part:
    """The part that a transcript is, a sentence a line. Its confidence is that of the weakest one that can be the
    caller's."""
    at, spoken = 0, []
    for sentence in said:
        end = at + len(sentence.words)
        spoken.append(Spoken(at, end, sentence.begins, sentence.ends, sentence.speaker, sentence.confidence))
        at = end + 1
    text = "\n".join(sentence.words for sentence in said)
    theirs = [sentence.confidence for sentence in said if sentence.speaker != "handler"]
    return Part(
        number=number, kind="transcript", media_type=VTT if engine.startswith("speech") else SENTENCES, text=text,
        content=content, method="transcript", confidence=min(theirs, default=UNSAID), name=recording, spoken=spoken,
        marks=list(_marks(spoken)), engine=engine, choice=choice,
    )  # fmt: skip


def _marks(spoken: Sequence[Spoken]) -> Iterator[Mark]:
    """One for each run of sentences of a handler."""
    start: int | None = None
    end = 0
    for sentence in spoken:
        if sentence.speaker == "handler":
            start = sentence.start if start is None else start
            end = sentence.end
        elif start is not None:
            yield Mark("quoted", start, end)
            start = None
    if start is not None:
        yield Mark("quoted", start, end)
