"""A channel's section of the config: each error names the key and says what would be right."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from channels import ADAPTERS
from channels.email import EmailSettings

ACCOUNT = {"host": "imap.example.org", "user": "consultation", "password_env": "MAIL_PASSWORD"}


def error(kind: str, section: dict[str, object]) -> str:
    """The key and sentence of the first error, as the config's reader finds them."""
    with pytest.raises(ValidationError) as raised:
        ADAPTERS[kind].settings.model_validate(section)
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
        ("email", ACCOUNT | {"after": "move:Taken in"}, "after: Value error, is not available in this version"),
        ("email", ACCOUNT | {"auth": "oauth2"}, "auth: "),
        ("letters", {}, "folder: "),
        ("letters", {"folder": "scans", "settle_seconds": -1}, "settle_seconds: "),
        ("letters", {"folder": "scans", "split": "blank"}, "split: Value error, is not available in this version"),
        ("phone", {}, "log: "),
        ("phone", {"log": "calls.csv", "account_sid_env": "SID"}, "account_sid_env: Value error, is not available"),
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
