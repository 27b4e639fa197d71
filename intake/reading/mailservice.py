"""What a header says of the way that a message came: what the receiving server found out about its sender (RFC 8601),
who signed it (RFC 6376), which service sent it out, and what a spam filter thought of it. Claims, all of them.
"""

import re
from collections.abc import Iterable

from intake.reading.headers import parse_value
from intake.reading.mimetree import Entity

_COMMENT = re.compile(r"\([^()]*+\)")
_RESULT = re.compile(r"(?<![\w.-])(spf|dkim|dmarc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_SERVER = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,252})(?:\s+\d+)?\s*(?:;|$)")
_LINK = re.compile(
    r"<\s{0,9}(?:https?://(?:[^/@\s>]{0,200}@)?|mailto:[^@\s>]{1,200}@)([A-Za-z0-9.-]{1,253})", re.IGNORECASE
)
_LIST = re.compile(r"<([A-Za-z0-9._-]{1,253})>")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_SCORE = re.compile(r"\s*(-?\d{1,2})(?!\d)")
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "ltd", "mod", "net", "nhs", "org", "plc", "police", "sch"})
_BULK_FIELDS = ("list-unsubscribe", "list-id", "feedback-id")
_BULK = re.compile(r"\s*(?:bulk|list|junk)\b", re.IGNORECASE)
_JUNK_SCORE = 5
"""Exchange's spam confidence level from which on it files a message as junk (0 to 9)."""
_MAX_DOMAINS = 10
_MAX_CHARS = 20_000


def from_way(message: Entity, author: str, return_path: str) -> dict[str, str]:
    """Return the facts of the way that a message came, under the names that ``mime`` documents.

    Args:
        message: the message.
        author: the address in its From field.
        return_path: its envelope sender.
    """
    signers = _signers(message)
    hosts = [_plain(host) for host in _LINK.findall(message.header("list-unsubscribe")[:_MAX_CHARS])]
    lists = [_plain(name) for name in _LIST.findall(message.header("list-id")[:_MAX_CHARS])]
    return {
        **_authentication(message.header("authentication-results")[:_MAX_CHARS]),
        "dkim_domains": ";".join(signers),
        "list_unsubscribe_hosts": ";".join(_distinct(hosts)),
        "sending_service": ";".join(_services(message, author, [*signers, _domain_of(return_path), *hosts, *lists])),
        "spam_verdict": _spam_verdict(message),
    }


def organisation(domain: str) -> str:
    """The part of a domain that its owner registered, as a rule of thumb: two labels, three below `.co.uk` and the
    like. Not the Public Suffix List: it errs towards taking two services for one, which sets nothing aside."""
    labels = _plain(domain).split(".")
    three = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if three else -2 :])


def _plain(domain: str) -> str:
    return domain.strip().strip(".").lower()


def _domain_of(address: str) -> str:
    return _plain(address.rpartition("@")[2]) if "@" in address else ""


def _distinct(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if _DOMAIN.fullmatch(value)][:_MAX_DOMAINS]


def _authentication(value: str) -> dict[str, str]:
    """The results of the topmost Authentication-Results field: those below may be anybody's (RFC 8601, section 5)."""
    bare = _COMMENT.sub(" ", value)
    found: dict[str, str] = {}
    for method, result in _RESULT.findall(bare):
        found.setdefault(method.lower(), result.lower())
    # Microsoft 365 leaves out the name of the server that a standard field begins with.
    server = _SERVER.match(bare)
    if server and found:
        found["authentication_server"] = server[1].lower()
    return found


def _signers(message: Entity) -> list[str]:
    """The signing domains (d=) of all DKIM signatures, topmost first; whether they hold is the server's to say."""
    values = (f.value for f in message.fields if f.name.lower() == "dkim-signature")
    return _distinct(_plain(parse_value(f"x;{value[:_MAX_CHARS]}")[1].get("d", "")) for value in values)


def _services(message: Entity, author: str, domains: list[str]) -> list[str]:
    """The organisations that sent this out for its author, by signature, envelope and list: if it is bulk mail, or any
    of them is not the author's own. A person's own mail comes from no service."""
    own = organisation(_domain_of(author))
    services = _distinct(organisation(domain) for domain in domains)
    if any(map(message.has, _BULK_FIELDS)) or _BULK.match(message.header("precedence")):
        return services or _distinct([own])
    return services if any(service != own for service in services) else []


def _spam_verdict(message: Entity) -> str:
    """The field in which a spam filter says that this is spam, "" if none does."""
    if message.header("x-spam-flag").strip().lower().startswith("yes"):
        return "X-Spam-Flag"
    if message.header("x-spam-status").strip().lower().startswith("yes"):
        return "X-Spam-Status"
    score = _SCORE.match(message.header("x-ms-exchange-organization-scl"))
    if score and int(score[1]) >= _JUNK_SCORE:
        return "X-MS-Exchange-Organization-SCL"
    if "sfv:spm" in message.header("x-forefront-antispam-report")[:_MAX_CHARS].lower():
        return "X-Forefront-Antispam-Report"
    return ""
