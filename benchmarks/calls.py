"""10,000 calls and 1,000 text messages from the small Twilio of the tests: at most 1.05 times the requests that it
takes (the pages of the lists, one for each new audio, one for each new transcript), and of a second run the lists
alone."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from math import ceil
from pathlib import Path

from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, intake
from benchmarks.words import ROOT
from tests.support.twilio import LINE, TwilioServer, wav

CALLS, MESSAGES = 10_000, 1_000
LIMIT = 1.05
_PAGE = 1000  # the most that the service lists at once
_LISTS = ("Calls", "Messages", "Recordings", "Transcriptions", "Transcripts")
_SAID = (
    "I am ringing about the children's centre in our village, and I would like you to keep it open.",
    "My daughter has been going there since she was born, and there is no bus to the next one after three.",
    "Nobody asked the people who use it. That is all that I wanted to say, thank you.",
)


def bench(plan: Plan) -> Result:
    """Two runs into one home, each with what it asked for."""
    calls, messages = plan.items(CALLS), plan.items(MESSAGES)
    with TwilioServer() as server, tempfile.TemporaryDirectory(prefix="bench-calls-") as name:
        _fill(server, calls, messages)
        config = _config(Path(name), server)
        first, asked = _run(server, config, calls + messages, new=True)
        second, again = _run(server, config, calls + messages, new=False)
        lists = sum(max(1, ceil(len(server.resources(kind)) / _PAGE)) for kind in _LISTS)
        least = lists + len(server.audio) + len(server.sentences)
    made, only = sum(asked.values()), sum(again.values())
    return Result(
        [
            Figure(f"{calls:,} calls: requests / the fewest", "", made, least, made / least, LIMIT),
            Figure("  second run: requests / the lists", "", only, lists, only / lists, LIMIT),
            Figure("  second run: audio and transcripts", "", again["audio"] + again["Sentences"], limit=0),
            *_cost("first run", first),
            *_cost("second run", second),
        ],
        {"calls": calls, "messages": messages, "asked": dict(asked), "again": dict(again)},
    )


def _cost(which: str, cost: Cost) -> list[Figure]:
    return [
        Figure(f"  {which}, calls", "CPU s", cost.cpu_s, note=f"{cost.wall_s:.0f} s by the clock"),
        Figure("    largest process", "MB", cost.largest_mb),
    ]


def _run(server: TwilioServer, config: Path, items: int, *, new: bool) -> tuple[Cost, Counter[str]]:
    """A run and what it asked for. The server is in the bench's own process: its work is on neither side."""
    server.forget()
    cost = intake(config, "run", "--channel", "phone", environment=server.variables)
    account: Mapping[str, int] = cost.output["channels"]["phone"]
    found = (account["listed"], account["received"], account["unknown"], account["quarantined"])
    if found != (items, items if new else 0, 0, 0) or account["responses"] < items // 2:
        raise BenchBrokenError(f"not all calls were taken: {account}")
    return cost, server.counts.copy()


def _fill(server: TwilioServer, calls: int, messages: int) -> None:
    """Of twenty calls, twelve have a recording with a transcript, five one with a legacy transcription, and three were
    missed; every tenth was put through to somebody."""
    for number in range(calls):
        kind = number % 20
        call = server.call(status="no-answer" if kind >= 17 else "completed")
        if kind >= 17:
            continue
        recording = server.recording(call, seconds=1, audio=_sound(number))
        if kind < 12:
            server.transcript(recording, *_SAID, f"This was call {number}.")
        else:
            server.transcription(recording, " ".join([*_SAID, f"This was call {number}."]))
        if number % 10 == 0:
            server.leg(call)
    for number in range(messages):
        server.message(f"Please keep our centre open. This was text message {number}.")


def _sound(number: int) -> bytes:
    """A second of sound, of no other call."""
    return wav(1)[:-4] + number.to_bytes(4, "little")


def _config(folder: Path, server: TwilioServer) -> Path:
    """The sample's consultation, with this line alone."""
    sample = (ROOT / "config.toml").read_text(encoding="utf-8")
    made = sample.partition("[channels.email]")[0]
    made = made.replace('"samples/centres.csv"', f'"{ROOT / "samples" / "centres.csv"}"')
    made = made.replace('home = "var"', f'home = "{folder / "home"}"')
    config = folder / "config.toml"
    config.write_text(f"""{made}
[channels.phone]
adapter = "phone"
account_sid_env = "TWILIO_SID"
auth_token_env = "TWILIO_TOKEN"
numbers = ["{LINE}"]
base_url = "{server.url}"
recordings = true
""")
    return config
