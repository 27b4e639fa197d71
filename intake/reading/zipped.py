"""Office files that are zips of XML (OOXML, ECMA-376; OpenDocument, ISO 26300): opened with limits, nothing believed.

What a zip says about its sizes is not asked: members are unpacked as far as the limits allow. Their XML is parsed
without entities, without a DTD and without a network; a document that brings a DTD (entity bombs do) is refused.
"""

import zipfile
import zlib
from io import BytesIO
from typing import Any

from lxml import etree

from intake.reading.parts import Unreadable
from intake.reading.sniff import not_a

MAX_MEMBERS = 10_000
MAX_XML_BYTES = 48 << 20
"""Of one member that is parsed."""
MAX_UNPACKED_BYTES = 192 << 20
"""Of all members that are unpacked."""
MAX_RATIO = 400
"""Of a member's size to its packed size, beyond the first megabytes: text packs to a tenth, a bomb to a thousandth."""
FREE_BYTES = 8 << 20
"""A member may unpack to so much at any ratio."""
_OLE = b"\xd0\xcf\x11\xe0"

_AGAIN = "Ask for it as a PDF, or open it by hand."
DAMAGED_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, KeyError,
    RuntimeError,
)  # fmt: skip
"""What zipfile raises on damaged, encrypted and exotic zips."""


class NotOpened(Exception):
    """The file can't be read; ``why`` is the answer."""

    def __init__(self, reason: str, next_step: str = _AGAIN) -> None:
        super().__init__(reason)
        self.why = Unreadable(reason, next_step)


class Package:
    """An opened office file."""

    def __init__(self, data: bytes, wanted: str) -> None:
        """Open it.

        Args:
            data: its bytes.
            wanted: what it should be, as a noun with its article.

        Raises:
            NotOpened: it is damaged, protected, or no zip at all.
        """
        self._wanted = wanted
        self._left = MAX_UNPACKED_BYTES
        if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
            # ECMA-376 with a password is an OLE file around the encrypted zip ([MS-OFFCRYPTO] 1.3.3).
            raise NotOpened("This document is protected by a password.", "Ask the sender for it without a password.")
        if not data.startswith(b"PK"):
            raise NotOpened(not_a(wanted, data))
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except DAMAGED_ZIP as error:
            raise NotOpened(f"This file is damaged and does not open as {wanted}.", _AGAIN) from error
        if len(self._zip.namelist()) > MAX_MEMBERS:
            raise NotOpened(f"This document consists of more than {MAX_MEMBERS} pieces.")

    @property
    def names(self) -> list[str]:
        """The names of its members, in order."""
        return self._zip.namelist()

    def size(self, name: str) -> int:
        """The packed size of a member in bytes."""
        return self._zip.getinfo(name).compress_size

    def unpack(self, name: str, max_bytes: int = MAX_XML_BYTES) -> bytes:
        """The bytes of a member.

        Raises:
            NotOpened: it is missing, damaged or encrypted, or expands beyond the limits.
        """
        limit = min(max_bytes, self._left)
        try:
            info = self._zip.getinfo(name)
            with self._zip.open(info) as stream:
                data = stream.read(limit + 1)
        except DAMAGED_ZIP as error:
            encrypted = isinstance(error, RuntimeError) and "encrypted" in str(error)
            if encrypted:
                raise NotOpened("This document is protected by a password.") from error
            raise NotOpened(f"This file is damaged and does not open as {self._wanted}.") from error
        self._left -= len(data)
        if len(data) > limit or len(data) > FREE_BYTES + MAX_RATIO * info.compress_size:
            raise NotOpened("This document expands far beyond its size, as files made to do harm do.")
        return data

    def xml(self, name: str) -> Any:
        """The root element of a member that is XML; None if there is no such member.

        Raises:
            NotOpened: it can't be unpacked or parsed.
        """
        if name not in self._zip.NameToInfo:
            return None
        return parse(self.unpack(name), self._wanted)


def parse(source: bytes, wanted: str) -> Any:
    """The root element of some XML. Parsing stops where it is nested more than 256 deep (libxml2's own limit).

    Raises:
        NotOpened: it is no XML, or brings a DTD, as nothing that an office program writes does.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotOpened(f"This file is damaged and does not open as {wanted}.") from error
    if root is None:
        raise NotOpened(f"This file is damaged and does not open as {wanted}.")
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotOpened("This document brings definitions of its own, as files made to do harm do.")
    return root


def local(element: Any) -> str:
    """An element's name without its namespace; "" for a comment or an instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of the attribute of this local name, "" if there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return ""
