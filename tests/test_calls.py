"""What becomes of a call: how it ended, what it waits for, and whose words are taken. Pure: nothing is written."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS, twilio_http
from intake import calls, config
from intake.filled import Filled, Rules
from intake.places import Gazetteer
from intake.reading import dispatch, spoken, wire
from intake.reading.callfacts import CALL, MESSAGE, SENTENCES, Held
from intake.reading.parts import Part, Reading, Spoken, Unreadable, marks_hold, spoken_holds
from storage.receipts import ReceiptView, Settled
from tests.support.consultation import CONFIG, PLACES
from tests.support.exchange import canonical, sentences

pytestmark = pytest.mark.usefixtures("warm_readers")

START = datetime(2011, 3, 1, 9, tzinfo=UTC)
WAIT = timedelta(hours=24)
SOON = START + timedelta(hours=1)
AFTER = START + timedelta(hours=30)
CALLER, LINE = "+447700900123", "+441603223762"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "places.csv").write_text(PLACES)
    text = CONFIG.replace('"DATABASE"', '""').replace('"NR1 2DL"', '"NR1 2DL", "01603 222000"')
    (folder / "config.toml").write_text(text)
    loaded = config.load(folder / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    return Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))


def receipt(media_type: str = CALL) -> ReceiptView:
    return ReceiptView(
        id=7, channel="phone", kind="item", source_key="CA1", version="x", path_named=False, sha256="ab" * 32,
        media_type=media_type, arrived_at=START, arrived_basis="call", facts={}, taken_at=START, run_id=1,
        delivery_id=None, place=None, outcome="pending", reason="", next_step="",
    )  # fmt: skip


def call(status: str = "completed", *, legs: Any = (), recordings: Any = (), transcriptions: Any = (),
         transcripts: Any = (), taken: bool = True, **values: Any) -> dict[str, Any]:  # fmt: skip
    of = {"sid": "CA1", "from": CALLER, "to": LINE, "direction": "inbound", "duration": "30", "status": status,
          "start_time": "Tue, 01 Mar 2011 09:00:00 +0000"}  # fmt: skip
    return {"call": of | values, "legs": list(legs), "recordings": list(recordings),
            "transcriptions": list(transcriptions), "transcripts": list(transcripts),
            "recordings_taken": taken}  # fmt: skip


def leg(status: str, seconds: int = 0, number: int = 1) -> dict[str, Any]:
    return {"sid": f"CA9{number}", "status": status, "duration": str(seconds), "parent_call_sid": "CA1"}


def recording(sid: str = "RE1", status: str = "completed", **values: Any) -> dict[str, Any]:
    return {"sid": sid, "status": status, "duration": "10", "channels": 1, "source": "RecordVerb",
            "start_time": "Tue, 01 Mar 2011 09:00:10 +0000"} | values  # fmt: skip


def transcript(status: str = "completed", of: str = "RE1", sid: str = "GT1", *roles: str) -> dict[str, Any]:
    participants = [{"channel_participant": n, "role": role} for n, role in enumerate(roles, start=1)]
    source = {"media_properties": {"source_sid": of}, "participants": participants}
    return {"sid": sid, "status": status, "date_created": "2011-03-01T09:10:00Z", "channel": source}


def transcription(text: str | None, status: str = "completed", of: str = "RE1") -> dict[str, Any]:
    return {"sid": "TR1", "recording_sid": of, "status": status, "transcription_text": text}


def read(document: Mapping[str, Any], **further: bytes) -> Reading:
    """What the reader makes of a document with these further originals; audio for ``RE…``."""
    held = [Held("", CALL, 1, {}, canonical(document))]
    for name, content in further.items():
        kind = "audio/x-wav" if name.startswith("RE") else "text/vtt" if name.startswith("speech") else SENTENCES
        held.append(Held(name.replace("speech_", "speech/"), kind, len(content), {}, content))
    found = dispatch.read(msgspec.msgpack.encode(held), CALL, {"further": len(held) - 1})
    assert isinstance(found, Reading)
    assert isinstance(wire.answer(msgspec.msgpack.encode(wire.Read(found))), wire.Read)
    return found


def ended(document: Mapping[str, Any], now: datetime | None = SOON, **further: bytes) -> Settled | None:
    return calls.ended(receipt(), read(document, **further), now, WAIT)


def outcome(document: Mapping[str, Any], now: datetime | None = SOON, **further: bytes) -> str:
    settled = ended(document, now, **further)
    return "read" if settled is None else f"{settled.outcome} {settled.reason}".rstrip()


HEARD = sentences((0.5, 2, "Keep Watton open."), (2.5, 4, "My name is Anne Smith."))
SILENT = sentences()
ANSWERED = [leg("completed", 25)]
MISSED = [leg("no-answer")]
DIALLED = recording(source="DialVerb", channels=2)


@pytest.mark.parametrize(
    ("document", "now", "further", "wanted"),
    [
        (call("queued"), SOON, {}, "pending The call is still going on (queued)."),
        (call("ringing"), SOON, {}, "pending The call is still going on (ringing)."),
        (call("in-progress"), AFTER, {}, "pending The call is still going on (in-progress)."),
        (call(), SOON, {}, "set_aside no-message"),
        (call("no-answer"), SOON, {}, "set_aside no-message"),
        (call("busy"), SOON, {}, "set_aside no-message"),
        (call("failed"), SOON, {}, "set_aside no-message"),
        (call("canceled"), SOON, {}, "set_aside no-message"),
        (call(legs=ANSWERED), SOON, {}, "set_aside no-message"),
        (call(taken=False), SOON, {}, "set_aside no-message"),
        (call(recordings=[recording(status="absent")]), SOON, {}, "set_aside no-message"),
        (call(recordings=[recording(duration="0")]), SOON, {"RE1": b""}, "set_aside no-message"),
        (call(recordings=[recording(status="processing", duration="-1")]), SOON, {},
         "pending A recording of this call is still being made."),
        (call(recordings=[recording(status="processing", duration="-1")]), AFTER, {},
         "quarantined A recording of this call was announced, and could not be had."),
        (call(recordings=[recording()]), SOON, {},
         "quarantined A recording of this call was announced, and could not be had."),
        (call(recordings=[recording(status="failed")]), SOON, {},
         "quarantined A recording of this call was announced, and could not be had."),
        (call(recordings=[recording()]), SOON, {"RE1": b"x"},
         "pending The transcript of its recording is waited for until 2011-03-02 09:00 UTC."),
        (call(recordings=[recording()], transcripts=[transcript("in-progress")]), SOON, {"RE1": b"x"},
         "pending The transcript of its recording is waited for until 2011-03-02 09:00 UTC."),
        (call(recordings=[recording()], transcripts=[transcript()]), SOON, {"RE1": b"x"},
         "pending The transcript of its recording is waited for until 2011-03-02 09:00 UTC."),
        (call(recordings=[recording()]), AFTER, {"RE1": b"x"}, "read"),
        (call(recordings=[recording()]), None, {"RE1": b"x"}, "read"),
        (call(recordings=[recording()], transcripts=[transcript()]), SOON, {"RE1": b"x", "GT1": HEARD}, "read"),
        (call(recordings=[recording()], transcripts=[transcript()]), SOON, {"GT1": HEARD}, "read"),
        (call(recordings=[recording()], transcripts=[transcript()]), SOON, {"RE1": b"x", "GT1": SILENT}, "read"),
        (call(recordings=[recording()], transcripts=[transcript("failed")]), SOON, {"RE1": b"x"}, "read"),
        (call(recordings=[recording()], transcriptions=[transcription(None, "failed")]), SOON, {"RE1": b"x"}, "read"),
        (call(recordings=[recording()], transcriptions=[transcription("Hello.")]), SOON, {"RE1": b"x"}, "read"),
        (call(recordings=[recording()], transcriptions=[transcription("(blank)")]), SOON, {"RE1": b"x"}, "read"),
        (call(recordings=[recording(), recording("RE2")], transcripts=[transcript()]), SOON,
         {"RE1": b"x", "GT1": HEARD}, "read"),
        (call(recordings=[recording(), recording("RE2")], transcripts=[transcript()]), SOON,
         {"RE1": b"x", "RE2": b"y", "GT1": HEARD},
         "pending The transcript of its recording is waited for until 2011-03-02 09:00 UTC."),
    ],
)  # fmt: skip
def test_how_a_call_ends(document: dict[str, Any], now: datetime, further: dict[str, bytes], wanted: str) -> None:
    """Each state of a call, its recordings and their transcripts has one outcome."""
    assert outcome(document, now, **further) == wanted


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (call("ringing"), "in progress"),
        (call("no-answer"), "missed"),
        (call(), "missed"),
        (call(legs=MISSED), "missed"),
        (call(legs=[leg("no-answer"), leg("completed", 20, 2)]), "answered"),
        (call(trunk_sid="TK1"), "answered"),
        (call(recordings=[DIALLED]), "answered"),
        (call(recordings=[recording(source="Trunking")]), "answered"),
        (call(recordings=[recording()]), "voicemail"),
        (call(legs=MISSED, recordings=[recording()]), "voicemail"),
    ],
)
def test_the_states_that_matter_to_people(document: dict[str, Any], state: str) -> None:
    """Answered, voicemail, missed or in progress: by the telephones it was put through to, and what recorded it."""
    assert read(document).facts["state"] == state


def test_a_call_back_list() -> None:
    """A missed call says where the number is; an answered one, that it was; a withheld number, that there is none."""
    missed, answered, withheld = (
        ended(call()), ended(call(legs=ANSWERED)), ended(call(**{"from": "+266696687"})),
    )  # fmt: skip
    assert missed is not None
    assert answered is not None
    assert withheld is not None
    assert missed.next_step.startswith("Missed, with no message: call back, if nobody has yet: the number is in")
    assert "`intake trace 7`" in missed.next_step
    assert answered.next_step.startswith("It was answered, and there is no recording of it")
    assert "no number was given" in withheld.next_step
    assert CALLER not in missed.next_step + answered.next_step


def fill(rules: Rules, document: Mapping[str, Any], **further: bytes) -> Filled:
    return calls.fill(rules, receipt(), read(document, **further))


@pytest.mark.parametrize(
    ("further", "resources", "needs"),
    [
        ({"RE1": b"x", "GT1": HEARD}, {"transcripts": [transcript()]}, set()),
        ({"RE1": b"x"}, {}, {"transcription"}),
        ({"RE1": b"x", "GT1": SILENT}, {"transcripts": [transcript()]}, {"transcription"}),
        ({"RE1": b"x"}, {"transcripts": [transcript("failed")]}, {"transcription"}),
        ({"RE1": b"x"}, {"transcriptions": [transcription("Hello.")]}, set()),
        ({"GT1": HEARD}, {"transcripts": [transcript()]}, set()),
        ({"RE1": b"x", "RE2": b"y", "GT1": HEARD},
         {"transcripts": [transcript()], "recordings": [recording(), recording("RE2")]}, {"transcription"}),
        ({"RE1": b"x", "GT1": HEARD},
         {"transcripts": [transcript()], "recordings": [recording(), recording("RE2")]}, {"attachment"}),
        ({"RE1": b"x", "RE2": b"", "GT1": HEARD},
         {"transcripts": [transcript()], "recordings": [recording(), recording("RE2", duration="0")]}, set()),
        ({"RE1": b"x", "GT1": HEARD},
         {"transcripts": [transcript()], "recordings": [recording(), recording("RE2", "absent")]}, set()),
    ],
)  # fmt: skip
def test_what_a_person_must_still_do(
    rules: Rules, further: dict[str, bytes], resources: dict[str, Any], needs: set[str]
) -> None:
    """Words that no machine has heard are to be typed; a recording that is gone beside one that was read is said."""
    assert fill(rules, call(**({"recordings": [recording()]} | resources)), **further).needs == needs


def test_intelligence_comes_before_a_legacy_transcription(rules: Rules) -> None:
    """Of two transcripts of one recording the one with times is the text; the other is kept, and is no text."""
    document = call(
        recordings=[recording()], transcripts=[transcript()], transcriptions=[transcription("Something else.")]
    )
    filled = fill(rules, document, RE1=b"x", GT1=HEARD)
    assert filled.values["text"] == "Keep Watton open.\nMy name is Anne Smith."
    assert filled.values["name"] == "Anne Smith"
    assert filled.evidence["name"][0].place == {"from": 2.5, "to": 4.0, "recording": "RE1"}
    assert filled.values["places"] == ("C1",)
    others = [p for p in read(document, RE1=b"x", GT1=HEARD).parts if p.kind == "transcript" and not p.content]
    assert [p.text for p in others] == ["Something else."]


def test_a_speech_program_fills_only_what_the_service_left(rules: Rules) -> None:
    """Our own transcript is the text where the service has none, and is kept beside one of the service."""
    cues = "1\n00:01.000 --> 00:03.500 align:start\n<v Caller>Keep it &amp; more.\n\n00:04.000 --> 00:05.000\nBye.\n"
    vtt = f"WEBVTT\n\n{cues}".encode()
    alone = fill(rules, call(recordings=[recording()]), RE1=b"x", speech_RE1=vtt)
    assert alone.values["text"] == "Keep it & more.\nBye."
    assert alone.evidence["text"][0].place == {"from": 1.0, "to": 5.0, "recording": "RE1"}
    beside = fill(
        rules, call(recordings=[recording()], transcripts=[transcript()]), RE1=b"x", GT1=HEARD, speech_RE1=vtt
    )
    assert beside.values["text"].startswith("Keep Watton open.")


TWO = sentences((0, 1, "How can I help?", 2), (1, 3, "Close Watton.", 1), (3, 4, "NR19 1AB?", 2), (4, 5, "Yes.", 1))


@pytest.mark.parametrize(
    ("channels", "roles", "text"),
    [
        (2, (), "Close Watton.\n\nYes."),
        (2, ("Customer", "Agent"), "Close Watton.\n\nYes."),
        (2, ("Agent", "Customer"), "How can I help?\n\nNR19 1AB?"),
        (2, ("Agent",), "How can I help?\n\nNR19 1AB?"),
    ],
)
def test_whose_words_they_are(rules: Rules, channels: int, roles: tuple[str, ...], text: str) -> None:
    """On two channels the caller is on the first, unless the transcript says otherwise; the handler's words are no
    text."""
    document = call(
        recordings=[recording(channels=channels, source="DialVerb")],
        transcripts=[transcript("completed", "RE1", "GT1", *roles)],
    )
    filled = fill(rules, document, RE1=b"x", GT1=TWO)
    assert filled.values["text"] == text
    assert filled.values["text_cut"] > 0
    assert ("postcode" in filled.values) == ("NR19" in text)


def test_on_one_channel_everything_is_text(rules: Rules) -> None:
    """Where nobody can be told apart nothing is left out, whatever the service calls the one it hears."""
    heard = sentences((0, 1, "How can I help?"), (1, 3, "Close Watton."))
    document = call(recordings=[recording()], transcripts=[transcript("completed", "RE1", "GT1", "Agent")])
    filled = fill(rules, document, RE1=b"x", GT1=heard)
    assert filled.values["text"] == "How can I help?\nClose Watton."
    assert "text_cut" not in filled.values


def test_several_recordings_are_in_the_order_of_time(rules: Rules) -> None:
    """The earlier recording's words come first, and the weakest sentence of all is the confidence."""
    later = recording("RE1", start_time="Tue, 01 Mar 2011 09:05:00 +0000")
    document = call(
        recordings=[later, recording("RE2")], transcripts=[transcript(), transcript("completed", "RE2", "GT2")]
    )
    filled = fill(
        rules, document, RE1=b"x", RE2=b"y", GT1=sentences((0, 1, "Second."), confidence="0.41"),
        GT2=sentences((0, 1, "First.")),
    )  # fmt: skip
    assert filled.values["text"] == "First.\n\nSecond."
    assert (filled.values["confidence"], filled.values["method"]) == (0.41, "transcript")
    assert [piece.place for piece in filled.evidence["text"]] == [
        {"from": 0.0, "to": 1.0, "recording": "RE2"}, {"from": 0.0, "to": 1.0, "recording": "RE1"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sender", "phone"),
    [
        (CALLER, CALLER), ("01603 555123", "+441603555123"), ("+266696687", ""), ("+7378742833", ""), ("+2562533", ""),
        ("+8656696", ""), ("+8566696687", ""), ("+86282452253", ""), ("Anonymous", ""), ("Restricted", ""),
        ("Unavailable", ""), ("sip:anne@example.org", ""), ("client:anne", ""), ("", ""), ("+441603222000", ""),
    ],
)  # fmt: skip
def test_the_callers_number(rules: Rules, sender: str, phone: str) -> None:
    """E.164 with its place; blank where it was withheld, and never one of ours."""
    filled = fill(rules, call(recordings=[recording()], **{"from": sender}), RE1=b"x")
    assert filled.values.get("phone", "") == phone
    if phone:
        assert filled.evidence["phone"][0].quote == sender


def test_the_number_that_rang_comes_before_one_that_was_said(rules: Rules) -> None:
    """A number in the words is evidence; it fills the field where the caller's was withheld."""
    said = sentences((0, 2, "Ring me on 01603 555999."))
    document = call(recordings=[recording()], transcripts=[transcript()])
    filled = fill(rules, document, RE1=b"x", GT1=said)
    assert filled.values["phone"] == CALLER
    assert [piece.value for piece in filled.evidence["phone"]] == [CALLER, "+441603555999"]
    document["call"]["from"] = "+266696687"
    assert fill(rules, document, RE1=b"x", GT1=said).values["phone"] == "+441603555999"


@pytest.mark.parametrize(
    ("start", "late"),
    [("Mon, 18 Apr 2011 22:59:59 +0000", False), ("Mon, 18 Apr 2011 23:00:00 +0000", True)],
)
def test_a_call_is_late_by_when_it_began(rules: Rules, start: str, late: bool) -> None:
    """In time to the last second of the closing day in the consultation's zone, whatever comes later."""
    filled = fill(rules, call(recordings=[recording()], start_time=start), RE1=b"x")
    assert filled.values["late"] is late
    assert filled.values["received_basis"] == "call"


def test_what_is_no_call_is_unreadable() -> None:
    """Bytes that are no JSON object are quarantined with a sentence, not a traceback."""
    for data in (b"[]", b"{", b"\xff\xfe", b'"x"', b"[" * 100_000, b""):
        assert isinstance(dispatch.read(data, CALL, {}), Unreadable), data[:10]
        assert isinstance(dispatch.read(data, MESSAGE, {}), Unreadable), data[:10]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["completed", "RE1", "GT1", "2", "-1", "1e400", "Tue, 01 Mar 2011 09:00:00 +0000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["sid", "status", "duration", "channels", "source", "start_time", "call", "recordings", "legs",
                         "transcripts", "transcriptions", "channel", "media_properties", "source_sid", "participants",
                         "role", "from", "to", "recording_sid", "transcription_text", "sentences", "transcript",
                         "media_channel", "end_time", "confidence", "message", "body", "num_media", "date_sent"]),
        inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(document=st.dictionaries(st.sampled_from(["call", "legs", "recordings", "transcriptions", "transcripts",
                                                 "message", "recordings_taken"]), _JSON), said=_JSON)  # fmt: skip
def test_any_json_is_read_or_refused(rules: Rules, document: dict[str, Any], said: Any) -> None:
    """Whatever types stand where, the reading is sound, and an outcome or a response comes of it."""
    encoded = json.dumps(document).encode()
    heard = json.dumps({"sentences": said}).encode()
    held = [
        Held("", CALL, 1, {}, encoded),
        Held("RE1", "audio/x-wav", 1, {}, b""),
        Held("GT1", SENTENCES, 1, {}, heard),
    ]
    found = dispatch.read(msgspec.msgpack.encode(held), CALL, {"further": 2})
    if isinstance(found, Unreadable):
        return  # Python writes Infinity and NaN, which are no JSON
    assert all(spoken_holds(part) and marks_hold(part) for part in found.parts)
    assert isinstance(wire.answer(msgspec.msgpack.encode(wire.Read(found))), wire.Read)
    calls.ended(receipt(), found, SOON, WAIT)
    calls.fill(rules, receipt(), found)
    message = dispatch.read(encoded, MESSAGE, {})
    assert isinstance(message, Reading)
    calls.ended(receipt(MESSAGE), message, SOON, WAIT)
    calls.fill(rules, receipt(MESSAGE), message)


@given(st.binary(max_size=300) | st.text(alphabet="WEBVTT\n:.->0123456789 <v>a&;", max_size=200).map(str.encode))
def test_any_bytes_are_a_transcript_or_none(content: bytes) -> None:
    """WebVTT of any program, or none at all: sentences with times in order, or nothing."""
    part = spoken.part(1, "RE1", "speech", spoken.of_vtt(content), content=True)
    assert spoken_holds(part)
    assert part.text == "\n".join(part.text[s.start : s.end] for s in part.spoken)


@pytest.mark.parametrize(
    "spoken_",
    [
        [Spoken(0, 9, 0, 1)], [Spoken(0, 2, 2, 1)], [Spoken(0, 2, float("nan"), 1)], [Spoken(0, 2, 0, float("inf"))],
        [Spoken(2, 3, 0, 1), Spoken(0, 1, 1, 2)], [Spoken(0, 2, 0, 1, "", 1.5)], [Spoken(-1, 2, 0, 1)],
    ],
)  # fmt: skip
def test_sentences_that_can_not_be_are_refused(spoken_: list[Spoken]) -> None:
    """A reader whose bytes took it over can't store sentences outside their text or at times that are none."""
    part = Part(number=0, kind="transcript", media_type=SENTENCES, text="words", spoken=spoken_)
    with pytest.raises(wire.BadFrame):
        wire.answer(msgspec.msgpack.encode(wire.Read(Reading(reader="x", parts=[part]))))


def test_senseless_facts_are_not_believed(rules: Rules) -> None:
    """Times that are none, in what a reader's process says, raise what the caller quarantines by."""
    found = read(call(recordings=[recording()]), RE1=b"x")
    for fact in ("", "{}x", '{"started":"nonsense"}', '{"recordings":[{"name":1}]}'):
        odd = msgspec.structs.replace(found, facts={"call": fact})
        with pytest.raises(calls.SENSELESS):
            calls.fill(rules, receipt(), odd)


def test_a_day_of_talk_is_read() -> None:
    """20,000 sentences, each with its place."""
    many = sentences(*((n * 4.0, n * 4.0 + 3, f"Sentence number {n}.") for n in range(20_000)))
    found = read(call(recordings=[recording(duration="80000")], transcripts=[transcript()]), RE1=b"x", GT1=many)
    assert len(found.parts[-1].spoken) == 20_000


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "\\", "u", '"', "d83d", "\ud83d", "\ude00", "\U0001f600"])).map("".join))
def test_half_an_emoji_costs_a_text_message_no_word(body: str) -> None:
    """Half of a surrogate pair is the character for what is unknown; the words around it are read as they are."""
    raw = b'{"message":%s}' % twilio_http.canonical({"sid": "SM1", "body": f"Keep it {body} open."})
    message = dispatch.read(raw, MESSAGE, {})
    assert isinstance(message, Reading)
    wanted = body.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert [part.text for part in message.parts if part.content] == [f"Keep it {wanted} open."]
