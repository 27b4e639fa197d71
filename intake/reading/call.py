"""Calls and text messages of a telephone service: its resources as JSON, with what came of recordings and transcripts.

Options: ``further`` (int): the bytes are all originals of the receipt (msgpack, a list of ``Held``), the first one
first, and so many further ones behind it; without, they are the first original alone. Audio is never opened here.

Facts: ``call``, a ``CallFacts`` as JSON, and for people ``state``: in progress, answered, voicemail, missed, message.
``empty`` is "true" for a text message without a word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from intake.reading import calldoc, spoken
from intake.reading.agreed import Tick, no_tick
from intake.reading.callfacts import FACT, MESSAGE, SENTENCES, SPEECH, VTT, CallFacts, Heard, Held, Leg, Recorded
from intake.reading.clean import clean
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.spoken import Sentence
from intake.reading.wire import Options

READER = "call 1"
SPOKEN_BY = "speech program "
"""How the engine of a transcript by a speech program is called; its file name follows."""
ONGOING = frozenset({"queued", "initiated", "ringing", "in-progress"})
"""The states of a call that is not over."""
_UNREADABLE = Unreadable(
    "This is no call or text message as the telephone service writes them.",
    "Look the call up at the telephone service by its SID, which `intake trace` shows; report the receipt number.",
)
_NONE_COMES = frozenset({"failed", "canceled", "error"})


@dataclass(frozen=True, slots=True)
class _Telling:
    """One machine's word on a recording: what became of its transcript, and the sentences."""

    engine: str
    heard: Heard
    said: list[Sentence] = field(default_factory=list)


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:  # noqa: ARG001 - as all readers
    """Read a call or a text message.

    Args:
        data: see above.
        options: see above.
        tick: not called: it is one step.
    """
    media_type = str(options.get("media_type", ""))
    held = _held(data, media_type) if "further" in options else [Held("", media_type, len(data), {}, data)]
    found = [calldoc.decoded(one.content) for one in held if not one.name]
    documents = [document for document in found if document is not None]
    if not documents:
        return _UNREADABLE
    return _message(documents) if media_type == MESSAGE else _call(documents, held)


def _held(data: bytes, media_type: str) -> list[Held]:
    try:
        return msgspec.msgpack.decode(data, type=list[Held])
    except (msgspec.DecodeError, RecursionError):
        return [Held("", media_type, len(data), {}, b"")]


def _headers(lines: Iterable[tuple[str, str]]) -> Part:
    """What the resource says, a line each. Its first lines stay the same in all versions, so places in them hold."""
    text = "\n".join(f"{name}: {value}" for name, value in lines)
    return Part(number=0, kind="headers", media_type="text/plain", text=text, content=False)


# ---- text messages


def _message(documents: Sequence[calldoc.Json]) -> Reading:
    said = [calldoc.child(document, "message") for document in documents]
    # Words that the service has taken away since (it can redact them) are still what was sent.
    of = next((one for one in reversed(said) if calldoc.word(one, "body")), said[-1])
    facts = CallFacts(
        status=calldoc.word(of, "status"), direction=calldoc.word(of, "direction"), sender=calldoc.word(of, "from"),
        to=calldoc.word(of, "to"), started=calldoc.moment(of, "date_sent", "date_created"),
        media=calldoc.whole(of, "num_media"),
    )  # fmt: skip
    written = of.get("body")
    text, cleaned = clean(written if isinstance(written, str) else "")
    lines = [("From", facts.sender), ("To", facts.to), ("Sent", facts.started), ("Status", facts.status)]
    body = Part(number=1, kind="body", media_type="text/plain", text=text, cleaned=cleaned)
    found = {FACT: msgspec.json.encode(facts).decode(), "state": "message"}
    if not text.strip():
        found["empty"] = "true"
    return Reading(
        reader=READER, parts=[_headers(lines), body], facts=found, needs=["attachment"] if facts.media else []
    )


# ---- calls


def _call(documents: Sequence[calldoc.Json], held: Sequence[Held]) -> Reading:
    of = calldoc.child(documents[-1], "call")
    legs = [
        Leg(calldoc.word(leg, "status"), calldoc.whole(leg, "duration"))
        for leg in calldoc.by_sid(documents, "legs").values()
    ]
    told = _recordings(documents, held)
    facts = CallFacts(
        status=calldoc.word(of, "status"), direction=calldoc.word(of, "direction"), sender=calldoc.word(of, "from"),
        to=calldoc.word(of, "to"), started=calldoc.moment(of, "start_time", "date_created"),
        ended=calldoc.moment(of, "end_time"), seconds=calldoc.whole(of, "duration"),
        trunk=bool(calldoc.word(of, "trunk_sid")), taken=documents[-1].get("recordings_taken") is not False, legs=legs,
        recordings=[recorded for recorded, _ in told],
    )  # fmt: skip
    parts = [_headers(_lines(facts))]
    for recorded, tellings in told:
        parts += _parts(len(parts), recorded, tellings, {one.name: one for one in held})
    said = {FACT: msgspec.json.encode(facts).decode(), "state": state_of(facts)}
    programs = [part.engine.removeprefix(SPOKEN_BY) for part in parts if part.content and _by_program(part)]
    return Reading(reader=", ".join([READER, *dict.fromkeys(programs)]), parts=parts, facts=said)


def _speech(made: Held) -> str:
    """What a speech program is called as an engine: by its file name."""
    return f"{SPOKEN_BY}{made.facts.get('program', '')}"[:80]


def _by_program(part: Part) -> bool:
    return part.kind == "transcript" and part.engine.startswith(SPOKEN_BY)


def state_of(facts: CallFacts) -> str:
    """The state of a call that matters to people: in progress, answered, voicemail, or missed."""
    if facts.status in ONGOING:
        return "in progress"
    sources = {recorded.source for recorded in facts.recordings if recorded.status != "absent"}
    answered = any(leg.status in ("completed", "in-progress") and leg.seconds for leg in facts.legs)
    if answered or (facts.status == "completed" and facts.trunk and facts.seconds) or sources - {"RecordVerb", ""}:
        return "answered"
    return "voicemail" if sources else "missed"


def _lines(facts: CallFacts) -> Iterator[tuple[str, str]]:
    yield from (("From", facts.sender), ("To", facts.to), ("Started", facts.started))
    yield from (("Status", facts.status), ("State", state_of(facts)), ("Ended", facts.ended))
    yield ("Duration", f"{facts.seconds} s")
    yield from (("Put through", f"{leg.status}, {leg.seconds} s") for leg in facts.legs)
    for recorded in facts.recordings:
        length = "" if recorded.seconds is None else f", {recorded.seconds:g} s"
        held = f"held, {recorded.size} bytes" if recorded.audio else "not held"
        source = f", {recorded.source}" if recorded.source else ""
        yield ("Recording", f"{recorded.name}, {recorded.status}{length}{source}, {held}")
    if not facts.taken:
        yield ("Recordings", "not taken, by the channel's settings")


def _recordings(documents: Sequence[calldoc.Json], held: Sequence[Held]) -> list[tuple[Recorded, list[_Telling]]]:
    """The recordings in the order of time, each with what machines made of it, the surest first."""
    newest = {calldoc.word(one, "sid") for one in calldoc.children(documents[-1], "recordings")}
    audio = {one.name: one for one in held if one.media_type.startswith(("audio/", "video/"))}
    tellings = _tellings(documents, held)
    found = []
    # What was transcribed and taken away at the service before it was listed here has its words still.
    taken_away = {sid: {"status": "deleted"} for sid in tellings if sid}
    for sid, resource in (taken_away | calldoc.by_sid(documents, "recordings")).items():
        status = calldoc.word(resource, "status")
        if sid not in newest and sid not in audio and status not in ("completed", "deleted"):
            continue  # it was under way, and never came to anything
        length = calldoc.seconds(resource, "duration")
        recorded = Recorded(
            name=sid, status=status, source=calldoc.word(resource, "source"),
            started=calldoc.moment(resource, "start_time", "date_created"), seconds=length,
            channels=max(1, min(9, calldoc.whole(resource, "channels"))), audio=sid in audio,
            size=audio[sid].size if sid in audio else 0,
        )  # fmt: skip
        heard = [made(recorded) for made in tellings.get(sid, [])]
        found.append((msgspec.structs.replace(recorded, heard=_heard(heard)), heard))
    return sorted(found, key=lambda told: (told[0].started, told[0].name))


def _heard(tellings: Sequence[_Telling]) -> Heard:
    """What became of the transcripts of a recording together: words, if any has some; then what is still to come."""
    order: tuple[Heard, ...] = ("read", "waiting", "empty", "failed")
    for state in order:
        if any(telling.heard == state for telling in tellings):
            return state
    return ""


def _tellings(documents: Sequence[calldoc.Json], held: Sequence[Held]) -> dict[str, list["_Maker"]]:
    """By recording: Intelligence transcripts, the newest first; then legacy transcriptions; then a speech program's."""
    by_name = {one.name: one for one in held}
    found: dict[str, list[_Maker]] = {}
    transcripts = calldoc.by_sid(documents, "transcripts")
    for sid, resource in sorted(
        transcripts.items(), key=lambda t: calldoc.moment(t[1], "date_created"), reverse=True
    ):  # fmt: skip
        source = calldoc.word(calldoc.child(calldoc.child(resource, "channel"), "media_properties"), "source_sid")
        found.setdefault(source, []).append(_Maker("intelligence", resource, by_name.get(sid)))
    for resource in calldoc.by_sid(documents, "transcriptions").values():
        found.setdefault(calldoc.word(resource, "recording_sid"), []).append(_Maker("transcription", resource, None))
    for name, one in by_name.items():
        if name.startswith(SPEECH) and one.media_type == VTT:
            found.setdefault(name.removeprefix(SPEECH), []).append(_Maker(_speech(one), {}, one))
    return found


@dataclass(frozen=True, slots=True)
class _Maker:
    """What one machine made of a recording: its resource, and the further original with the words, if it is held."""

    engine: str
    resource: calldoc.Json
    held: Held | None

    def __call__(self, recorded: Recorded) -> _Telling:
        """Its word on this recording."""
        if self.held is not None and self.held.facts.get("problem"):
            return _Telling(self.engine, "")  # our own program could not read it: as if it had not been asked
        said = self._said(recorded)
        if said:
            return _Telling(self.engine, "read", said)
        status = calldoc.word(self.resource, "status")
        if self.engine.startswith(SPOKEN_BY) or (status == "completed" and self._whole):
            return _Telling(self.engine, "empty")
        return _Telling(self.engine, "failed" if status in _NONE_COMES else "waiting")

    @property
    def _whole(self) -> bool:
        """Whether all that there is of it has come."""
        return self.engine != "intelligence" or (
            self.held is not None and calldoc.decoded(self.held.content) is not None
        )

    def _said(self, recorded: Recorded) -> list[Sentence]:
        if self.engine == "transcription":
            written = self.resource.get("transcription_text")
            is_done = calldoc.word(self.resource, "status") == "completed"
            return spoken.of_text(written, recorded.seconds or 0.0) if is_done else []
        if self.held is None:
            return []
        if self.held.media_type == SENTENCES:
            document = calldoc.decoded(self.held.content) or {}
            return spoken.of_intelligence(document, self.resource, recorded.channels)
        return spoken.of_vtt(self.held.content)


def _parts(first: int, recorded: Recorded, tellings: Sequence[_Telling], held: Mapping[str, Held]) -> Iterator[Part]:
    """The audio, which is only named, and the transcripts of a recording: the words are those of the first that has
    some."""
    sound = held.get(recorded.name)
    gone = None if sound is not None or recorded.status == "absent" else "The sound of this recording is not here."
    yield Part(
        number=first, kind="attachment", media_type=sound.media_type if sound else "audio/*", name=recorded.name,
        content=False, problem=gone,
    )  # fmt: skip
    taken = False
    for n, telling in enumerate((t for t in tellings if t.said), start=first + 1):
        why = "" if not taken else "kept beside the transcript that was taken"
        yield spoken.part(n, recorded.name, telling.engine, telling.said, content=not taken, choice=why)
        taken = True
