"""What a connection to any server needs: trust in its certificate, a secret from the environment, words for failure."""

import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from channels.base import SourceRefused

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def trusted(ca_file: Path | None, key: str = "ca_file") -> ssl.SSLContext:
    """Certificates and host names are always checked; a file of authorities stands in for the system's.

    Raises:
        SourceRefused: the file, which the config's ``key`` names, can't be read as one.
    """
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # SSLError is one
        raise SourceRefused(f"`{key}` is no file of certificates (PEM) that can be read: correct the path.") from error


def secret(name: str, key: str, environ: Mapping[str, str], what: str) -> str:
    """The value of the environment variable ``name``, which the config's ``key`` names; ``what`` says what it is.

    Raises:
        SourceRefused: it is not set.
    """
    value = environ.get(name, "")
    if not value:
        raise SourceRefused(f"The environment variable {name}, which `{key}` names, is not set: set it to {what}.")
    return value


def password(name: str, environ: Mapping[str, str]) -> str:
    """The password in the environment variable that ``password_env`` names.

    Raises:
        SourceRefused: it is not set, or no mail server could take it.
    """
    value = secret(name, "password_env", environ, "the password of the account")
    if _CONTROL.search(value):
        raise SourceRefused(
            f"The password in the environment variable {name} has a line break or another control character: set it "
            f"without."
        )
    return value


def why_not_reached(host: str, port: int, timeout_s: float, error: Exception) -> str | None:
    """What the operator should know of a connection that could not be made: the host and the key to look at, never
    user or password. None if the error is another."""
    where = f"{host} (port {port})"
    match error:
        case socket.gaierror():
            return f"The host {host} is not known: check `host` and the name service."
        case TimeoutError():
            return f"{where} did not answer within {timeout_s:g} s: check the network."
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {where} is not trusted ({error.verify_message}): check `host`, or name its "
                f"authority in `ca_file`."
            )
        case ssl.SSLError():
            return f"{where} does not speak TLS as expected: check `port` and `tls`."
    return None
