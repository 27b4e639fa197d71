"""A speech program of the council's own: recordings go in as WAV, sentences with times come out, once each; what it
can't do stays with a person. The program of these tests is a small script."""

import io
import json
import os
import re
import sys
import time
import wave
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import intake.app
from intake.reading.parts import Sound, Unreadable
from intake.reading.readers import find_means
from intake.reading.sandbox import Limits, ReaderPool, ReadJob
from intake.speechprogram import Broken, NoProgram, Program
from intake.subtitles import Cue, NotSubtitles, as_vtt, read_cues
from tests.support.consultation import Consultation
from tests.support.exchange import NINE, SECTION, Exchange, Item, sentences
from tests.test_attachments import mail

SAID = "Please keep Watton open."
HEARS = f"""
import sys, wave

sound = wave.open(sys.stdin.buffer)
assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
print("WEBVTT\\n\\n00:00:00.500 --> 00:00:02.000\\n{SAID}")
"""


def recording(seconds: float = 3.0, rate: int = 8_000, kind: str = "WAV", subtype: str | None = "ULAW",
              channels: int = 1) -> bytes:  # fmt: skip
    """A tone of 440 Hz."""
    at = np.arange(int(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * at)
    out = io.BytesIO()
    soundfile.write(out, np.stack([tone] * channels, axis=1), rate, format=kind, subtype=subtype)
    return out.getvalue()


def program(folder: Path, source: str, name: str = "whisper") -> Path:
    """A program that this Python runs."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable} -S\n{source}")
    path.chmod(0o755)
    return path


# --- the sound --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with find_means("auto").readers(1, Limits()) as found:
        assert isinstance(found, ReaderPool)
        yield found


def heard(pool: ReaderPool, content: bytes) -> Any:
    return pool.listen(ReadJob(1, None, content, "audio/x-wav"))


@pytest.mark.parametrize(
    ("rate", "kind", "subtype", "channels"),
    [
        (8_000, "WAV", "ULAW", 1), (8_000, "WAV", "ALAW", 1), (8_000, "WAV", "GSM610", 1), (8_000, "WAV", "PCM_16", 2),
        (44_100, "MP3", None, 2), (48_000, "OGG", "OPUS", 1), (44_100, "OGG", "VORBIS", 1),
        (22_050, "FLAC", "PCM_16", 1),
        (16_000, "WAV", "PCM_16", 1), (11_025, "WAV", "PCM_U8", 1),
    ],
)  # fmt: skip
def test_every_recording_becomes_the_same_kind_of_wav(
    pool: ReaderPool, rate: int, kind: str, subtype: str | None, channels: int
) -> None:
    """Decoded in the sandbox: 16 kHz, one channel, as long as it was, and the same sound at the same pitch."""
    sound = heard(pool, recording(3.0, rate, kind, subtype, channels))
    assert isinstance(sound, Sound)
    with wave.open(io.BytesIO(sound.wav)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (16_000, 1, 2)
        samples = np.frombuffer(read.readframes(read.getnframes()), "<i2") / 32_767
    assert sound.seconds == pytest.approx(3.0, abs=0.1)
    assert len(samples) == round(sound.seconds * 16_000)
    middle = samples[8_000:40_000]
    assert np.abs(np.fft.rfft(middle)).argmax() / 2 == pytest.approx(440, abs=1)
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"), (b"RIFF", "can be decoded"), (b"\x00\x00\x00\x20ftypM4A " + b"\0" * 200, "can be decoded"),
        (b"#!AMR\n" + b"<" * 300, "can be decoded"), (recording(0.0), "no sound"),
        (recording(1_801, 4_000, "FLAC", "PCM_16"), "longer than the 30 minutes"),
    ],
    ids=["empty", "cut", "aac", "amr", "silent", "long"],
)  # fmt: skip
def test_what_is_no_recording_is_for_a_person(pool: ReaderPool, content: bytes, why: str) -> None:
    """What can't be decoded is said in one sentence."""
    found = heard(pool, content)
    assert isinstance(found, Unreadable)
    assert why in found.reason
    assert "type what is said" in found.next_step or why == "empty"


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_damaged_recording_ends_no_reader(pool: ReaderPool, data: st.DataObject) -> None:
    """Whatever bytes arrive, the answer is a sound or a sentence."""
    content = bytearray(recording(0.2))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(heard(pool, bytes(content)), Sound | Unreadable)


# --- what it prints ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed",
    [
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nKeep it open.\n\n00:02.000 --> 00:03.250 align:start\n"
        "<v Ann>Please &amp;\n<b>thanks</b>",
        "\ufeff1\r\n00:00:00,500 --> 00:00:02,000\r\nKeep it open.\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,250\r\n"
        "<v Ann>Please & thanks\r\n",
    ],
)
def test_subtitles_are_read(printed: str) -> None:
    """WebVTT and SRT: their times, the words without their mark-up, and the voice."""
    assert read_cues(printed, 10) == [Cue(0.5, 2.0, "Keep it open."), Cue(2.0, 3.25, "Please & thanks", "Ann")]


def test_lines_with_times_are_read() -> None:
    """Seconds, seconds and text; with whisper's header, milliseconds."""
    wanted = [Cue(0.5, 2.0, "Keep it open."), Cue(2.0, 3.0, "Thanks.")]
    assert read_cues("0.5\t2.0\tKeep it open.\n2\t3\t Thanks.\n", 10) == wanted
    assert read_cues("start\tend\ttext\n500\t2000\tKeep it open.\n2000\t3000\tThanks.\n", 10) == wanted
    assert read_cues("", 10) == read_cues("WEBVTT\n", 10) == []


@pytest.mark.parametrize("printed", ["Keep it open.", "0.5 2.0 Keep it", "x --> y\nz", '{"text": 1}', "0:5\t1\tx"])
def test_what_is_no_transcript_is_refused(printed: str) -> None:
    """Words without times are none: nobody could tell where they were said."""
    with pytest.raises(NotSubtitles):
        read_cues(printed, 10)


def test_times_behind_the_end_are_brought_to_it() -> None:
    """A program's last sentence often ends behind the recording."""
    assert read_cues("0\t30\tHello.\n40\t50\tThank you.\n", 12.5) == [
        Cue(0, 12.5, "Hello."),
        Cue(12.5, 12.5, "Thank you."),
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3_599_000), st.integers(0, 3_599_000), st.text(min_size=1, max_size=40)), max_size=6
    )
)
def test_what_is_written_is_read_again(said: list[tuple[int, int, str]]) -> None:
    """Any sentences, whatever characters are in them, come back from the file as they were."""
    lines = [(min(a, b) / 1000, max(a, b) / 1000, " ".join(words.split())) for a, b, words in said]
    printed = "\n".join(f"{begins:.3f}\t{ends:.3f}\t{words}" for begins, ends, words in lines)
    try:
        cues = read_cues(printed, 3_600)
    except NotSubtitles:
        return
    assert read_cues(as_vtt(cues, "whisper").decode(), 3_600) == cues


# --- the program at work ----------------------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["sandboxed", "limits alone"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., str]:
    """Run a script as the speech program; ``home`` is what it must not see."""
    hidden = tmp_path / "home"
    hidden.mkdir()
    (hidden / "secret").write_text("x")

    def of(source: str, *arguments: str, seconds: int = 20, wav: bytes = b"RIFF") -> str:
        path = program(tmp_path / "bin", source)
        return Program((str(path), *arguments), seconds, bool(request.param), hidden).run(wav)

    of.sandboxed = request.param  # type: ignore[attr-defined]  # asked below
    return of


def test_it_gets_the_recording(run: Callable[..., str]) -> None:
    """On stdin, or as a file where the command says so."""
    assert run("import sys; print(len(sys.stdin.buffer.read()))", wav=b"x" * 1_000_000) == "1000000\n"
    told = "import sys; print(len(open(sys.argv[2], 'rb').read()), repr(sys.stdin.read()))"
    assert run(told, "-f", "{file}", wav=b"y" * 1_000_000) == "1000000 ''\n"


def test_it_ends_when_it_takes_too_long(run: Callable[..., str], tmp_path: Path) -> None:
    """With all that it started; what it had printed is not taken."""
    mark = tmp_path / "mark"
    source = f"""
import os, time
if os.fork() == 0:
    time.sleep(2); open({str(mark)!r}, "w")
print("0\t1\tx", flush=True)
time.sleep(60)
"""
    began = time.monotonic()
    with pytest.raises(Broken, match="longer than the 1 seconds"):
        run(source, seconds=1)
    assert time.monotonic() - began < 10
    time.sleep(1.5)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import sys; sys.stderr.write('a secret'); sys.exit(3)", "ended with status 3"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", "no text"),
        ("import os\nwhile True: os.write(1, b'x' * 65536)", "more than 4 MB"),
        ("import os; os.kill(os.getpid(), 9)", "ended with status"),
    ],
)  # fmt: skip
def test_its_failures_are_one_sentence(run: Callable[..., str], source: str, why: str) -> None:
    """Without what it said, which may be somebody's words."""
    with pytest.raises(Broken, match=why) as broken:
        run(source)
    assert "secret" not in str(broken.value)


def test_in_the_sandbox_it_reaches_nothing(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network, nothing to write but memory, none of the home, no passwords, no other processes."""
    monkeypatch.setenv("TEST_PASSWORD", "secret")
    source = f"""
import os, socket
try: socket.create_connection(("127.0.0.1", 9), 1)
except OSError as error: print("network", error.errno == 101 or error.errno == 111)
try: open({str(tmp_path / "x")!r}, "w"); print("wrote")
except OSError: print("read-only")
try: print("home", len(os.listdir({str(tmp_path / "home")!r})))
except OSError: print("home 0")
print("password", "TEST_PASSWORD" in os.environ)
open(os.environ.get("TMPDIR", "/dev/shm") + "/scratch", "w").write("x")
"""
    said = run(source)
    assert "password False" in said
    if run.sandboxed:  # type: ignore[attr-defined]  # see the fixture
        assert said.split("\n")[:3] == ["network True", "read-only", "home 0"]


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    """It is no fault of the recording."""
    with pytest.raises(NoProgram, match="speech_command"):
        Program((str(tmp_path / "none"),), 5, False, tmp_path).run(b"")


# --- voicemail by mail ------------------------------------------------------------------------------------------------

SILENT = "You have received a new voice message.\nCaller: 01632 960 002\nDuration: 0:12\n"


@pytest.fixture
def office(place: Consultation) -> Consultation:
    """A consultation whose telephone system sends mail."""
    voicemail = 'forwarders = ["@council.example"]\nvoicemail = ["voicemail@phones.example"]'
    place.configure('forwarders = ["@council.example"]', voicemail)
    return place


def by_mail(*files: tuple[str, str, bytes], body: str = SILENT) -> bytes:
    return mail(*files, body=body).replace(b"jo@example.org", b"voicemail@phones.example")


def test_a_voicemail_by_mail_is_transcribed(office: Consultation) -> None:
    """Its sound comes out of the message in the sandbox; the words are the caller's, with their seconds, until somebody
    has listened; trace names the recording."""
    office.put("inbox/a.eml", by_mail(("audio/x-wav", "message.wav", recording())))
    office.takes("email", received=1, read=1)
    assert office.response()["needs"] == "transcription"
    (named,) = office.trace(1)["receipts"][0]["recordings"]
    assert (named["name"], named["media_type"]) == ("message.wav", "audio/x-wav")
    with_command(office, HEARS)
    office.takes("email", received=0, read=1)
    found = office.trace(1)
    assert found["response"]["text"] == SAID
    assert (found["response"]["phone"], found["response"]["places"]) == ("+441632960002", "C1")
    assert found["response"]["needs"] == "transcription"
    assert found["response"]["reader_version"].endswith(", whisper")
    text = found["fields"]["text"][0]
    assert (text["method"], text["confidence"]) == ("transcript", 0.5)
    assert (text["place"]["from"], text["place"]["to"]) == (pytest.approx(0.5), pytest.approx(2.0))
    assert office.failures() == {}
    revisions = office.sql("select revision from response")
    office.takes("email", received=0, read=1)
    assert office.sql("select revision from response") == revisions
    office.decide(1, "transcribe", "Please keep Wotton open.")
    assert (office.response()["text"], office.response()["needs"]) == ("Please keep Wotton open.", "")
    office.decide(1, "undo")
    office.decide(1, "accept")
    assert (office.response()["text"], office.response()["needs"]) == (SAID, "")
    assert office.failures() == {}


def test_a_system_s_own_transcript_is_enough(office: Consultation) -> None:
    """What came with its words is not listened to; what has several recordings gets the words of each."""
    office.put("inbox/a.eml", by_mail(("audio/mpeg", "a.mp3", recording(1, 44_100, "MP3", None)),
               body="You received a voice mail.\nTranscript: Keep it open.\n"))  # fmt: skip
    sounds = [("application/octet-stream", "one.wav", recording(1)), ("text/plain", "x.txt", b"x"),
              ("audio/ogg", "two.ogg", recording(2, 48_000, "OGG", "OPUS"))]  # fmt: skip
    office.put("inbox/b.eml", by_mail(*sounds))
    length = "import sys, wave; s = wave.open(sys.stdin.buffer); length = round(s.getnframes() / 16000)\n"
    with_command(office, length + "print(f'0\\t1\\tHeard {length}.')")
    office.takes("email", received=2, read=2)
    texts = {row["source"]: row["text"] for row in office.responses()}
    assert texts == {"a.eml": "Keep it open.", "b.eml": "Heard 1.\nHeard 2."}
    assert office.sql("select count(*) from further_original") == [2]
    assert office.failures() == {}


# --- calls ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def exchange(place: Consultation) -> Iterator[Exchange]:
    place.path.write_text(place.path.read_text() + SECTION)
    found = Exchange()
    with found.plugged_in():
        yield found


def call(recorded: bytes | None, sid: str = "CA1", **further: tuple[bytes, str, dict[str, str]]) -> Item:
    """A voicemail of three seconds, with its recording."""
    document = {
        "call": {"sid": sid, "status": "completed", "from": "+441632960001", "to": "+441632960099",
                 "direction": "inbound", "start_time": "2011-03-01T09:00:00Z", "end_time": "2011-03-01T09:00:30Z",
                 "duration": "30"},
        "legs": [], "transcriptions": [], "transcripts": [], "recordings_taken": True,
        "recordings": [{"sid": f"RE{sid}", "call_sid": sid, "status": "completed", "duration": "3", "channels": 1,
                        "source": "RecordVerb", "start_time": "2011-03-01T09:00:20Z"}],
    }  # fmt: skip
    sound = {} if recorded is None else {f"RE{sid}": (recorded, "audio/x-wav", {"duration_s": "3"})}
    return Item(f"completed RE{sid}", document, {**sound, **further})


def with_command(made: Consultation, source: str, *arguments: str, name: str = "whisper") -> Path:
    path = program(made.folder / "bin", source, name)
    command = json.dumps([str(path), *arguments])
    text = re.sub(r"speech_command = .*\n", "", made.path.read_text())
    made.path.write_text(text.replace("[reading]\n", f"[reading]\nspeech_command = {command}\n"))
    return path


def counted(path: Path) -> str:
    """What counts the runs of a program, outside the sandbox's reach: what it was kept with."""
    return f"select count(*) from further_original where name like 'speech/%' and facts like '%{path.name}%'"


def test_a_recording_is_transcribed(place: Consultation, exchange: Exchange) -> None:
    """Its words are those of the response, each with its seconds; as sure as a hint, so that a person looks; what made
    them is named, and kept beside the recording."""
    exchange.items["CA1"] = call(recording())
    with_command(place, HEARS)
    account = place.takes("exchange", received=1, read=1)
    assert account["alarms"] == ()
    found = place.trace(1)
    text = found["fields"]["text"][0]
    assert text["value"] == SAID
    assert (text["method"], text["confidence"]) == ("transcript", 0.5)
    assert (text["reader_version"], found["response"]["needs"]) == ("call 1, whisper", "transcription")
    assert text["place"]["from"] == pytest.approx(0.5)
    assert text["place"]["to"] == pytest.approx(2.0)
    originals = found["receipts"][0]["originals"]
    (made,) = [one for one in originals if one.get("name") == "speech/RECA1"]
    assert made["media_type"] == "text/vtt"
    assert made["facts"]["program"] == "whisper"
    assert SAID.encode() in place.original(made["sha256"])
    assert place.failures() == {}


def test_who_has_listened_confirms_it(place: Consultation, exchange: Exchange) -> None:
    """The program's words count at once, and somebody must still listen: accepting them says that they are right, and
    typing says what is."""
    exchange.items["CA1"] = call(recording())
    with_command(place, HEARS)
    place.takes("exchange", received=1, read=1)
    place.decide(1, "accept")
    assert (place.response("exchange")["text"], place.response("exchange")["needs"]) == (SAID, "")
    place.decide(1, "undo")
    assert place.response("exchange")["needs"] == "transcription"
    place.decide(1, "transcribe", "Please keep Wotton open.")
    assert place.response("exchange")["needs"] == ""
    assert place.failures() == {}


def test_it_is_asked_once(place: Consultation, exchange: Exchange) -> None:
    """Never again for the same recording, whether it made something or not; another command is asked anew."""
    exchange.items["CA1"] = call(recording())
    path = with_command(place, "import sys; sys.exit(1)")
    account = place.takes("exchange", received=1, read=1)
    (said,) = account["alarms"]
    assert said.startswith("1 recording was not transcribed by whisper: It ended with status 1.")
    assert "transcription" in place.response("exchange")["needs"]
    path.write_text("#!/bin/sh\necho never asked again\n")
    assert place.takes("exchange", received=0)["alarms"] == ()
    assert place.sql(counted(path)) == [1]
    with_command(place, HEARS, name="better")
    place.takes("exchange", received=0, read=1)
    assert place.trace(1)["fields"]["text"][0]["value"] == SAID
    place.takes("exchange", received=0, read=1)
    assert place.sql("select count(*) from further_original where name like 'speech/%'") == [2]
    assert place.failures() == {}


def test_a_call_that_waits_for_its_transcript_need_not(
    place: Consultation, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is asked as soon as there is a recording; a better transcript that comes later is taken then."""
    monkeypatch.setattr(intake.app, "clock", lambda: NINE + timedelta(hours=1))
    exchange.items["CA1"] = call(recording())
    place.takes("exchange", received=1, pending=1)
    with_command(place, HEARS)
    place.takes("exchange", received=0, pending=0, read=1)
    assert place.trace(1)["response"]["text"] == SAID
    said = sentences((0.5, 2.0, "Please keep Watton open, and Dereham."))
    better = call(recording(), GT1=(said, "application/vnd.twilio.sentences+json", {}))
    better.document["transcripts"] = [
        {"sid": "GT1", "status": "completed", "channel": {"media_properties": {"source_sid": "RECA1"}}}
    ]
    exchange.items["CA1"] = Item("completed RECA1 GT1", better.document, better.further)
    place.takes("exchange", received=0, read=1)
    assert place.trace(1)["response"]["text"] == "Please keep Watton open, and Dereham."
    assert place.failures() == {}


def test_people_s_words_win(place: Consultation, exchange: Exchange) -> None:
    """What a person has typed already is not asked for, and what they type later stands on top."""
    exchange.items["CA1"] = call(recording())
    place.takes("exchange", received=1, read=1)
    place.decide(1, "transcribe", "I said keep it.")
    with_command(place, HEARS)
    place.takes("exchange", received=0)
    assert place.trace(1)["response"]["text"] == "I said keep it."
    assert place.sql("select count(*) from further_original where name like 'speech/%'") == [0]
    exchange.items["CA2"] = call(recording(), "CA2")
    place.takes("exchange", received=1)
    place.decide(2, "transcribe", "Mine.")
    assert place.trace(2)["response"]["text"] == "Mine."
    assert "transcription" not in place.trace(2)["response"]["needs"]
    place.decide(2, "undo")
    assert place.trace(2)["response"]["text"] == SAID
    assert place.failures() == {}


def test_what_can_t_be_decoded_stays_with_a_person(place: Consultation, exchange: Exchange) -> None:
    """It is said why, once; nothing else of the run is touched."""
    exchange.items["CA1"] = call(b"#!AMR\n" + b"<" * 300)
    exchange.items["CA2"] = call(recording(), "CA2")
    with_command(place, HEARS)
    account = place.takes("exchange", received=2, read=2)
    assert ["can be decoded" in said for said in account["alarms"]] == [True]
    texts = {row["source"]: (row["text"], row["needs"]) for row in place.responses("exchange")}
    assert texts["CA1"][0] == ""
    assert "transcription" in texts["CA1"][1]
    assert texts["CA2"][0] == SAID
    assert place.takes("exchange", received=0)["alarms"] == ()
    assert place.failures() == {}


def test_a_program_that_always_fails_is_not_asked_about_all(place: Consultation, exchange: Exchange) -> None:
    """After three failures in a row the others wait for the next run; one sentence says so."""
    for n in range(5):
        exchange.items[f"CA{n}"] = call(recording(0.5 + n / 10), f"CA{n}")
    with_command(place, "import sys; sys.exit(9)")
    account = place.takes("exchange", received=5, read=5)
    assert account["alarms"][-1].startswith("3 recordings were not transcribed by whisper: It ended with status 9.")
    assert "others" in account["alarms"][-1]


def test_a_missing_program_is_a_missing_tool(place: Consultation, exchange: Exchange) -> None:
    """Nothing is lost by it, the run says what to do, and exits with 1; once it is there, it is asked."""
    exchange.items["CA1"] = call(recording())
    path = with_command(place, HEARS)
    path.rename(path.with_name("gone"))
    with place.app() as app:
        report = app.run(["exchange"])
    assert report.balanced
    assert [said for said in report.lacking if said.startswith("whisper: Install it")] != []
    path.with_name("gone").rename(path)
    place.takes("exchange", received=0, read=1)
    assert place.trace(1)["response"]["text"] == SAID


def test_nothing_that_is_said_reaches_the_log(place: Consultation, exchange: Exchange) -> None:
    """Words that the program writes to stderr are nowhere in what the run says or logs."""
    exchange.items["CA1"] = call(recording())
    with_command(place, f"import sys; sys.stderr.write({SAID!r}); print({SAID!r}); sys.exit(0)")
    account = place.takes("exchange", received=1, read=1)
    assert SAID not in json.dumps(account)
    assert "no transcript" in account["alarms"][0]
    assert os.environ.get("TEST_PASSWORD", "") == ""
