"""The way out: TLS with checks, each kind of login, and the word of the server at each stage."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from channels.base import Sending, SourceError, SourceRefused, SourceUnavailable
from channels.smtp import Relay, SmtpSender, Tokens
from tests.support.certificates import Certificates, make_certificates
from tests.support.proxy import Proxy
from tests.support.smtp import HANG_UP, MailServer

MESSAGE = b"From: <team@council.example>\r\nSubject: Hello\r\n\r\n.\r\n..two\r\nthree"
ENVIRONMENT = {"MAIL_PASSWORD": "s3cret", "FOREIGN": "pässword", "BROKEN": "two\nlines", "WRONG": "x"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def sender(
    port: int, *, environ: Mapping[str, str] = ENVIRONMENT, tokens: Tokens | None = None, **values: Any
) -> SmtpSender:
    settings: dict[str, Any] = {
        "host": "127.0.0.1", "tls": False, "ca_file": None, "user": "", "password_env": "", "envelope": "",
        "timeout_s": 5,
    }  # fmt: skip
    return SmtpSender(Relay(**settings | {"port": port} | values), environ, tokens)


def send(port: int, **values: Any) -> Sending:
    made = sender(port, **values)
    try:
        return made.send("ann@example.org", MESSAGE)
    finally:
        made.close()


def failure(port: int, **values: Any) -> SourceError:
    with pytest.raises(SourceError) as raised:
        send(port, **values)
    assert "s3cret" not in str(raised.value)
    return raised.value


class GivenOut:
    """Tokens that run out: each is given out once."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)

    def token(self) -> str:
        return self.left.pop(0)

    def renewed(self, refused: str) -> str:
        assert refused not in self.left
        return self.left.pop(0)


def test_every_byte_arrives_and_the_envelope_is_empty(server: MailServer) -> None:
    """Lines that begin with a dot are the message's own; nobody is told of failures (RFC 3834, 3.3)."""
    assert send(server.port) == Sending("sent", 250)
    assert send(server.port, envelope="team@council.example") == Sending("sent", 250)
    first, second = server.taken
    assert first.content == MESSAGE + b"\r\n"
    assert (first.sender, second.sender) == ("<>", "team@council.example")
    assert first.recipients == ("ann@example.org",)
    assert first.options == ("NOTIFY=NEVER",)


def test_many_messages_take_one_connection(server: MailServer) -> None:
    """One connection serves a run, also after refusals."""
    with Proxy(server.host, server.port) as proxy:
        one = sender(proxy.port)
        server.answer("rcpt", ["550 no", "", "450 later"])
        server.answer("content", ["554 no"])
        said = [one.send("ann@example.org", MESSAGE).state for _ in range(4)]
        one.close()
        one.close()
        assert proxy.connections == 1
    assert said == ["refused", "refused", "deferred", "sent"]


@pytest.mark.parametrize("tls", [True, "starttls"])
def test_tls_is_checked(certificates: Certificates, tls: Any) -> None:
    """An authority that vouches for the server is needed, and the server's own name."""
    with MailServer(tls=tls, certificates=certificates) as server:
        assert send(server.port, tls=tls, ca_file=certificates.ca_file).state == "sent"
        assert "is not trusted" in str(failure(server.port, tls=tls))
        assert "is not trusted" in str(failure(server.port, tls=tls, ca_file=certificates.ca_file, host="127.1"))
        assert len(server.taken) == 1


def test_a_server_without_tls_gets_nothing_where_tls_is_asked(
    server: MailServer, certificates: Certificates, tmp_path: Path
) -> None:
    """Neither a missing STARTTLS nor a plain port is taken for TLS; a broken authority file is named."""
    assert "offers no STARTTLS" in str(failure(server.port, tls="starttls"))
    assert isinstance(failure(server.port, tls=True, ca_file=certificates.ca_file), SourceUnavailable)
    (tmp_path / "ca.pem").write_text("none")
    assert "`ca_file`" in str(failure(server.port, tls=True, ca_file=tmp_path / "ca.pem"))
    assert server.taken == []


def test_password_logins(certificates: Certificates) -> None:
    """With a password, also one beyond ASCII; a wrong, a missing and a broken one each have their sentence."""
    users = {"team": "s3cret", "tîm": "pässword"}
    with MailServer(tls="starttls", certificates=certificates, users=users) as server:
        with_tls = {"tls": "starttls", "ca_file": certificates.ca_file}
        assert send(server.port, user="team", password_env="MAIL_PASSWORD", **with_tls).state == "sent"
        assert send(server.port, user="tîm", password_env="FOREIGN", **with_tls).state == "sent"
        assert {user for _, user in server.logins} == {"team", "tîm"}
        for wrong, said in (("WRONG", "refused the login"), ("NOT_SET", "is not set"), ("BROKEN", "a line break")):
            error = failure(server.port, user="team", password_env=wrong, **with_tls)
            assert isinstance(error, SourceRefused)
            assert said in str(error)
        assert len(server.taken) == 2


def test_a_server_that_knows_no_login() -> None:
    """A user is configured and the server offers no AUTH: said so, and nothing is sent without."""
    with MailServer(offers_login=False) as server:
        assert "offers no login" in str(failure(server.port, user="team", password_env="MAIL_PASSWORD"))
        assert server.taken == []


def test_xoauth2_takes_a_new_token_for_each_connection(certificates: Certificates) -> None:
    """A token that has run out is refused in two steps, as Microsoft and Google do, and renewed once."""
    with MailServer(tls="starttls", certificates=certificates, tokens={"team": "good"}) as server:
        with_tls = {"tls": "starttls", "ca_file": certificates.ca_file, "user": "team"}
        one = sender(server.port, tokens=GivenOut("good", "expired", "good", "wrong", "wrong too", "good"), **with_tls)
        for _ in range(2):
            assert one.send("ann@example.org", MESSAGE).state == "sent"
            one.close()
        with pytest.raises(SourceRefused, match="refused the login"):
            one.connect()
        assert one.send("ann@example.org", MESSAGE).state == "sent"
        one.close()
        assert server.logins == [("XOAUTH2", "team")] * 6


@pytest.mark.parametrize(
    ("stage", "said", "expected"),
    [
        ("rcpt", "450 4.7.1 greylisted", Sending("deferred", 450)), ("rcpt", "550 5.1.1", Sending("refused", 550)),
        ("rcpt", "421 closing", Sending("deferred", 421)), ("data", "451 no", Sending("deferred", 451)),
        ("data", "554 no", Sending("refused", 554)), ("content", "452 full", Sending("deferred", 452)),
        ("content", "554 spam", Sending("refused", 554)), ("content", HANG_UP, Sending("unsure")),
        ("content", "999 what", Sending("unsure", 999)), ("content", "gibberish", Sending("unsure")),
    ],
)  # fmt: skip
def test_the_server_s_word_at_each_stage(server: MailServer, stage: Any, said: str, expected: Sending) -> None:
    """Before the message, no means not sent; after it, only a reply in SMTP's own words ends the doubt."""
    server.answer(stage, [said])
    one = sender(server.port)
    assert one.send("ann@example.org", MESSAGE) == expected
    assert one.send("ann@example.org", MESSAGE) == Sending("sent", 250)
    one.close()


@pytest.mark.parametrize(
    ("stage", "said", "kind", "sentence"),
    [
        ("mail", "550 5.7.60 denied", SourceRefused, "takes no mail from this sender (550)"),
        ("mail", "451 busy", SourceUnavailable, "takes no mail now (451)"),
        ("mail", HANG_UP, SourceUnavailable, "broke off"), ("rcpt", HANG_UP, SourceUnavailable, "broke off"),
        ("data", HANG_UP, SourceUnavailable, "broke off"),
    ],
)  # fmt: skip
def test_what_is_said_of_us_stops_everything(
    server: MailServer, stage: Any, said: str, kind: type[SourceError], sentence: str
) -> None:
    """A sender that is refused, or a connection that breaks before the message, is no word on the recipient."""
    server.answer(stage, said)
    error = failure(server.port)
    assert type(error) is kind
    assert sentence in str(error)
    assert server.taken == []


def test_hosts_that_are_not_there() -> None:
    """Unknown, refusing, and silent hosts each have their sentence."""
    with MailServer() as gone:
        port = gone.port
    assert "refused the connection" in str(failure(port))
    assert "is not known" in str(failure(25, host="no-such-host.invalid"))
    with MailServer() as server, Proxy(server.host, server.port, delay_s=3) as slow:
        assert "did not answer within 0.3 s" in str(failure(slow.port, timeout_s=0.3))


def test_a_server_that_does_not_answer_the_message_leaves_a_doubt(server: MailServer) -> None:
    """It has the message, and says nothing until the time is up."""
    server.answer("content", "hang")
    assert send(server.port, timeout_s=0.3) == Sending("unsure")
    assert len(server.taken) == 1
