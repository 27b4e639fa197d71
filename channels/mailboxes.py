"""What mailboxes are for: which are left out, and which hold what a server or a person took for junk or deleted.

A server says so by attributes (RFC 6154); where it does not, the usual names are taken for it. Junk and deleted mail is
received like all other, and only marked: a wrong mark costs a person a look, a message left out would be lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OUTGOING = frozenset({"sent", "sent items", "drafts", "outbox"})
"""Mailboxes of what the council itself wrote, in lower case: not received, so not listed."""

ROLES = {r"\junk": "junk", r"\trash": "trash"}
"""The attributes (RFC 6154) that an arrival's fact ``mailbox_role`` names."""

_LEFT_OUT = frozenset({r"\noselect", r"\nonexistent", r"\sent", r"\drafts", r"\all"})
# As Exchange, Outlook, Apple Mail, Gmail, Thunderbird and Dovecot name them, in the languages that they are set up in.
_JUNK = frozenset({
    "junk", "junk email", "junk e-mail", "junk mail", "spam", "bulk mail", "junk-e-mail", "spamverdacht",
    "courrier indésirable", "indésirables", "pourriel", "correo no deseado", "posta indesiderata", "ongewenste e-mail",
    "lixo eletrónico", "lixo eletrônico", "wiadomości-śmieci", "skräppost", "uønsket e-post", "uønsket mail",
    "roskaposti", "nevyžádaná pošta", "e-bost sothach", "post sothach",
})  # fmt: skip
_TRASH = frozenset({
    "trash", "deleted items", "deleted messages", "deleted", "bin", "gelöschte elemente", "gelöschte objekte",
    "papierkorb", "éléments supprimés", "corbeille", "elementos eliminados", "papelera", "posta eliminata", "cestino",
    "verwijderde items", "prullenbak", "itens eliminados", "itens excluídos", "lixo", "lixeira", "elementy usunięte",
    "kosz", "borttaget", "borttagna objekt", "slettede elementer", "slettet post", "poistetut", "odstraněná pošta",
    "eitemau wedi'u dileu", "eitemau a ddilëwyd",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as LIST shows it: its name, the name as the server spells it, and its attributes in lower case."""

    name: str
    raw: bytes
    delimiter: str
    attributes: frozenset[str]


def named(name: str) -> str:
    """INBOX is one mailbox in any spelling (RFC 3501, 5.1); of other names each spelling is its own."""
    return "INBOX" if name.upper() == "INBOX" else name


def is_left_out(mailbox: Mailbox, target: str | None) -> bool:
    """Whether a mailbox is not read by default.

    What the council wrote, what can't be opened, what shows other mailboxes' messages again, and ``target``, where
    messages go once they are taken in, with all below it.
    """
    if mailbox.attributes & _LEFT_OUT or _below_inbox(mailbox.name, mailbox.delimiter).lower() in OUTGOING:
        return True
    return target is not None and is_within(mailbox, target)


def target_among(listed: Sequence[Mailbox], target: str) -> Mailbox | None:
    """The mailbox of this name; of a name in other capitals where there is none, since to some servers they are one."""
    exact = [m for m in listed if named(m.name) == named(target)]
    alike = [m for m in listed if m.name.casefold() == target.casefold()]
    return next(iter(exact or alike), None)


def is_within(mailbox: Mailbox, target: str) -> bool:
    """Whether this is the target mailbox, or one below it."""
    name, wanted = named(mailbox.name), named(target)
    return name == wanted or bool(mailbox.delimiter and name.startswith(wanted + mailbox.delimiter))


def roles(listed: Sequence[Mailbox]) -> dict[str, str]:
    """``junk`` or ``trash`` by mailbox name, where either holds: said by the mailbox itself, or by the nearest above.

    A folder that somebody deletes in Outlook becomes one below Deleted Items.
    """
    said = {named(m.name): ROLES[a] for m in listed for a in m.attributes if a in ROLES}
    found: dict[str, str] = {}
    for mailbox in listed:
        name = named(mailbox.name)
        steps = name.split(mailbox.delimiter) if mailbox.delimiter else [name]
        for end in range(len(steps), 0, -1):
            above = (mailbox.delimiter or "").join(steps[:end])
            if role := said.get(above) or role_by_name(steps[end - 1 : end]):
                found[name] = role
                break
    return found


def role_by_name(steps: Iterable[str]) -> str:
    """The role that the last of these folder names with a usual name stands for, "" if none has one."""
    role = ""
    for step in steps:
        name = step.casefold().replace("’", "'")
        role = "junk" if name in _JUNK else "trash" if name in _TRASH else role
    return role


def _below_inbox(name: str, delimiter: str) -> str:
    """The name without INBOX in front, below which some servers keep all folders."""
    prefix = f"INBOX{delimiter}"
    return name[len(prefix) :] if delimiter and name.upper().startswith(prefix) else name
