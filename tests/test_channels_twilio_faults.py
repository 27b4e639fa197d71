"""What a telephone service can do wrong: each fault ends in an error that names what to check, or in a sentence on what
one call lacks; it is tried again a bounded number of times, and no half list is ever taken for a whole one."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from channels.base import Arrival, SourceChanged, SourceError, SourceRefused, SourceUnavailable
from channels.twilio_audio import _duration
from channels.twilio_http import TryAgain
from tests.support.certificates import make_certificates
from tests.support.line import NOW, Line
from tests.support.twilio import ACCOUNT, CALLER, LINE, TOKEN, TwilioServer, wav

LISTS = ("Calls.json", "Messages.json", "Recordings.json", "Transcriptions.json", r"/v2/Transcripts\?")
SECRETS = (ACCOUNT, TOKEN, CALLER, LINE, "127.0.0.1", "http", "/2010-04-01", "twilio.com")
FOR_GOOD = {"times": None}


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer(page_limit=2) as server:
        yield server


@pytest.fixture
def line(server: TwilioServer) -> Line:
    """Five calls on three pages, each with a recording and a transcript."""
    for _ in range(5):
        recording = server.recording(server.call(), seconds=2)
        server.transcription(recording)
        server.transcript(recording, "Keep it open.")
        server.message()
    return Line(server)


def error(list_them: Callable[[], object]) -> SourceError:
    """The error that listing ends in. It, and what the log says meanwhile, is for an operator: no number, no SID, no
    address."""
    with capture_logs() as logs, pytest.raises(SourceError) as raised:
        list_them()
    for said in (str(raised.value), json.dumps(logs)):
        assert not [secret for secret in SECRETS if secret in said], said
        assert not re.search(r"\b(CA|RE|SM|TR|GT|PA|AC)[0-9a-f]{32}\b", said)
    assert str(raised.value).endswith(".")
    return raised.value


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_names_the_keys(server: TwilioServer, line: Line, path: str, status: int) -> None:
    """A wrong SID or token, or a right that is missing, is not tried again: it says which variables to check."""
    server.fault(path, status=status, **FOR_GOOD)
    found = error(line.listed)
    assert isinstance(found, SourceRefused)
    assert "`account_sid_env`" in str(found)
    assert ("TWILIO_TOKEN" in str(found)) == (status != 404)
    assert line.pauses == []


def test_a_wrong_token_is_refused(server: TwilioServer, line: Line) -> None:
    """As the service itself says it, by 401."""
    line.variables = server.variables | {"TWILIO_TOKEN": "another"}
    assert "401" in str(error(line.listed))
    assert server.counts == {"Calls": 1}


@pytest.mark.parametrize(("name", "key"), [("TWILIO_SID", "account_sid_env"), ("TWILIO_TOKEN", "auth_token_env")])
def test_a_missing_variable_is_named(server: TwilioServer, line: Line, name: str, key: str) -> None:
    """With the key that names it, before anything is asked for."""
    line.variables = {k: v for k, v in server.variables.items() if k != name}
    found = error(line.listed)
    assert isinstance(found, SourceRefused)
    assert f"The environment variable {name}, which `{key}` names, is not set" in str(found)
    assert server.asked == []


FAULTS: list[dict[str, Any]] = [
    {"status": 429}, {"status": 500}, {"status": 503}, {"reset": True}, {"truncated": True}, {"cut": True},
    {"body": b""}, {"body": b"<html>Please wait</html>"}, {"body": b"["}, {"body": b"9" * 5000},
]  # fmt: skip
CASES = [("Calls.json", fault) for fault in FAULTS] + [(path, {"status": 500}) for path in LISTS[1:]]


@pytest.mark.parametrize(("path", "fault"), CASES, ids=str)
def test_what_fails_is_tried_again(server: TwilioServer, line: Line, path: str, fault: dict[str, Any]) -> None:
    """Twice, on a later page or an only one: then all is listed, as if nothing had been."""
    whole = line.listed()
    server.fault(path, times=2, page=2, **fault)
    assert line.listed() == whole
    assert len(line.pauses) == 2


@pytest.mark.parametrize(("path", "fault"), CASES, ids=str)
def test_what_fails_for_good_is_no_half_list(
    server: TwilioServer, line: Line, path: str, fault: dict[str, Any]
) -> None:
    """On page 3 of the list: the channel's error after a bounded number of attempts, and not one item is listed. Once
    it works again, all are."""
    whole = line.listed()
    made = server.fault(path, page=2, **FOR_GOOD, **fault)
    adapter = line.adapter()
    listed = []
    assert isinstance(error(lambda: listed.extend(adapter.list())), SourceUnavailable)
    assert listed == []
    assert len(line.pauses) == 5
    assert all(pause <= 60 for pause in line.pauses)
    made.times = 0
    assert {listing.source_key: listing.version for listing in adapter.list()} == whole
    adapter.close()


def test_a_hang_is_given_up(server: TwilioServer, line: Line) -> None:
    """After the time that each wait may take."""
    server.fault("Recordings", hang=30, **FOR_GOOD)
    found = error(lambda: line.listed(timeout_s=0.1, retry_attempts=1))
    assert "did not answer within 0.1 s" in str(found)
    assert len(line.pauses) == 1


def test_an_answer_without_an_end_is_given_up(
    server: TwilioServer, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a byte of it comes now and then."""
    monkeypatch.setattr("channels.twilio_http._LONGEST_ANSWER_S", 0.2)
    monkeypatch.setattr("channels.twilio_http._CHUNK", 1)
    server.fault("Recordings", drip=0.05, **FOR_GOOD)
    found = error(lambda: line.listed(retry_attempts=1))
    assert "has no end" in str(found)


def test_nobody_there(line: Line) -> None:
    """A host that can't be reached is tried again, and then the channel's error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "can't be reached" in str(error(lambda: line.listed(base_url=f"http://127.0.0.1:{port}")))
    assert len(line.pauses) == 5


def test_a_certificate_that_is_not_trusted_is_said_at_once(line: Line, tmp_path: Path) -> None:
    """Asking again would not change it, and nobody is sent the token."""
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def shake_hands() -> None:
            with suppress(OSError), context.wrap_socket(listening.accept()[0], server_side=True):
                pass

        thread = threading.Thread(target=shake_hands)
        thread.start()
        found = error(lambda: line.listed(base_url=f"https://127.0.0.1:{listening.getsockname()[1]}"))
        thread.join()
    assert "certificate of the telephone service is not trusted" in str(found)
    assert line.pauses == []


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 9),
        ("0", 0, 2),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20, 22),
        (format_datetime(NOW - timedelta(seconds=20), usegmt=True), 0, 2),
        ("86400", 60, 60),
        ("soon", 0.5, 1.5),
        ("-5", 0.5, 1.5),
        ("1e9", 0.5, 1.5),
        ("", 0.5, 1.5),
    ],
)
def test_the_service_says_how_long_to_wait(
    server: TwilioServer, line: Line, said: str, least: float, most: float
) -> None:
    """Retry-After as seconds or as a date, at most a minute; where it says nothing that can be understood, our own."""
    server.fault("Calls", status=429, retry_after=said)
    line.listed()
    [pause] = line.pauses
    assert least <= pause <= most


def test_pauses_grow(server: TwilioServer, line: Line) -> None:
    """Each is about twice as long as the one before, give or take a half."""
    server.fault("Calls", status=500, times=5)
    line.listed()
    assert all(2**n * 0.5 <= pause <= 2**n * 1.5 for n, pause in enumerate(line.pauses))
    assert len(line.pauses) == 5


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_dead_page_token_starts_the_list_again(server: TwilioServer, line: Line, status: int) -> None:
    """From its first page, as often as it takes up to three times; then it is an error, not a part of the list."""
    whole = line.listed()
    made = server.fault("Calls.*PageToken", status=status, times=3)
    assert line.listed() == whole
    made.times = None
    found = error(line.listed)
    assert isinstance(found, SourceUnavailable)
    assert "took back its pages" in str(found)
    assert line.pauses == []


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"calls": None}, {"calls": {}}, {"calls": [None]}, {"calls": [{"sid": None}]}, {"calls": 5}, None, "x",
        {"calls": [], "meta": None}, {"calls": [], "meta": {"key": "x"}}, {"calls": [{"no": "sid"}]}, {"message": "hi"},
        {"calls": [], "next_page_uri": 5}, {"calls": [["sid"]]}, {"calls": [], "other": []}, 7, {"calls": ["sid"]},
    ],
)  # fmt: skip
def test_json_of_another_shape_is_no_list(server: TwilioServer, line: Line, body: object) -> None:
    """It is the channel's error, without a traceback and without a guess."""
    server.fault("Calls", body=json.dumps(body).encode(), **FOR_GOOD)
    assert isinstance(error(line.listed), SourceUnavailable)


def test_a_page_that_leads_to_itself_has_an_end(server: TwilioServer, line: Line) -> None:
    """A list that goes round in a circle is an error after a bounded number of requests."""
    page = json.dumps({"calls": server.resources("Calls"), "next_page_uri": "/2010-04-01/Calls.json?Page=1"})
    server.fault("Calls", body=page.encode(), **FOR_GOOD)
    assert isinstance(error(line.listed), SourceUnavailable)
    assert server.counts["Calls"] < 50


@pytest.mark.parametrize("to", ["https://twilio.com.example.org/", "http://example.org/", "https://example.org:443/"])
def test_the_token_goes_to_the_service_alone(server: TwilioServer, line: Line, to: str) -> None:
    """A list whose next page is said to be elsewhere is not followed there."""
    body = {"transcripts": [], "meta": {"key": "transcripts", "next_page_url": to}}
    server.fault("/v2/Transcripts", body=json.dumps(body).encode())
    assert isinstance(error(line.listed), SourceChanged)


# ---- one recording, one transcript


def lacks(line: Line, **keys: Any) -> tuple[list[str], int]:
    """What the calls lack, each in a sentence, and how many further originals came; each call arrives."""
    with capture_logs() as logs:
        taken = line.taken(**keys)
    assert len(taken) == 10
    said = [of.lacks for of in taken.values() if of.lacks]
    for sentence in (*said, json.dumps(logs)):
        assert not [secret for secret in SECRETS if secret in sentence], sentence
        assert not re.search(r"\b(CA|RE|SM|TR|GT|PA|AC)[0-9a-f]{32}\b", sentence)
    return said, sum(len(of.further) for of in taken.values())


AUDIO: list[tuple[dict[str, Any], str]] = [
    ({"status": 404}, "A recording is announced, and not there (404)."),
    ({"status": 403}, "A recording may not be fetched by this account (403)."),
    ({"status": 400}, "A recording is not handed over (400)."),
    ({"status": 429}, "A recording did not come whole: the telephone service is asked too often (429)."),
    ({"status": 500}, "A recording did not come whole: the telephone service is failing (500)."),
    ({"cut": True}, "A recording did not come whole: the telephone service broke off the connection."),
    ({"reset": True}, "broke off the connection."),
    ({"media_type": "text/html"}, "handed over something that is no audio."),
    ({"media_type": ""}, ""),
    ({"body": b""}, "handed over nothing."),
    ({"body": b"ID3 not a WAV"}, "handed over something that is no WAV file."),
    ({"body": wav(2)[:1000]}, "handed over only the beginning of it."),
    ({"body": wav(20)}, "announced 2 s of it and handed over 20 s."),
    ({"body": wav(0)}, ""),
    ({"body": wav(2)[:44].replace(b"data", b"junk")}, "handed over a WAV file without sound."),
]


@pytest.mark.parametrize(("fault", "said"), AUDIO, ids=lambda value: str(value)[:60])
def test_a_recording_that_fails_is_told_and_the_others_come(
    server: TwilioServer, line: Line, fault: dict[str, Any], said: str
) -> None:
    """Every call arrives; the one whose recording can't be had whole lacks it, in one sentence; its transcript comes,
    and so does everything of the others. What may come right is tried again first."""
    recording = server.resources("Recordings")[3]
    server.fault(f"{recording['sid']}.wav", **FOR_GOOD, **fault)
    told, came = lacks(line)
    assert [sentence.endswith(said) for sentence in told] == ([True] if said else [])
    assert came == (9 if said else 10)
    tried = [path for path in server.asked if f"{recording['sid']}.wav" in path]
    assert len(tried) == (1 if not said or 400 <= fault.get("status", 0) < 420 else 6)
    assert len(line.pauses) == len(tried) - 1


@pytest.mark.parametrize(
    "fault", [how for how, said in AUDIO if said.startswith("A recording did")] + [{"reset": True}]
)
def test_a_recording_that_comes_right_is_whole(server: TwilioServer, line: Line, fault: dict[str, Any]) -> None:
    """After two failures, as if there had been none."""
    server.fault(r"\.wav", times=2, **fault)
    assert lacks(line) == ([], 10)


def test_a_hanging_recording_is_told(server: TwilioServer, line: Line) -> None:
    """It takes no longer than the attempts at it."""
    server.fault(server.resources("Recordings")[3]["sid"] + ".wav", hang=30, **FOR_GOOD)
    [said], came = lacks(line, timeout_s=0.1, retry_attempts=1)
    assert said.endswith("did not answer within 0.1 s.")
    assert came == 9


def test_the_token_does_not_go_where_a_recording_is_sent_on_to(server: TwilioServer, line: Line) -> None:
    """A recording that is kept elsewhere is fetched there, without the token; if that does not do, it is told."""
    with TwilioServer() as elsewhere:
        sent_on = {"status": 302, "location": elsewhere.url + "/kept.wav"}
        server.fault(server.resources("Recordings")[3]["sid"] + ".wav", **FOR_GOOD, **sent_on)
        told, came = lacks(line)
        assert told == ["A recording is kept elsewhere, and not handed over there (401)."]
        assert (came, elsewhere.asked) == (9, ["/kept.wav"])


@pytest.mark.parametrize("odd", [None, "", 5, "RE1\0", "../../Calls", "RE\ud800", "RE" + "1" * 100])
def test_a_sid_that_can_not_be_one_is_no_list(server: TwilioServer, line: Line, odd: object) -> None:
    """It becomes a key, and a part of an address."""
    server.resources("Recordings")[0]["sid"] = odd
    assert isinstance(error(line.listed), SourceUnavailable)


@pytest.mark.parametrize("odd", [None, 5.5, "", "do\0ne", "\ud800", "x" * 99, {}, ["completed"]])
def test_a_status_that_can_not_be_one_is_unknown(server: TwilioServer, line: Line, odd: object) -> None:
    """The call is listed all the same."""
    call = server.resources("Calls")[0]
    call["status"] = odd
    assert line.listed()[call["sid"]].startswith("unknown ")


def test_an_encrypted_recording_is_told(server: TwilioServer, line: Line) -> None:
    """Without asking for bytes that nobody here could hear."""
    server.resources("Recordings")[0]["encryption_details"] = {"encryption_public_key_sid": "CR1"}
    assert lacks(line) == (["A recording is encrypted with a key that intake does not have."], 9)


@pytest.mark.parametrize("duration", [None, "-1", "0", "1", "4", "soon", "nan"])
def test_a_duration_within_two_seconds_is_the_same(server: TwilioServer, line: Line, duration: str | None) -> None:
    """The service rounds it; where it says none that can be read, there is nothing to compare."""
    server.resources("Recordings")[0]["duration"] = duration
    assert lacks(line) == ([], 10)


def test_a_wav_of_unknown_length_is_as_long_as_it_is(server: TwilioServer, line: Line) -> None:
    """A header written before the sound was known says 0 or the largest number."""
    for length in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        server.fault(r"\.wav", body=wav(2)[:40] + length + wav(2)[44:])
    assert lacks(line) == ([], 10)


def test_other_audio_is_taken_as_it_is(server: TwilioServer, line: Line) -> None:
    """An MP3 says no length that could be compared."""
    server.fault(r"\.wav", body=b"ID3 and so on", media_type="audio/mpeg; charset=x")
    taken = line.taken()
    kinds = [more.media_type for of in taken.values() for more in of.arrival.further]
    assert kinds.count("audio/mpeg") == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 404}, "A transcript is announced, and not there (404)."),
        ({"status": 403}, "A transcript may not be fetched by this account (403)."),
        ({"status": 500}, "A transcript could not be had: the telephone service is failing (500)."),
        ({"truncated": True}, "A transcript could not be had: the telephone service gave an answer that is cut or no"),
        ({"body": b"{}"}, "A transcript could not be had: the telephone service gave an answer that is no list."),
    ],
)
def test_a_transcript_that_fails_is_told(server: TwilioServer, line: Line, fault: dict[str, Any], said: str) -> None:
    """The recording and everything of the other calls comes."""
    server.fault(server.resources("Transcripts")[3]["sid"] + "/Sentences", **FOR_GOOD, **fault)
    [told], came = lacks(line)
    assert told.startswith(said)
    assert came == 9


def test_several_things_that_a_call_lacks_are_one_sentence(server: TwilioServer, line: Line) -> None:
    """Each reason once."""
    call = server.resources("Calls")[0]
    server.audio.clear()
    server.recording(call, audio=b"x")
    server.recording(call, audio=b"x")
    server.fault("Sentences", status=404, **FOR_GOOD)
    told, came = lacks(line, retry_attempts=0)
    assert came == 0
    assert told[-1] == (
        "A recording is announced, and not there (404); a recording did not come whole: the telephone service handed "
        "over something that is no WAV file; a transcript is announced, and not there (404)."
    )


def test_401_while_fetching_ends_the_run(server: TwilioServer, line: Line) -> None:
    """The token was taken back: nothing more can be had, and what came before stays."""
    adapter = line.adapter()
    listed = list(adapter.list())
    server.fault(server.resources("Recordings")[3]["sid"] + ".wav", status=401, **FOR_GOOD)
    came: list[object] = []

    def take() -> None:
        came.extend(adapter.fetch(listed))

    assert isinstance(error(take), SourceRefused)
    assert len(came) >= 1
    assert all(isinstance(value, Arrival) for value in came)
    adapter.close()


def test_what_goes_on_failing_is_asked_less(server: TwilioServer, line: Line) -> None:
    """Three in a row, and each further one is asked for once: a run over thousands of calls ends, and every call is
    received. One that comes gives patience back."""
    server.fault(r"\.wav", status=500, **FOR_GOOD)
    server.fault("Sentences", status=500, **FOR_GOOD)
    told, came = lacks(line)
    assert (len(told), came) == (5, 0)
    assert server.counts["audio"] + server.counts["Sentences"] == 3 * 6 + 7
    server.faults.clear()
    assert lacks(line) == ([], 10)


def test_when_too_much_time_is_lost_nothing_more_is_asked(server: TwilioServer, line: Line) -> None:
    """A service that asks for a minute each time: after a quarter of an hour of waiting the run goes on without."""
    server.fault(r"\.wav", status=429, retry_after="60", **FOR_GOOD)
    told, came = lacks(line, retry_attempts=20)
    assert (len(told), came) == (5, 0)
    assert sum(line.pauses) <= 21 * 60
    assert told[-1].endswith("failed too often in this run to be asked again.")


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: wav(0)[:36] + tail))
def test_no_file_makes_the_check_of_a_wav_fail_in_another_way(content: bytes) -> None:
    """Whatever comes, it lasts some seconds, or it is said to be no sound."""
    with suppress(TryAgain):
        assert _duration(BytesIO(content)) >= 0
