"""Access tokens of an application, for a mailbox that takes no password (Microsoft 365): client credentials by msal.

The application has an identity of its own in the tenant's directory, with a secret or a certificate, and asks for a
token in its own name (RFC 6749, 4.4). XOAUTH2 then says that token to IMAP or SMTP in place of a password. Tokens are
kept in memory only. No token, secret or answer of the authority ever stands in an error or a log.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from channels.base import SourceError, SourceRefused, SourceUnavailable
from channels.connection import secret, trusted

if TYPE_CHECKING:
    import requests
    from msal import ConfidentialClientApplication

AUTHORITY = "https://login.microsoftonline.com"
SCOPE = "https://outlook.office365.com/.default"
"""What the application is allowed to do with Exchange Online, over IMAP and SMTP alike."""

_TRY_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_KEY_BY_CODE = {  # of Microsoft's authority: AADSTS and this number
    90002: "`tenant` (there is no such directory)",
    900023: "`tenant` (it is neither the number nor a domain of a directory)",
    700016: "`client_id` and `tenant` (this directory has no such application)",
    7000112: "`client_id` (the application is disabled)",
    500011: "`scope` (this directory has no such service)",
    70011: "`scope` (there is no such permission)",
    53003: "the directory's access policies (one of them stops this application)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An application as it is registered in a directory. One of ``client_secret_env`` and ``certificate_file`` is set.

    ``certificate_file`` holds certificate and private key, as PEM or PKCS #12 (.pfx, .p12). ``authority_ca_file`` (PEM)
    vouches for the authority instead of the system's certificates. ``timeout_s`` holds for each wait on the authority.
    """

    tenant: str
    client_id: str
    client_secret_env: str | None = None
    certificate_file: Path | None = None
    certificate_password_env: str | None = None
    authority: str = AUTHORITY
    authority_ca_file: Path | None = None
    scope: str = SCOPE
    timeout_s: float = 60

    @property
    def host(self) -> str:
        """The authority's host, which errors name."""
        return urlsplit(self.authority).netloc


class Tokens(Protocol):
    """What a login by XOAUTH2 needs."""

    def token(self) -> str:
        """A token that is good now, from memory or newly asked for.

        Raises:
            SourceError: there is none to be had.
        """
        ...

    def renewed(self, refused: str) -> str:
        """A token in place of one that a server did not take any more, though it should still have been good.

        Raises:
            SourceError: there is none to be had.
        """
        ...


class ApplicationTokens:
    """The tokens of one application. Several threads may ask.

    msal keeps a token in memory and gets a new one five minutes before it ends.
    """

    def __init__(self, registration: Registration, environ: Mapping[str, str]) -> None:
        self._registration = registration
        self._environ = environ
        self._lock = threading.Lock()
        self._application: ConfidentialClientApplication | None = None

    def token(self) -> str:
        """A token that is good now.

        Raises:
            SourceUnavailable: the authority can't be reached, or gives nothing now.
            SourceRefused: it says no, or secret or certificate can't be used.
        """
        with self._lock:
            return self._acquired()

    def renewed(self, refused: str) -> str:
        """Another token than this one; raises as ``token`` does."""
        with self._lock:
            if (current := self._acquired()) != refused:
                return current
            if self._application is not None:
                self._application.remove_tokens_for_client()
            return self._acquired()

    def _acquired(self) -> str:
        import requests
        from msal.exceptions import MsalServiceError

        registration = self._registration
        try:
            if self._application is None:
                self._application = _application(registration, self._environ)
            answer = self._application.acquire_token_for_client([registration.scope])
        except (requests.RequestException, MsalServiceError) as error:
            raise _failure(registration, error) from None  # msal's own error may quote what it sent
        except (ValueError, LookupError, TypeError, AttributeError, RuntimeError):
            # No JSON, or not as expected, or a directory that is not found: msal says which by its wording only.
            raise SourceRefused(
                f"{registration.host} does not know this directory, or is no authority: check `tenant` and `authority`."
            ) from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise _refusal(registration, answer if isinstance(answer, dict) else {})
        return token


def sasl_xoauth2(user: str, token: str) -> str:
    """What XOAUTH2 says for ``user``, before base64. Source: Google and Microsoft, "SASL XOAUTH2"; there is no RFC."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def _application(registration: Registration, environ: Mapping[str, str]) -> "ConfidentialClientApplication":
    from msal import ConfidentialClientApplication

    return ConfidentialClientApplication(
        registration.client_id,
        authority=f"{registration.authority}/{registration.tenant}",
        client_credential=_credential(registration, environ),
        instance_discovery=False,  # the authority is the one that the config names; no other host is asked about it
        http_client=_Client(registration.timeout_s, _trusted(registration.authority_ca_file)),
    )


class _Client:
    """What msal asks with. To say ``verify`` once for a session is not enough: a variable of the environment
    (REQUESTS_CA_BUNDLE) would win over it, but not over what each request says."""

    def __init__(self, timeout_s: float, verify: str | bool) -> None:
        import requests

        self._session = requests.Session()
        self._each = {"timeout": timeout_s, "verify": verify}

    def get(self, url: str, **given: Any) -> "requests.Response":
        return self._session.get(url, **given | self._each)

    def post(self, url: str, **given: Any) -> "requests.Response":
        return self._session.post(url, **given | self._each)

    def close(self) -> None:
        self._session.close()


def _trusted(ca_file: Path | None) -> str | bool:
    if ca_file is None:
        return True
    trusted(ca_file, "authority_ca_file")  # what can't be trusted is said by its key, before anything is asked
    return str(ca_file)


def _credential(registration: Registration, environ: Mapping[str, str]) -> str | dict[str, str]:
    if registration.certificate_file is None:
        return secret(registration.client_secret_env or "", "client_secret_env", environ, "the application's secret")
    password = None
    if registration.certificate_password_env is not None:
        key = "certificate_password_env"
        password = secret(registration.certificate_password_env, key, environ, "the password of the certificate file")
    return _certificate(registration.certificate_file, password)


def _certificate(file: Path, password: str | None) -> dict[str, str]:
    """Key and certificate in the form that msal takes; it makes the thumbprint (SHA-256) itself."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceRefused(
            "`certificate_file` can't be read: correct the path, or let the account that runs intake read the file."
        ) from error
    try:
        key, certificate = _opened(content, password.encode() if password is not None else None)
    except (ValueError, TypeError) as error:  # a wrong password, or one too many or too few, too
        raise SourceRefused(
            "`certificate_file` can't be opened: it should hold the application's certificate and private key, as PEM "
            "or .pfx, with the password (if it has one) in the variable that `certificate_password_env` names."
        ) from error
    return {
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "public_certificate": certificate.public_bytes(Encoding.PEM).decode(),
    }


def _opened(content: bytes, password: bytes | None) -> tuple[Any, Any]:
    """The private key, and the certificate that belongs to it.

    Raises:
        ValueError, TypeError: the file does not have both, or the password does not open it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

    if b"-----BEGIN" in content:
        key: object = load_pem_private_key(content, password)
        certificates = x509.load_pem_x509_certificates(content)
    else:
        key, first, others = pkcs12.load_key_and_certificates(content, password)
        certificates = [c for c in (first, *others) if c is not None]
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("no RSA key")  # noqa: TRY004  # the file is wrong, not the program; the authority takes RSA only
    mine = [c for c in certificates if c.public_key() == key.public_key()]
    if not mine:
        raise ValueError("no certificate of this key")
    return key, mine[0]


def _failure(registration: Registration, error: Exception) -> SourceError:
    import requests

    host = registration.host
    if isinstance(error, requests.exceptions.SSLError):
        return SourceUnavailable(
            f"The certificate of {host} is not trusted: check `authority`, or name the certificate's authority in "
            f"`authority_ca_file`."
        )
    if isinstance(error, requests.Timeout):
        return SourceUnavailable(f"{host} gave no token within {registration.timeout_s:g} s: check the network.")
    if isinstance(error, requests.ConnectionError):
        return SourceUnavailable(
            f"{host} can't be reached for a token: check `authority`, the network, and the proxy if there is one."
        )
    return SourceUnavailable(f"{host} gives no token now (an error of its own): the next run tries again.")


def _refusal(registration: Registration, answer: Mapping[str, Any]) -> SourceError:
    """What to look at, by the authority's error (RFC 6749, 5.2) and by the numbers that Microsoft's adds."""
    if answer.get("error") in _TRY_LATER:
        return SourceUnavailable(f"{registration.host} gives no token now: the next run tries again.")
    said = answer.get("error_codes")
    codes = [code for code in said if isinstance(code, int)] if isinstance(said, list) else []
    look = next((_KEY_BY_CODE[code] for code in codes if code in _KEY_BY_CODE), None)
    if look is None and answer.get("error") == "invalid_scope":
        look = "`scope`"
    if look is None and registration.certificate_file is not None:
        look = (
            "`certificate_file` (it must be registered for the application, and still be good), `client_id`, `tenant`"
        )
    if look is None:
        look = (
            f"`client_secret_env` (the secret in the environment variable {registration.client_secret_env} may be "
            f"wrong or have ended), `client_id` and `tenant`"
        )
    number = f" (AADSTS{codes[0]})" if codes else ""
    return SourceRefused(f"{registration.host} refuses a token{number}: check {look}.")
