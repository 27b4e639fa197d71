"""A channel's section of the config: each error names the key and says what would be right."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from channels import ADAPTERS
from channels.email import EmailSettings
from channels.phone import PhoneSettings

ACCOUNT = {"host": "imap.example.org", "user": "consultation", "password_env": "MAIL_PASSWORD"}
APP: dict[str, object] = {
    "host": "outlook.office365.com", "auth": "oauth2", "tenant": "example.onmicrosoft.com", "client_id": "an-id",
    "client_secret_env": "APP_SECRET", "mailbox_user": "consultation@example.org",
}  # fmt: skip
TOKEN_KEYS = (
    "tenant",
    "client_id",
    "client_secret_env",
    "certificate_file",
    "certificate_password_env",
    "mailbox_user",
)
AFTER = ("", "Taken in", "move", "move:", "move: ", "move: Taken in", "move:Taken\nin", 5, ["move:Taken in"], "copy:x")
EMPTIED = ("Trash", "Deleted Items", "Junk", "Spam")


LINE: dict[str, object] = {
    "account_sid_env": "TWILIO_SID", "auth_token_env": "TWILIO_TOKEN", "numbers": ["+441603223762"],
}  # fmt: skip

REPLIES = {"host": "smtp.example.org", "from": "The team <team@example.org>"}


def error(kind: str, section: dict[str, object]) -> str:
    """The key and sentence of the first error, as the config's reader finds them. None: the key is not there."""
    with pytest.raises(ValidationError) as raised:
        ADAPTERS[kind].settings.model_validate({k: v for k, v in section.items() if v is not None})
    first = raised.value.errors()[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"


@pytest.mark.parametrize(
    ("kind", "section", "said"),
    [
        ("email", {}, "folder: should be a folder of mail, or else host"),
        ("email", ACCOUNT | {"folder": "mail"}, "folder: should be a folder of mail, or else host"),
        ("email", {"folder": "mail", "mailboxes": ["INBOX"]}, "mailboxes: should stand beside host only"),
        ("email", {"folder": "mail", "user": "consultation"}, "user: should stand beside host only"),
        ("email", {"host": "imap.example.org", "user": "consultation"}, "password_env: should be given beside host"),
        ("email", {"host": "imap.example.org", "password_env": "X"}, "user: should be given beside host"),
        ("email", ACCOUNT | {"settle_seconds": 1}, "settle_seconds: should stand beside folder only"),
        ("email", ACCOUNT | {"tls": "never"}, "tls"),
        ("email", ACCOUNT | {"user": "a\r\nb"}, "user: "),
        ("email", ACCOUNT | {"host": ""}, "host: "),
        ("email", ACCOUNT | {"port": 0}, "port: "),
        ("email", ACCOUNT | {"timeout_s": 0}, "timeout_s: "),
        ("email", ACCOUNT | {"batch_messages": 701}, "batch_messages: "),
        ("email", ACCOUNT | {"mailboxes": []}, "mailboxes: "),
        ("email", ACCOUNT | {"password": "secret"}, "password: "),
        *(("email", ACCOUNT | {"after": value}, 'after: Value error, should be "move:" and a name') for value in AFTER),
        *(("email", ACCOUNT | {"after": f"move:{name}"}, ": Value error, after: should not name") for name in EMPTIED),
        ("email", ACCOUNT | {"after": "move:Inbox"}, ": Value error, after: should name a mailbox that is not read"),
        (
            "email",
            ACCOUNT | {"after": "move:Team", "mailboxes": ["INBOX", "Team"]},
            "after: should name a mailbox that",
        ),
        ("email", {"folder": "mail", "after": "move:../Taken in"}, 'after: should be "move:" and a subfolder'),
        ("email", ACCOUNT | {"auth": "oauth"}, "auth: "),
        *(("email", ACCOUNT | {key: "x.y"}, f'{key}: should stand beside auth = "oauth2" only') for key in TOKEN_KEYS),
        ("email", ACCOUNT | {"tenant": "common"}, "tenant: Value error, should be the directory's number, or a domain"),
        ("email", ACCOUNT | {"tenant": "a/b"}, "tenant: Value error, should be the directory's number, or a domain"),
        ("email", APP | {"authority": "http://login.example.org"}, "authority: Value error, should be https:// and"),
        ("email", APP | {"authority": "https://login.example.org/x"}, "authority: Value error, should be https:// and"),
        ("email", APP | {"tls": False}, 'tls: should be true or "starttls" beside auth = "oauth2"'),
        ("email", APP | {"password_env": "X"}, 'password_env: should not stand beside auth = "oauth2"'),
        ("email", APP | {"tenant": None}, 'tenant: should be given beside auth = "oauth2"'),
        ("email", APP | {"client_id": None}, 'client_id: should be given beside auth = "oauth2"'),
        ("email", APP | {"mailbox_user": None}, "mailbox_user: should be the address of the mailbox"),
        ("email", APP | {"client_secret_env": None}, "client_secret_env: should be given beside auth"),
        ("email", APP | {"certificate_file": "app.pem"}, "or else certificate_file; exactly one"),
        ("email", APP | {"certificate_password_env": "X"}, "certificate_password_env: should stand beside certific"),
        ("email", APP | {"folder": "mail", "host": None}, "auth: should stand beside host only"),
        ("letters", {}, "folder: "),
        ("letters", {"folder": "scans", "settle_seconds": -1}, "settle_seconds: "),
        *(
            ("letters", {"folder": "scans", "after": value}, 'after: Value error, should be "move:" and a')
            for value in (*AFTER, "move:/srv/taken", "move:a/../b", "move:.", "move:a//b", "move:a/")
        ),
        ("letters", {"folder": "scans", "split": "pages"}, 'split: Value error, should be "separator", "none"'),
        ("phone", {}, "log: "),
        ("phone", {"log": "calls.csv", "account_sid_env": "SID"}, "account_sid_env: should not stand beside log"),
        ("phone", {"log": "calls.csv", "recordings": True}, "recordings: should not stand beside log"),
        ("phone", {"log": "calls.csv", "window_hours": 24}, "window_hours: should not stand beside log"),
        ("phone", LINE | {"settle_seconds": 1}, "settle_seconds: should stand beside log only"),
        *(("phone", LINE | {key: None}, f"{key}: should ") for key in ("account_sid_env", "auth_token_env", "numbers")),
        ("phone", LINE | {"numbers": []}, "numbers: should list the consultation's numbers"),
        ("phone", LINE | {"numbers": "+441603223762"}, "numbers: "),
        *(
            ("phone", LINE | {"numbers": [number]}, "numbers.0: Value error, should be a number with + and the country")
            for number in ("01603 223762", "+44 1603 223762", "441603223762", "+0441603223762", "+44", "")
        ),
        ("phone", LINE | {"numbers": ["+441603223762"] * 2}, "numbers: should list each number once"),
        ("phone", LINE | {"auth_token": "secret"}, "auth_token: "),
        ("phone", LINE | {"account_sid_env": ""}, "account_sid_env: "),
        ("phone", LINE | {"recordings": "yes please"}, "recordings: "),
        ("phone", LINE | {"transcript_wait_hours": -1}, "transcript_wait_hours: "),
        ("phone", LINE | {"window_hours": -1}, "window_hours: "),
        ("phone", LINE | {"timeout_s": 0}, "timeout_s: "),
        ("phone", LINE | {"base_url": "127.0.0.1:8080"}, "base_url: Value error, should be a scheme and a host"),
        ("phone", LINE | {"base_url": "http://127.0.0.1/x"}, "base_url: Value error, should be a scheme and a host"),
        ("phone", LINE | {"base_url": "http://example.org"}, "base_url: Value error, should begin with https://"),
        ("survey", {"export": "survey"}, "exports: "),
    ],
)
def test_a_wrong_key_is_named(kind: str, section: dict[str, object], said: str) -> None:
    """The error names the key that is wrong, not only the section."""
    assert said in error(kind, section)


def test_paths_are_relative_to_the_config_file(tmp_path: Path) -> None:
    """A relative folder means one beside the config file, wherever the command is run."""
    settings = ADAPTERS["letters"].settings.model_validate({"folder": "scans"}, context={"base": tmp_path})
    assert settings.model_dump()["folder"] == tmp_path / "scans"


@pytest.mark.parametrize(("tls", "port"), [(True, 993), ("starttls", 143), (False, 143)])
def test_the_port_follows_from_tls(tls: object, port: int) -> None:
    """Without a port the account is asked on the standard one: 993 with TLS, 143 with STARTTLS or without TLS."""
    settings = ADAPTERS["email"].settings.model_validate(ACCOUNT | {"tls": tls})
    assert isinstance(settings, EmailSettings)
    assert settings.server_port == port


@pytest.mark.parametrize(
    "section",
    [
        APP,
        APP | {"tls": "starttls"},
        APP | {"mailbox_user": None, "user": "consultation@example.org"},
        APP | {"client_secret_env": None, "certificate_file": "app.pem", "certificate_password_env": "APP_PASSWORD"},
        APP | {"authority": "https://login.microsoftonline.us/", "tenant": "3f1c9e1e-0000-4000-8000-000000000000"},
        ACCOUNT | {"after": "move:Taken in"},
        ACCOUNT | {"after": "move:Archive/Taken in", "mailboxes": ["INBOX", "Archive"]},
        {"folder": "mail", "after": "move:Taken in/2011"},
    ],
)
def test_what_fits_together_is_taken(section: dict[str, object]) -> None:
    """A secret or a certificate, the mailbox by either name, another cloud; a target beside what is read."""
    settings = ADAPTERS["email"].settings.model_validate({k: v for k, v in section.items() if v is not None})
    assert isinstance(settings, EmailSettings)
    assert (settings.registration is None) == (settings.auth == "password")
    assert settings.authority == str(section.get("authority", "https://login.microsoftonline.com")).rstrip("/")


def test_the_target_is_the_name_alone() -> None:
    """``after = "move:Taken in"`` means the mailbox, or the subfolder, Taken in."""
    for kind, section in (("email", ACCOUNT), ("letters", {"folder": "scans"})):
        settings = ADAPTERS[kind].settings.model_validate(section | {"after": "move:Taken in"})
        assert settings.model_dump()["after"] == "Taken in"


def test_a_log_or_an_account() -> None:
    """A section of the phone is either; an account takes no recordings unless that is decided, and is listed in a
    window of 72 hours in between, or never; of recordings each run says that they are taken."""
    kind = ADAPTERS["phone"]
    assert kind.windowed is not None
    assert kind.notices is not None
    log, line = kind.settings.model_validate({"log": "calls.csv"}), kind.settings.model_validate(LINE)
    assert (kind.windowed(log), kind.windowed(line)) == (None, 72)
    assert kind.windowed(kind.settings.model_validate(LINE | {"window_hours": 0})) is None
    assert (kind.notices(log), kind.notices(line)) == ([], [])
    assert isinstance(line, PhoneSettings)
    assert (line.recordings, line.transcript_wait_hours) == (False, 24)
    [said] = kind.notices(kind.settings.model_validate(LINE | {"recordings": True}))
    assert "Recordings" in said


def acknowledge(**keys: object) -> dict[str, object]:
    """A channel with a section ``acknowledge`` of these keys; None leaves one out."""
    return {"folder": "mail", "acknowledge": {k: v for k, v in (REPLIES | keys).items() if v is not None}}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (acknowledge(host=None), "acknowledge.host: "), (acknowledge(host="a\r\nb"), "acknowledge.host: "),
        (acknowledge(**{"from": None}), "acknowledge.from: "),
        (acknowledge(**{"from": "team"}), "acknowledge.from: Value error, should be an address, or a name and"),
        (acknowledge(**{"from": "Team\r\nBcc: x <team@example.org>"}), "acknowledge.from: Value error, should be an"),
        (acknowledge(**{"from": "a@example.org, b@example.org"}), "acknowledge.from: Value error, should be an"),
        (acknowledge(user="team"), "acknowledge: Value error, password_env: should be given too"),
        (acknowledge(password_env="X"), "acknowledge: Value error, user: should be given too"),
        (acknowledge(password="secret"), "acknowledge.password: "),
        (acknowledge(auth="oauth2"), 'acknowledge: Value error, user: should be given beside auth = "oauth2"'),
        (acknowledge(auth="oauth2", user="team", password_env="X"), "password_env: should not stand beside"),
        (acknowledge(auth="oauth2", user="team", tls=False), "acknowledge: Value error, tls: should be true or"),
        (acknowledge(auth="oauth2", user="team"), 'acknowledge.auth: should be "password", or the auth of the account'),
        (acknowledge(tls="never"), "acknowledge.tls"), (acknowledge(envelope="x@e.org"), "acknowledge.envelope: "),
        (acknowledge(subject="About {name}"), "acknowledge.subject: Value error, should have no placeholders but"),
        (acknowledge(subject="{reference!r}"), "acknowledge.subject: Value error, should have no placeholders but"),
        (acknowledge(subject="{reference:>99}"), "acknowledge.subject: Value error, should have no placeholders but"),
        (acknowledge(subject="{reference.__class__}"), "acknowledge.subject: Value error, should have no placeholders"),
        (acknowledge(subject="{}"), "acknowledge.subject: Value error, should have no placeholders but"),
        (acknowledge(subject="Hello {"), "acknowledge.subject: Value error, should have { and } only around"),
        (acknowledge(subject="two\nlines"), "acknowledge.subject: "),
        (acknowledge(text="Thank you."), "acknowledge.text: Value error, should tell the {reference}"),
        (acknowledge(text="{{reference}}"), "acknowledge.text: Value error, should tell the {reference}"),
        (acknowledge(text="{reference} {text}"), "acknowledge.text: Value error, should have no placeholders but"),
        (acknowledge(text="{reference}\x00"), "acknowledge.text: Value error, should have no control characters"),
        (acknowledge(per_minute=0), "acknowledge.per_minute: "), (acknowledge(per_day=0), "acknowledge.per_day: "),
        (acknowledge(since="2011-01-24"), "acknowledge.since: Value error, should be a date such as 2011-04-18"),
    ],
)  # fmt: skip
def test_a_wrong_key_of_acknowledging_is_named(section: dict[str, object], said: str) -> None:
    """The same inside ``acknowledge``."""
    assert said in error("email", section)


@pytest.mark.parametrize(("kind", "source"), [("letters", "folder"), ("phone", "log"), ("survey", "exports")])
def test_only_email_can_acknowledge(kind: str, source: str) -> None:
    """A scan, a call or a row has nobody to write to."""
    assert "acknowledge: Extra inputs" in error(kind, {source: "x", "acknowledge": REPLIES})


@pytest.mark.parametrize(("tls", "port"), [(True, 465), ("starttls", 587), (False, 25)])
def test_the_port_follows_tls(tls: object, port: int) -> None:
    """Submission with TLS, with STARTTLS, and a relay's plain port."""
    settings = EmailSettings.model_validate(acknowledge(tls=tls))
    assert settings.acknowledge is not None
    assert settings.acknowledge.server_port == port
