"""Recordings -> transcripts by a speech program of the council's own: ``[reading] speech_command``. None is shipped.

The recording is decoded in the readers' sandbox; the program gets a plain WAV and prints sentences with times, which
are kept as a further original of the receipt and read with it like any other. It runs once for a recording: what it
made, or why it made nothing, is kept with the command that was asked, and only another command is asked again. A person
stays the one who decides: its words are never surer than a hint.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from time import monotonic

import structlog

from intake.reading.parts import Sound, ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob
from intake.receive import ChannelRun
from intake.speechprogram import Broken, NoProgram, Program
from intake.spokenmail import PREFIX
from intake.subtitles import NotSubtitles, as_vtt, read_cues
from storage import further, ledger, recordings
from storage.further import NewFurther
from storage.recordings import Recording

log = structlog.get_logger()
VTT = "text/vtt"
_MOST_SECONDS = 3600.0  # of a run on one channel: it holds the channel, and what is left waits for the next run
_GIVES_UP = 3  # failures in a row: the program itself is to blame, and the other recordings wait for it to be mended


@dataclass(frozen=True, slots=True)
class Speech:
    """The program that transcribes: its command, how long it may take over one recording, and whether it is put into a
    sandbox. ``hidden`` is a folder that it never sees: the home."""

    command: tuple[str, ...]
    seconds: int
    sandboxed: bool
    hidden: Path

    @property
    def name(self) -> str:
        """The program's file name, by which readings name it."""
        return PurePath(self.command[0]).name

    @property
    def digest(self) -> str:
        """What tells this command from another one."""
        return hashlib.sha256(json.dumps(self.command).encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(slots=True)
class Transcribed:
    """What became of the recordings of a channel in one run: how many the program was asked about, how many of them
    have words now, one sentence on what went wrong, and what the machine lacks."""

    made: int = 0
    asked: int = 0
    problem: str = ""
    missing: ToolMissing | None = None


def transcribe(current: ChannelRun, pool: Readers, speech: Speech) -> Transcribed:
    """Have the program transcribe what waits for it on a channel, once each."""
    done, failed, in_a_row, last = Transcribed(), 0, 0, ""
    until = monotonic() + _MOST_SECONDS
    for recording in _waiting(current, speech):
        if monotonic() > until:
            break
        sound = _sound(current, pool, recording)
        if isinstance(sound, ToolMissing):
            done.missing = sound
            break
        try:
            content, why = _made(speech, sound)
        except NoProgram as lacking:
            done.missing = ToolMissing(speech.name, str(lacking))
            break
        _keep(current, speech, recording, content, why)
        done.asked += 1
        if not why:
            done.made, in_a_row = done.made + 1, 0
            continue
        failed, in_a_row, last = failed + 1, in_a_row + (not isinstance(sound, Unreadable)), why
        log.warning("not transcribed", receipt=recording.receipt_id, why=why)
        if in_a_row >= _GIVES_UP:
            break
    if failed:
        recorded = "1 recording was" if failed == 1 else f"{failed} recordings were"
        stopped = " It was not asked about the others in this run." if in_a_row >= _GIVES_UP else ""
        done.problem = f"{recorded} not transcribed by {speech.name}: {last} A person types what is said.{stopped}"
    return done


def _waiting(current: ChannelRun, speech: Speech) -> list[Recording]:
    """The recordings that wait for words, and about which this very command was not asked yet."""
    with current.database.read() as tx:
        found = recordings.awaiting_words(tx, current.channel)
        made = recordings.made_by(tx, list({one.receipt_id for one in found}), PREFIX)
    asked = {(receipt, name, facts.get("of"), facts.get("command")) for receipt, name, facts in made}
    return [r for r in found if (r.receipt_id, PREFIX + r.name, r.sha256, speech.digest) not in asked]


def _sound(current: ChannelRun, pool: Readers, recording: Recording) -> Sound | Unreadable | ToolMissing:
    if not current.originals.intact(recording.sha256):
        return Unreadable("Its stored bytes are no longer those that were received.", "")
    options = {} if recording.part is None else {"item": recording.item, "attached": recording.part}
    path = current.originals.path(recording.sha256)
    return pool.listen(ReadJob(recording.receipt_id, path, None, recording.media_type, options))


def _made(speech: Speech, sound: Sound | Unreadable) -> tuple[bytes, str]:
    """The transcript as WebVTT, and why there is none: one sentence, "" if there is one."""
    if isinstance(sound, Unreadable):
        return as_vtt([], speech.name), sound.reason
    program = Program(speech.command, speech.seconds, speech.sandboxed, speech.hidden)
    try:
        return as_vtt(read_cues(program.run(sound.wav), sound.seconds), speech.name), ""
    except Broken as broken:
        return as_vtt([], speech.name), str(broken)
    except NotSubtitles:
        return as_vtt([], speech.name), "What it printed is no transcript (WebVTT, SRT, or seconds, seconds and text)."


def _keep(current: ChannelRun, speech: Speech, recording: Recording, content: bytes, why: str) -> None:
    """Durable first, then recorded; it has not been read yet."""
    facts = {"of": recording.sha256, "command": speech.digest, "program": speech.name} | (
        {"problem": why} if why else {}
    )
    with current.originals.batch() as batch:
        stored = batch.add(content)
        batch.commit()
    new = NewFurther(
        receipt_id=recording.receipt_id, name=PREFIX + recording.name, sha256=stored.sha256, size=stored.size,
        media_type=VTT, facts={name: fact for name, fact in facts.items() if fact},
    )  # fmt: skip
    with current.database.write() as tx:
        further.add_further(tx, current.run, current.clock(), [new])
        ledger.number_entries(tx)
