"""Accounts that are opened by an application's token: msal, an authority on loopback, and a Dovecot that asks it."""

import logging
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from channels.base import Adapter, Arrival, SourceError, SourceRefused, SourceUnavailable
from channels.imap_session import Session
from channels.oauth import ApplicationTokens, Registration
from tests.conformance import Environment, build
from tests.support.authority import CLIENT, DOVECOT, SECRET, TENANT, Authority
from tests.support.consultation import Consultation
from tests.support.consultation import message as letter
from tests.support.dovecot import Dovecot, Mailbox
from tests.support.processes import service_folder
from tests.support.proxy import Proxy

VARIABLES = {"APP_SECRET": SECRET}


def message(number: int) -> bytes:
    return f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Dovecot]:
    with service_folder("dovecot") as folder:
        authority.for_dovecot(folder / "oauth2.conf")
        server = Dovecot(folder, extra_config=DOVECOT.format(folder=folder))
        server.own(folder / "oauth2.conf")
        with server:
            yield server


@pytest.fixture
def mailbox(server: Dovecot, authority: Authority) -> Iterator[Mailbox]:
    """A shared mailbox that the application may open, and nobody's password."""
    mailbox = server.add_user("shared@council.example")
    authority.mailbox, authority.answer, authority.lifetime_s = mailbox.user, None, 3600
    authority.revoke()
    authority.asked.clear()
    authority.issued.clear()
    yield mailbox
    shutil.rmtree(mailbox.maildir.parent)


def account(
    mailbox: Mailbox, running: Authority, variables: dict[str, str] | None = None, **section: object
) -> Adapter:
    """An adapter of the shared mailbox. None: the key is not there."""
    keys: dict[str, object] = {
        "host": mailbox.host, "port": mailbox.tls_port, "ca_file": mailbox.ca_file, "auth": "oauth2", "tenant": TENANT,
        "client_id": CLIENT, "client_secret_env": "APP_SECRET", "authority": running.url,
        "authority_ca_file": running.ca_file, "mailbox_user": mailbox.user, "timeout_s": 10,
    }  # fmt: skip
    keys = {key: value for key, value in (keys | section).items() if value is not None}
    return build("email", keys, Environment(variables=VARIABLES if variables is None else variables))


@contextmanager
def opened(mailbox: Mailbox, authority: Authority, **section: object) -> Iterator[Adapter]:
    adapter = account(mailbox, authority, **section)
    try:
        yield adapter
    finally:
        adapter.close()


def failure(adapter: Adapter) -> SourceError:
    """The error of a listing: one sentence, with nothing in it that nobody else may know."""
    with pytest.raises(SourceError) as raised:
        list(adapter.list())
    adapter.close()
    said = str(raised.value)
    assert said.endswith(".")
    for secret in (SECRET, "token-", "shared@", CLIENT, "Bearer"):
        assert secret not in said
    return raised.value


# ---- logging in


@pytest.mark.parametrize("section", [{}, {"tls": "starttls"}, {"mailbox_user": None, "user": "shared@council.example"}])
def test_a_shared_mailbox_is_read_by_a_token(
    mailbox: Mailbox, authority: Authority, section: dict[str, object]
) -> None:
    """The application asks for a token in its own name, and XOAUTH2 opens the mailbox with it, over TLS or STARTTLS."""
    mailbox.deliver(message(1))
    port = {"port": mailbox.port} if section.get("tls") else {}
    with opened(mailbox, authority, **section, **port) as adapter:
        [value] = adapter.fetch(list(adapter.list()))
    assert isinstance(value, Arrival)
    assert value.original == message(1)
    [asked] = authority.asked
    assert (asked["client_id"], asked["scope"]) == (CLIENT, "https://outlook.office365.com/.default")


def test_a_token_is_asked_for_once(mailbox: Mailbox, authority: Authority) -> None:
    """Connecting again, for a listing or after a break, uses the token that is still good."""
    for _ in range(2):
        with opened(mailbox, authority) as adapter:
            for _ in range(3):
                assert list(adapter.list()) == []
                adapter.close()
    assert len(authority.asked) == 2


def test_a_token_that_is_about_to_end_is_not_used(mailbox: Mailbox, authority: Authority) -> None:
    """A token with less than five minutes left is replaced before the server could refuse it."""
    authority.lifetime_s = 299
    with opened(mailbox, authority) as adapter:
        list(adapter.list())
        adapter.close()
        list(adapter.list())
    assert len(authority.issued) == 2


def test_a_token_that_ended_in_mid_run_is_renewed(mailbox: Mailbox, authority: Authority) -> None:
    """The connection breaks while bodies are on their way, and the server no longer takes the token, which should be
    good for an hour: the login that follows gets a new one, and the rest arrives, each message once."""
    for number in range(60):
        mailbox.deliver(message(number))
    with (
        Proxy(mailbox.host, mailbox.tls_port) as proxy,
        opened(mailbox, authority, port=proxy.port, batch_messages=10, reconnect_wait_s=0.01) as adapter,
    ):
        listed = list(adapter.list())
        adapter.close()
        proxy.cuts = [6_000]
        came = []
        for value in adapter.fetch(listed):
            assert isinstance(value, Arrival)
            came.append(value.original)
            if len(came) == 1:
                authority.revoke()
        assert proxy.connections == 4  # the listing, the one that broke, one that the old token did not open, the rest
    assert sorted(came) == sorted(message(number) for number in range(60))  # type: ignore[type-var]
    assert [authority.is_good(token) for token in authority.issued] == [False, True]


def test_a_new_token_that_is_refused_too_is_the_end_of_it(mailbox: Mailbox, authority: Authority) -> None:
    """A mailbox that the application may not open: two logins, and a sentence that says what is to be granted."""
    authority.mailbox = "another@council.example"
    error = failure(account(mailbox, authority))
    assert isinstance(error, SourceRefused)
    assert "refused the token: check `mailbox_user`, and that the application has the right to IMAP" in str(error)
    assert len(authority.issued) == 2


def test_a_server_that_takes_no_tokens_is_refused(mailbox: Mailbox, authority: Authority) -> None:
    """A server without XOAUTH2 is never sent one."""
    with service_folder("dovecot") as folder, Dovecot(folder) as plain:
        error = failure(account(plain.mailbox, authority))
    assert isinstance(error, SourceRefused)
    assert "offers no XOAUTH2: check `host`" in str(error)


def test_a_token_goes_to_nobody_who_is_not_trusted(
    mailbox: Mailbox, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A mail server with a stranger's certificate, by TLS or STARTTLS, gets no token; nor does any log."""
    caplog.set_level(logging.DEBUG)
    seen: list[bytes] = []
    for section in ({"port": mailbox.tls_port}, {"port": mailbox.port, "tls": "starttls"}):
        with Proxy(mailbox.host, int(str(section["port"])), rewrite=lambda chunk: seen.append(chunk) or chunk) as proxy:
            error = failure(account(mailbox, authority, **section | {"port": proxy.port, "ca_file": authority.ca_file}))
        assert isinstance(error, SourceUnavailable)
        assert "is not trusted" in str(error)
    with opened(mailbox, authority) as adapter:
        list(adapter.list())
    said = " ".join(record.getMessage() for record in caplog.records)
    assert SECRET not in said
    assert not [token for token in authority.issued if token in said]


# ---- an authority that says no


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        ([7000215], "(AADSTS7000215): check `client_secret_env` (the secret in the environment variable APP_SECRET"),
        ([7000222], "(AADSTS7000222): check `client_secret_env`"),
        ([90002], "check `tenant`"),
        ([700016], "check `client_id` and `tenant`"),
        ([500011], "check `scope`"),
        ([53003], "check the directory's access policies"),
        ([1], "(AADSTS1): check `client_secret_env`"),
        ([], "refuses a token: check `client_secret_env`"),
        (["Mrs Secret"], "refuses a token: check `client_secret_env`"),
    ],
)
def test_a_refusal_names_the_key_to_look_at(
    mailbox: Mailbox, authority: Authority, codes: list[object], named: str
) -> None:
    """What the authority says is told by its number and the key, never by its own words, which repeat what was sent."""
    said = {"error": "invalid_client", "error_description": f"AADSTS: {SECRET}", "error_codes": codes}
    authority.answer = (401, said)
    error = failure(account(mailbox, authority))
    assert isinstance(error, SourceRefused)
    assert named in str(error)
    assert "Mrs" not in str(error)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((503, "busy"), SourceUnavailable, "gives no token now"),
        ((400, {"error": "temporarily_unavailable"}), SourceUnavailable, "gives no token now"),
        ((200, "<html>hotel wifi</html>"), SourceRefused, "is no authority: check `tenant` and `authority`"),
        ((200, "[]"), SourceRefused, "check"),
        ((200, {"access_token": ""}), SourceRefused, "refuses a token"),
        ((400, {"error": "invalid_scope"}), SourceRefused, "check `scope`"),
    ],
)
def test_an_authority_that_says_something_else(
    mailbox: Mailbox, authority: Authority, answer: tuple[int, object], kind: type[SourceError], said: str
) -> None:
    """Trouble of its own passes by itself; an answer of another kind, or none, is said as that."""
    authority.answer = answer  # type: ignore[assignment]
    error = failure(account(mailbox, authority))
    assert type(error) is kind
    assert said in str(error)


@pytest.mark.parametrize(
    ("section", "kind", "said"),
    [
        ({"tenant": "stranger.example"}, SourceRefused, "does not know this directory, or is no authority"),
        ({"authority_ca_file": None}, SourceUnavailable, "is not trusted: check `authority`, or name"),
        ({"authority_ca_file": Path("missing.pem")}, SourceRefused, "`authority_ca_file` is no file of certificates"),
        ({"authority": "https://127.0.0.1:1"}, SourceUnavailable, "can't be reached for a token: check `authority`"),
        ({"client_secret_env": "OTHER"}, SourceRefused, "The environment variable OTHER, which `client_secret_env` na"),
    ],
)
def test_an_authority_that_can_t_be_asked(
    mailbox: Mailbox, authority: Authority, section: dict[str, object], kind: type[SourceError], said: str
) -> None:
    """A directory that is not there, an authority that is not trusted or not there, a secret that is not set."""
    error = failure(account(mailbox, authority, **section))
    assert type(error) is kind
    assert said in str(error)


def test_an_authority_that_hangs_is_given_up(mailbox: Mailbox, authority: Authority, tmp_path: Path) -> None:
    """A port that accepts and says nothing costs ``timeout_s``, not the run."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        error = failure(account(mailbox, authority, authority=url, timeout_s=0.3))
    assert time.monotonic() - began < 5
    assert isinstance(error, SourceUnavailable)


# ---- certificates in place of secrets


def certificate_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intake")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize("password", [None, b"p\xc3\xa4ss"])
@pytest.mark.parametrize("form", ["pem", "pfx"])
def test_an_application_can_have_a_certificate(
    mailbox: Mailbox, tmp_path: Path, key: rsa.RSAPrivateKey, form: str, password: bytes | None
) -> None:
    """As PEM or .pfx, with a password or without: what it signs is taken, and the certificate is named by its hash."""
    certificate = certificate_of(key)
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    content = {
        "pem": certificate.public_bytes(Encoding.PEM) + pem(key, password),
        "pfx": pkcs12.serialize_key_and_certificates(b"intake", key, certificate, None, lock),
    }[form]
    (tmp_path / "application").write_bytes(content)
    with Authority(tmp_path, certificate=certificate) as authority:
        registration = Registration(
            tenant=TENANT, client_id=CLIENT, certificate_file=tmp_path / "application", authority=authority.url,
            certificate_password_env="APP_PASSWORD" if password else None, authority_ca_file=authority.ca_file,
        )  # fmt: skip
        tokens = ApplicationTokens(registration, {"APP_PASSWORD": password.decode()} if password else {})
        token = tokens.token()
        assert authority.issued == [token]
        assert tokens.token() == token
        assert tokens.renewed(token) == authority.issued[1] == tokens.renewed(token)


def test_a_certificate_that_can_t_be_used_is_said_to_be_that(
    mailbox: Mailbox, authority: Authority, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    """A missing file, one without key or without its certificate, a wrong password, a key of another kind."""
    certificate = certificate_of(key).public_bytes(Encoding.PEM)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    stranger = certificate_of(rsa.generate_private_key(65537, 2048)).public_bytes(Encoding.PEM)
    wrong = {
        "key alone": pem(key), "certificate alone": certificate, "nothing": b"", "noise": b"\x00\xff" * 100,
        "locked": certificate + pem(key, b"right"), "another": stranger + pem(key),
        "elliptic": certificate_of(elliptic).public_bytes(Encoding.PEM) + pem(elliptic),
    }  # fmt: skip
    section = {"client_secret_env": None, "certificate_password_env": "APP_PASSWORD"}
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
        for password in ("wrong", None):
            keys = section | {"certificate_file": tmp_path / name}
            keys |= {} if password else {"certificate_password_env": None}
            error = failure(account(mailbox, authority, {"APP_PASSWORD": password or ""}, **keys))
            assert isinstance(error, SourceRefused)
            assert "`certificate_file` can't be opened: it should hold the application's certificate" in str(error)
    error = failure(account(mailbox, authority, {"APP_PASSWORD": "x"}, **section, certificate_file=tmp_path / "gone"))
    assert "`certificate_file` can't be read" in str(error)
    error = failure(account(mailbox, authority, {}, **section, certificate_file=tmp_path / "locked"))
    assert "APP_PASSWORD, which `certificate_password_env` names, is not set" in str(error)


# ---- the whole program


def test_a_run_by_token_whose_token_ends_in_the_middle(
    place: Consultation, mailbox: Mailbox, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the config to the receipts: everything is received once, and moved by a second session, which needs a token
    too; the one that ended in mid-run was replaced. No secret and no token is in the home."""
    monkeypatch.setenv("APP_SECRET", SECRET)
    for number in range(30):
        mailbox.append(letter(f"Keep number {number} open.", subject=str(number)))
    section = f"""host = "{mailbox.host}"
port = {mailbox.tls_port}
ca_file = "{mailbox.ca_file}"
auth = "oauth2"
tenant = "{TENANT}"
client_id = "{CLIENT}"
client_secret_env = "APP_SECRET"
mailbox_user = "{mailbox.user}"
authority = "{authority.url}"
authority_ca_file = "{authority.ca_file}"
batch_messages = 10
after = "move:Taken in"
reconnect_wait_s = 0.01"""
    place.configure('folder = "inbox"', section)
    bodies = Session.bodies

    def ending(session: Session, uids: list[int]) -> object:
        if len(authority.issued) == 1 and uids[0] > 10:
            authority.revoke()
            session._open().socket().shutdown(socket.SHUT_RDWR)
        return bodies(session, uids)

    monkeypatch.setattr(Session, "bodies", ending)
    place.takes("email", listed=30, received=30, read=30, responses=30)
    assert [authority.is_good(token) for token in authority.issued] == [False, True]
    assert len(mailbox.flags("Taken in")) == 30
    assert mailbox.flags() == {}
    kept = b"".join(file.read_bytes() for file in place.home.rglob("*") if file.is_file())
    for secret in (SECRET, *authority.issued):
        assert secret.encode() not in kept
    assert place.failures() == {}
