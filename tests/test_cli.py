"""The command line: help that teaches, one object on stdout, one sentence on stderr, the contract's exit codes."""

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer

from intake import cli
from intake.wish import ACTIONS
from tests.support.consultation import Consultation, Done, message

COMMANDS = {
    "run", "status", "trace", "original", "decide", "verify", "export", "watch", "separator", "form", "call",
    "survey map",
}  # fmt: skip
ESCAPE = "\x1b[31mred\x07"
Command = Callable[..., Done]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """A run over a message, an automatic reply, a file that is no message, and two rows; one header has an escape."""
    made = Consultation(tmp_path_factory.mktemp("cli"), home=empty_home)
    made.put(
        "inbox/1.eml", message("Keep it open.\n\nA Resident\nNR25 6AA", sender="Secret Person <secret@example.org>")
    )
    made.mail("2.eml", "I am away.", headers="Auto-Submitted: auto-replied")
    made.put("inbox/3.eml", b"\x89PNG\r\n\x1a\n" + bytes(50))
    made.put(
        "survey/all.csv",
        f'ID,When,What do you think?,"Name{ESCAPE}",name\n1,2011-03-01 10:00,Keep,x,Secret\n2,,{ESCAPE},,\n',
    )
    made.run()
    return made


@pytest.fixture
def mine(made_once: Consultation, tmp_path: Path) -> Consultation:
    """The same, to change."""
    return made_once.copy(tmp_path)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Iterator[Command]:
    """The console script's own function, in this process: what it prints and how it ends, ten times as quick."""
    handlers, configured = logging.getLogger().handlers[:], structlog.get_config()

    def run(here: Consultation | None, *arguments: object, stdin: bytes = b"") -> Done:
        at = [] if here is None else ["--config", str(here.path)]
        monkeypatch.setattr(sys, "argv", ["intake", *at, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8", "surrogateescape"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out.decode(), err.decode())

    yield run
    structlog.configure(**configured)
    logging.getLogger().handlers[:] = handlers


def reference(here: Consultation) -> str:
    return here.response("email")["reference"]


# --- help -------------------------------------------------------------------------------------------------------------


def described() -> dict[str, typer.core.TyperCommand]:
    """The commands by name; of a group of commands, with its name before theirs."""
    found: dict[str, typer.core.TyperCommand] = {}
    for name, one in typer.main.get_command(cli.cli).commands.items():  # type: ignore[attr-defined]
        inside = getattr(one, "commands", None)
        found |= {name: one} if inside is None else {f"{name} {each}": it for each, it in inside.items()}
    return found


def test_the_commands_are_those_of_the_contract() -> None:
    """Every command of the contract that is due now is there, under its name, and no other."""
    assert set(described()) == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_teaches(name: str) -> None:
    """Each command says in a sentence what it does, and each of its options and arguments what it means."""
    one = described()[name]
    assert one.help
    assert re.match(r"[A-Z].{20,}\.", one.help.partition("\n")[0])
    shown = one.get_help(typer.Context(one, info_name=name))
    for parameter in one.params:
        spelled = parameter.opts[-1] if parameter.param_type_name == "option" else parameter.metavar or parameter.name
        assert str(spelled) in shown
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {spelled}"


def test_help_names_every_decision_and_outcome() -> None:
    """A person who asks for help sees every action and every outcome that can be typed."""
    every = described()
    assert all(action in str(every["decide"].params[1].help) for action in ACTIONS)  # type: ignore[attr-defined]
    assert "quarantined" in every["status"].get_help(typer.Context(every["status"], info_name="status"))
    assert "set-aside" in str(every["decide"].help)


def test_the_first_help_says_where_to_start(command: Command) -> None:
    """`intake --help` names every command and says which comes first; `intake` alone says the same and ends with 2."""
    done = command(None, "--help")
    assert done.code == 0
    assert all(re.search(rf"^ +{name.split()[0]} +\w", done.out, re.MULTILINE) for name in COMMANDS)
    assert "intake run" in done.out
    assert command(None).code == 2


# --- exit codes and sentences -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch"), (["trace"], "REFERENCE"), (["decide"], "REFERENCE"), (["decide", "1"], "ACTION"),
        (["export"], "FILE"),
        (["status", "--nosuch"], "--nosuch"), (["run", "--channel"], "--channel"),
        (["status", "--items", "nonsense"], "--items"),
        (["decide", "1", "nosuch"], "ACTION: should be one of accept"),
        (["export", "x.csv", "--profile", "all"], "--profile"),
        (["export", "x.txt"], "FILE: x.txt should end with"), (["export", "x"], "FILE"),
        (["run", "--channel", "nosuch"], "--channel: should be one of email"),
        (["watch", "now"], "now"), (["verify", "1"], "1"),
    ],
)  # fmt: skip
def test_what_the_command_line_shows_to_be_wrong_ends_with_2(
    made_once: Consultation, command: Command, arguments: list[str], said: str
) -> None:
    """A wrong command, option or word is said by its name, with exit code 2, and nothing on stdout."""
    done = command(made_once, *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trace", "nonsense"], "There is no response or receipt 'nonsense' here."), (["trace", "99"], "'99'"),
        (["trace", "TST-00000-00000"], "'TST-00000-00000'"), (["trace", "9" * 30], "There is no response or receipt"),
        (["trace", ""], "There is no response or receipt ''"), (["original", "ab"], "There is no original ab here."),
        (["original", "../../etc/passwd"], "There is no original"), (["original", "0" * 64], "There is no original"),
        (["decide", "99", "accept"], "'99'"), (["decide", "2", "accept"], "Receipt 2 has no response to accept."),
        (["decide", "1", "confirm"], "Nobody has proposed"),
        (["decide", "1", "exclude"], "An exclusion needs a reason"),
        (["decide", "1", "correct", "--value", "nosuch=1"], "A correction is written"),
        (["decide", "1", "correct"], "A correction is written"),
        (["decide", "1", "retry"], "Receipt 1 is read"), (["decide", "1", "undo"], "no decision here to undo"),
        (["decide", "1", "set-aside", "--value", "nosuch"], "enquiry"),
        (["decide", "1", "transcribe"], "A transcription needs its words"),
        (["export", "/nowhere/x.csv"], "/nowhere"),
        (["original", "SHA", "--out", "/nowhere/x"], "--out: /nowhere/x can't be written"),
    ],
)  # fmt: skip
def test_what_does_not_hold_ends_with_1(
    made_once: Consultation, command: Command, arguments: list[str], said: str
) -> None:
    """What is not there, not allowed or can't be written is one sentence on stderr, exit code 1 and no traceback."""
    sha256 = made_once.receipts()[0]["sha256"]
    done = command(made_once, *(sha256 if argument == "SHA" else argument for argument in arguments))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("intake: ")
    assert done.err.count("\n") == 1
    assert said in done.err


@pytest.mark.parametrize("how", ["option", "environment", "default"])
def test_a_config_that_is_wrong_ends_with_2(tmp_path: Path, how: str) -> None:
    """However the config is named, what is wrong in it is one sentence, and nothing is made: no home, no database."""
    here = Consultation(tmp_path)
    here.configure('timezone = "Europe/London"', 'timezone = "Norwich"')
    line = [sys.executable, "-P", "-m", "intake", *(["--config", str(here.path)] if how == "option" else []), "status"]
    environment = {**os.environ, "INTAKE_CONFIG": str(here.path)} if how == "environment" else dict(os.environ)
    cwd = tmp_path if how == "default" else Path("/")
    done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("intake: consultation.timezone: should be the name of a time zone")
    assert done.stderr.count("\n") == 1
    assert not here.home.exists()


def test_the_option_comes_before_the_environment(
    made_once: Consultation, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--config` wins over INTAKE_CONFIG, which is used without it; a file that is not there is named."""
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path / "nowhere.toml"))
    assert command(made_once, "status").code == 0
    done = command(None, "status")
    assert done.code == 2
    assert str(tmp_path / "nowhere.toml") in done.err
    monkeypatch.setenv("INTAKE_CONFIG", str(made_once.path))
    assert command(None, "status").code == 0


@pytest.mark.parametrize("broken", ["home is a file", "no such server", "no such server's name", "damaged database"])
def test_storage_that_can_not_be_used_is_one_sentence(
    mine: Consultation, tmp_path: Path, command: Command, broken: str
) -> None:
    """A home or a database that can't be used ends with 1 and says what to check."""
    if broken == "home is a file":
        (tmp_path / "file").write_text("")
        mine.configure('home = "var"', 'home = "file"')
    elif broken == "damaged database":
        mine.sqlite.write_bytes(b"this is no database, but long enough to be taken for one by its size" * 100)
    else:
        host = "127.0.0.1:1" if broken == "no such server" else "nosuch.invalid"
        mine.configure('database = ""', f'database = "postgresql+psycopg://someone:secret@{host}/intake"')
    done = command(mine, "status")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("intake: The ")
    assert done.err.count("\n") == 1
    assert "secret" not in done.err


# --- one object on stdout ---------------------------------------------------------------------------------------------

CHANNEL = {
    "listed", "unknown", "waiting", "vanished", "received", "read", "repeats", "set_aside", "quarantined", "pending",
    "responses", "error", "acknowledgements", "rows", "alarms", "window", "notices",
}  # fmt: skip
PIECE = {"value", "method", "confidence", "place", "quote", "reader_version", "at", "by"}


def test_json_is_one_object_and_nothing_else(mine: Consultation, command: Command, tmp_path: Path) -> None:
    """With --json each command prints exactly one object, with the contract's keys, and nothing else on stdout."""
    name = reference(mine)
    found: dict[str, Any] = {}
    for arguments in (
        ["run"], ["status"], ["status", "--items", "read"], ["trace", name], ["trace", "2"], ["decide", name,
         "accept"], ["verify"],
        ["export", str(tmp_path / "all.csv")],
    ):  # fmt: skip
        done = command(mine, *arguments, "--json")
        assert done.code == 0, done.err
        assert done.out.endswith("}\n")
        assert done.out.count("\n") == 1
        found[" ".join(arguments[:1] if arguments[0] != "status" else arguments[:2])] = json.loads(done.out)
        if arguments[0] == "trace" and arguments[1] == "2":
            assert found["trace"]["reference"] is None
            assert set(found["trace"]["response"].values()) == {None}
    assert set(found["run"]) == {"run", "started_at", "finished_at", "balanced", "sandbox", "channels"}
    assert all(set(account) == CHANNEL for account in found["run"]["channels"].values())
    of_a_run = {"listed", "unknown", "waiting", "vanished", "received", "error", "acknowledgements", "rows", "alarms"}
    of_a_run |= {"window", "notices"}
    assert set(found["status"]["channels"]["email"]) == CHANNEL - of_a_run | {"last_run"}
    assert found["status"]["alarms"] == []
    assert {"receipt", "reference", "channel", "outcome", "reason", "next"} <= set(found["status --items"]["items"][0])
    assert set(found["trace"]) == {"reference", "joined_into", "response", "fields", "marked", "receipts", "history"}
    assert found["verify"]["ok"] is True
    assert all(set(check) == {"name", "ok", "checked", "failures"} for check in found["verify"]["checks"])


def test_a_trace_has_the_contract_s_keys(made_once: Consultation, command: Command) -> None:
    """Every field's evidence and every receipt of a trace is described under the contract's keys."""
    found = command(made_once, "trace", reference(made_once), "--json").json
    assert {frozenset(piece) for pieces in found["fields"].values() for piece in pieces} == {frozenset(PIECE)}
    (receipt,) = found["receipts"]
    wanted = {
        "receipt",
        "channel",
        "source",
        "arrived_at",
        "arrived_basis",
        "taken_at",
        "run",
        "facts",
        "original",
        "originals",
    }
    assert wanted <= set(receipt)
    assert set(receipt["original"]) == {"sha256", "bytes", "media_type", "intact"}
    assert receipt["original"]["intact"] is True
    assert found["response"]["postcode"] == "NR25 6AA"


def test_a_run_that_fails_still_prints_its_object(mine: Consultation, command: Command) -> None:
    """A channel whose folder is missing ends the run with 1: the object says so, the other channels ran."""
    mine.configure('folder = "inbox"', 'folder = "nowhere"')
    mine.survey("new.csv", ("9", "2011-03-01 10:00", "Keep", "Yes"))
    done = command(mine, "run", "--json")
    assert done.code == 1
    failed = done.json["channels"]["email"]
    assert [failed[name] for name in ("listed", "unknown", "waiting", "vanished")] == [None] * 4
    assert failed["error"]
    assert done.json["balanced"] is False
    assert done.json["channels"]["survey"]["received"] == 1
    assert "Traceback" not in done.err


def test_only_the_named_channels_run(mine: Consultation, command: Command) -> None:
    """With --channel only those channels are run, and only they appear."""
    done = command(mine, "run", "--channel", "phone", "--channel", "survey", "--json")
    assert (done.code, set(done.json["channels"])) == (0, {"phone", "survey"})


def test_the_log_holds_no_personal_data(mine: Consultation, command: Command) -> None:
    """What a run says on stderr where nobody watches is lines of JSON with numbers: no name, subject or file."""
    mine.mail("4.eml", "More of my words.", sender="Secret Person <secret@example.org>", subject="Secret subject")
    mine.put("inbox/secret-name.eml", b"\x89PNG\r\n\x1a\n" + bytes(60))
    done = command(mine, "--verbose", "run", "--json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert any(line.get("receipt") for line in lines)
    for private in ("ecret", "words", ".eml", "example.org"):
        assert private not in done.err


# --- words for people -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["1", "4", "5", "2", "3"])
def test_a_trace_in_words_is_plain_text(made_once: Consultation, command: Command, what: str) -> None:
    """Nothing that came from outside, in a cell or in a header, sends a control character to the terminal."""
    done = command(made_once, "trace", what)
    assert (done.code, done.err) == (0, "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)
    assert f"receipt {what} " in done.out


def test_every_command_has_words(mine: Consultation, command: Command, tmp_path: Path) -> None:
    """Without --json each command says in words what it did, without a control character."""
    for arguments, said in (
        (["run"], "Balanced: all that is listed is accounted for"), (["status"], "never run"),
        (["status", "--items", "quarantined"], "not an email"),
        (["status", "--items", "pending"], "There are none."), (["verify"], "holds: "),
        (["decide", reference(mine), "accept"], "accepted."),
        (["export", str(tmp_path / "a.jsonl")], "3 rows written to"),
    ):  # fmt: skip
        done = command(mine, *arguments)
        text = " ".join(done.out.split())
        assert done.code == 0
        assert said in text or (said == "never run" and "last run" in text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)


def test_an_original_comes_out_to_the_byte(made_once: Consultation, command: Command, tmp_path: Path) -> None:
    """`original` gives the exact bytes, to stdout or to a file, by the hash in either case."""
    receipt = made_once.receipts("email")[0]
    content = (made_once.folder / "inbox" / receipt["source_key"]).read_bytes()
    assert command(made_once, "original", receipt["sha256"]).out.encode() == content
    done = command(made_once, "original", receipt["sha256"].upper(), "--out", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out").read_bytes() == content


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_who_proposed_can_not_confirm(mine: Consultation, command: Command) -> None:
    """An exclusion that this OS user proposed is refused to the same user with exit code 1, counts until somebody else
    confirms it, and is excluded then."""
    name = reference(mine)
    assert command(mine, "decide", name, "exclude", "--reason", "abuse").code == 0
    done = command(mine, "decide", name, "confirm")
    assert done.code == 1
    assert "another person must" in done.err
    assert name in [row["reference"] for row in mine.responses("email")]
    mine.decide(name, "confirm", by="somebody else")
    assert name not in [row["reference"] for row in mine.responses("email")]


def test_nobody_can_pretend_to_be_another(
    mine: Consultation, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who decides is the OS user; what the environment says of a user's name changes nothing."""
    name = reference(mine)
    command(mine, "decide", name, "exclude", "--reason", "abuse")
    for variable in ("USER", "LOGNAME", "SUDO_USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert command(mine, "decide", name, "confirm").code == 1


def test_words_are_read_from_stdin(mine: Consultation, command: Command) -> None:
    """A transcription of several lines is typed into stdin, and kept as it is."""
    done = command(
        mine, "decide", reference(mine), "transcribe", "--value", "-", stdin="Zażółć\nthe hall 😀\n".encode()
    )
    assert done.code == 0
    assert mine.response("email")["text"] == "Zażółć\nthe hall 😀\n"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["transcribe", "--value", "-"], b"private\x00words"),
        (["transcribe", "--value", "-"], b"private\xff\xfewords"),
        (["transcribe", "--value", "private\udce9"], b""), (["exclude", "--reason", "private\udce9"], b""),
        (["correct", "--value", "name=private\udce9"], b""),
        (["correct", "--value", "answer.structure=private\udce9"], b""),
        (["correct", "--value", "signatures=99999999999999999999"], b""),
        (["correct", "--value", "signatures=3000000000"], b""),
        (["correct", "--value", "answer.nosuch=private"], b""),
        (["correct", "--value", "answer.background=private"], b""),
        (["correct", "--value", "respondent_role=private"], b""), (["correct", "--value", "places=private"], b""),
        (["correct", "--value", "received_at=0001-01-01T00:00:00+05:00"], b""),
        (["correct", "--value", "received_at=private"], b""),
        (["correct", "--value", "postcode=private"], b""),
        (["exclude", "--reason", "duplicate", "--value", "private"], b""),
    ],
)  # fmt: skip
def test_what_can_not_be_stored_is_refused_before_anything_is(
    mine: Consultation, command: Command, arguments: list[str], stdin: bytes
) -> None:
    """Bytes that are no text, values that no column holds: one sentence without them, and no decision."""
    name = reference(mine)
    before = mine.trace(name)
    done = command(mine, "decide", name, *arguments, stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("intake: ")
    assert done.err.count("\n") == 1
    assert "private" not in done.err.replace(name, "")
    assert mine.trace(name) == before


# --- as a process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["trace", "1"], ["status", "--json"], ["original", "SHA"], ["--help"]])
def test_a_reader_who_has_seen_enough_is_no_error(made_once: Consultation, arguments: list[str]) -> None:
    """`intake trace … | head -1`: whoever stops reading gets no traceback and no complaint."""
    sha256 = made_once.receipts()[0]["sha256"]
    line = made_once.command_line(*(sha256 if argument == "SHA" else argument for argument in arguments))
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(line, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, complained = process.communicate(timeout=60)
    assert complained == b""
    assert process.returncode in (0, 1)


def test_ctrl_c_ends_without_a_traceback(mine: Consultation) -> None:
    """Somebody who stops a command in the middle sees no traceback, and nothing was decided."""
    name = reference(mine)
    before = mine.trace(name)
    # Whoever runs the tests in the background has SIGINT ignored, and so would the command.
    line = ["env", "--default-signal=INT", *mine.command_line("decide", name, "transcribe", "--value", "-")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while "read" not in Path(f"/proc/{process.pid}/wchan").read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert mine.trace(name) == before


def test_the_console_script_is_the_same_command(made_once: Consultation) -> None:
    """`.venv/bin/intake` stands where the contract says, and does what the module does."""
    script = Path(sys.executable).with_name("intake")
    done = subprocess.run(
        [script, "--config", made_once.path, "status", "--json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)["channels"]) == {"email", "letters", "phone", "survey"}
