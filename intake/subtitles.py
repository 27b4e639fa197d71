"""What a speech program prints -> sentences with their times -> WebVTT. Pure.

Read are WebVTT (W3C), SubRip (SRT), and lines of ``seconds<TAB>seconds<TAB>text`` (of whisper's own, with a header, the
times are milliseconds). Written is WebVTT.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_TAG = re.compile(r"<(?!v[ .])[^<>]{0,200}>")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^<>]{1,100})>")
_LINE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\t([0-9]{1,9}(?:\.[0-9]{1,6})?)\t(.*)")
_MILLISECONDS = re.compile(r"start\tend\ttext\s*", re.IGNORECASE)
_UNCLEAN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class NotSubtitles(ValueError):
    """It is no transcript in any of the three forms."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What was said from when to when (seconds); ``voice`` is who spoke, as the program calls them, "" if unknown."""

    begins: float
    ends: float
    words: str
    voice: str = ""


def read_cues(printed: str, seconds: float) -> list[Cue]:
    """The sentences of a recording of so many seconds, in the order of their times; none where nothing was heard. Times
    that lie behind its end are brought to it.

    Raises:
        NotSubtitles: there are words, and no times to them.
    """
    text = _UNCLEAN.sub("\ufffd", printed.lstrip("\ufeff")).replace("\r\n", "\n").replace("\r", "\n")
    found = list(_blocks(text) if "-->" in text or text.startswith("WEBVTT") else _lines(text))
    cues = [
        Cue(_until(cue.begins, seconds), _until(max(cue.begins, cue.ends), seconds), words, cue.voice)
        for cue in found
        if isfinite(cue.begins) and isfinite(cue.ends) and (words := " ".join(cue.words.split()))
    ]
    return sorted(cues, key=lambda cue: cue.begins)


def _until(moment: float, seconds: float) -> float:
    return round(min(moment, seconds), 3)


def _blocks(text: str) -> Iterator[Cue]:
    """The cues of WebVTT or SRT: a line with the times, and all that follows it up to an empty line."""
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        at = next((n for n, line in enumerate(lines[:3]) if "-->" in line), None)
        if at is None:
            continue
        times = _TIMES.fullmatch(lines[at])
        if times is None:
            raise NotSubtitles
        said = " ".join(lines[at + 1 :])
        voice = _VOICE.search(said)
        words = _VOICE.sub("", _TAG.sub("", said))
        for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
            words = words.replace(written, meant)
        yield Cue(
            _seconds(*times.groups()[:4]), _seconds(*times.groups()[4:]), words, voice[1].strip() if voice else ""
        )


def _seconds(hours: str | None, minutes: str, seconds: str, parts: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(parts.ljust(3, "0")) / 1000


def _lines(text: str) -> Iterator[Cue]:
    unit = 1.0
    for number, line in enumerate(text.split("\n")):
        if not line.strip():
            continue
        if number == 0 and _MILLISECONDS.fullmatch(line):
            unit = 1000.0
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise NotSubtitles
        yield Cue(float(found[1]) / unit, float(found[2]) / unit, found[3])


def as_vtt(cues: Sequence[Cue], program: str) -> bytes:
    """A WebVTT file of these sentences; a note says which program made it."""
    note = "".join(c if c.isalnum() or c in "._+-" else "_" for c in program)
    blocks = ["WEBVTT", f"NOTE made by {note}"]
    for cue in cues:
        words = cue.words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        voice = "".join(c for c in cue.voice if c.isalnum() or c == " ").strip()
        blocks.append(f"{_clock(cue.begins)} --> {_clock(cue.ends)}\n{f'<v {voice}>' if voice else ''}{words}")
    return ("\n\n".join(blocks) + "\n").encode("utf-8")


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
