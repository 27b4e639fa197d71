"""An authority that gives tokens to applications, on loopback: as much of Microsoft's as msal asks for, over TLS.

A mail server asks it by HTTP whether a token is good and whose it is (RFC 7662), as Dovecot's passdb ``oauth2`` does.
"""

import base64
import hashlib
import json
import secrets
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.certificates import make_certificates

TENANT = "council.example"
CLIENT = "6f1c9e1e-1111-4111-8111-111111111111"
SECRET = "the-application's-secret~"

DOVECOT = """\
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""
"""What Dovecot's configuration needs besides (``extra_config``); ``for_dovecot`` writes the file that it names."""


class Authority:
    """Knows one directory with one application; it runs inside a ``with`` block.

    ``mailbox`` is whose mailbox a token opens. ``certificate``: an application's certificate in place of its secret.
    ``answer``: what the token endpoint says instead of a token, as (status, document). ``lifetime_s``: of tokens when
    they are given out; whether one is good is what ``revoke`` says. ``asked`` holds the requests for tokens, and
    ``issued`` the tokens, in order.
    """

    def __init__(self, folder: Path, *, certificate: x509.Certificate | None = None) -> None:
        self.mailbox = ""
        self.certificate = certificate
        self.answer: tuple[int, Mapping[str, Any] | str] | None = None
        self.lifetime_s = 3600
        self.asked: list[dict[str, str]] = []
        self.issued: list[str] = []
        self._good: set[str] = set()
        files = make_certificates(folder)
        self.ca_file = files.ca_file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self._tokens = _Server(self, _Tokens)
        self._tokens.socket = context.wrap_socket(self._tokens.socket, server_side=True)
        self._questions = _Server(self, _Questions)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._tokens.server_port}"

    def for_dovecot(self, file: Path) -> None:
        """Write what makes a Dovecot ask this authority about tokens."""
        file.write_text(
            f"introspection_mode = auth\n"
            f"introspection_url = http://127.0.0.1:{self._questions.server_port}/\n"
            f"username_attribute = email\nactive_attribute = active\nactive_value = true\n"
        )

    def revoke(self) -> None:
        """No token that was given out so far is good any more."""
        self._good.clear()

    def is_good(self, token: str) -> bool:
        return token in self._good

    def issue(self) -> str:
        token = f"token-{len(self.issued)}-{secrets.token_hex(16)}"
        self.issued.append(token)
        self._good.add(token)
        return token

    def knows(self, form: Mapping[str, str]) -> bool:
        """Whether this is our application, by its secret or by a statement that its certificate's key has signed."""
        if form.get("client_id") != CLIENT or form.get("grant_type") != "client_credentials":
            return False
        if self.certificate is None:
            return form.get("client_secret") == SECRET
        assertion = form.get("client_assertion", "")
        key = self.certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        claims = jwt.decode(assertion, key, algorithms=["PS256"], audience=self.token_endpoint)
        thumbprint = hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).digest()
        named = jwt.get_unverified_header(assertion)["x5t#S256"]
        return bool(claims["iss"] == CLIENT and base64.urlsafe_b64decode(named + "==") == thumbprint)

    @property
    def token_endpoint(self) -> str:
        return f"{self.url}/{TENANT}/oauth2/v2.0/token"

    def __enter__(self) -> Self:
        self._tokens.start()
        self._questions.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tokens.stop()
        self._questions.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, authority: Authority, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.authority = authority
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: a client that does not trust the certificate goes away in the middle of the handshake."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    @property
    def authority(self) -> Authority:
        server = self.server
        assert isinstance(server, _Server)
        return server.authority

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def say(self, status: int, document: Mapping[str, Any] | str) -> None:
        body = (document if isinstance(document, str) else json.dumps(document)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Tokens(_Handler):
    def do_GET(self) -> None:
        authority = self.authority
        if urlsplit(self.path).path != f"/{TENANT}/v2.0/.well-known/openid-configuration":
            self.say(400, {"error": "invalid_tenant", "error_description": "AADSTS90002: no such directory"})
            return
        endpoint = authority.token_endpoint
        self.say(
            200,
            {"issuer": authority.url, "token_endpoint": endpoint, "authorization_endpoint": f"{endpoint}/authorize"},
        )

    def do_POST(self) -> None:
        authority = self.authority
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: values[0] for key, values in parse_qs(body).items()}
        authority.asked.append(form)
        if authority.answer is not None:
            self.say(*authority.answer)
        elif not authority.knows(form):
            said = f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret', '')}"
            self.say(401, {"error": "invalid_client", "error_description": said, "error_codes": [7000215]})
        else:
            token = authority.issue()
            self.say(200, {"token_type": "Bearer", "expires_in": authority.lifetime_s, "access_token": token})


class _Questions(_Handler):
    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        authority = self.authority
        self.say(200, {"active": authority.is_good(token), "email": authority.mailbox})
