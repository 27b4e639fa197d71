"""Writes .msg files as Outlook does ([MS-CFB] version 3, [MS-OXMSG]): storages, streams and MAPI properties."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

SECTOR, MINI, CUTOFF = 512, 64, 4096
_FREE, _END, _FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
Value = str | bytes | int | bool | datetime


@dataclass
class Storage:
    """A folder of the file: streams and storages by name."""

    name: str
    streams: dict[str, bytes] = field(default_factory=dict)
    storages: "list[Storage]" = field(default_factory=list)


@dataclass
class Outlook:
    """A message: its properties by number, its recipients', its files' (with a message inside one, if it is given)."""

    props: Mapping[int, Value]
    recipients: Sequence[Mapping[int, Value]] = ()
    files: "Sequence[tuple[Mapping[int, Value], Outlook | None]]" = ()

    def bytes(self) -> bytes:
        return write(_message(self, "Root Entry", 32))


def simple(
    body: str = "Keep it open.",
    *,
    sender: str = "resident@example.org",
    name: str = "A Resident",
    subject: str = "Centres",
    sent: datetime = datetime(2011, 3, 1, 10, tzinfo=UTC),
    files: "Sequence[tuple[Mapping[int, Value], Outlook | None]]" = (),
    more: Mapping[int, Value] | None = None,
) -> Outlook:
    """A message as it is saved from Outlook, without the header that it travelled with."""
    props: dict[int, Value] = {
        0x001A: "IPM.Note", 0x0037: subject, 0x0042: name, 0x5D02: sender, 0x0039: sent, 0x0E06: sent, 0x1000: body,
        0x340D: 0x00040000, 0x3FDE: 65001,
    }  # fmt: skip
    to: dict[int, Value] = {0x0C15: 1, 0x3001: "Consultation", 0x39FE: "consult@council.example"}
    return Outlook({**props, **(more or {})}, [to], files)


def attached(name: str, data: bytes, media_type: str = "", **more: Value) -> tuple[dict[int, Value], None]:
    """A file of a message."""
    props: dict[int, Value] = {0x3705: 1, 0x3707: name, 0x3701: data}
    return ({**props, 0x370E: media_type} if media_type else props), None


def inside(message: Outlook, name: str = "") -> tuple[dict[int, Value], Outlook]:
    """A message inside a message."""
    return {0x3705: 5, 0x3001: name or "A message"}, message


def _message(message: Outlook, name: str, header: int) -> Storage:
    storage = _properties(name, message.props, header)
    for n, recipient in enumerate(message.recipients):
        storage.storages.append(_properties(f"__recip_version1.0_#{n:08X}", recipient, 8))
    for n, (props, inner) in enumerate(message.files):
        child = _properties(f"__attach_version1.0_#{n:08X}", props, 8)
        if inner is not None:
            child.storages.append(_message(inner, "__substg1.0_3701000D", 24))
        storage.storages.append(child)
    return storage


def _properties(name: str, props: Mapping[int, Value], header: int) -> Storage:
    storage = Storage(name)
    table = bytearray(header)
    for number, value in sorted(props.items()):
        kind, raw = _encoded(value)
        if kind in (0x001F, 0x0102):
            storage.streams[f"__substg1.0_{number:04X}{kind:04X}"] = raw
            raw = struct.pack("<II", len(raw) + (2 if kind == 0x001F else 0), 0)
        table += struct.pack("<HHI", kind, number, 6) + raw
    storage.streams["__properties_version1.0"] = bytes(table)
    return storage


def _encoded(value: Value) -> tuple[int, bytes]:
    match value:
        case str():
            return 0x001F, value.encode("utf-16-le")
        case bytes():
            return 0x0102, value
        case bool():
            return 0x000B, struct.pack("<Q", value)
        case int():
            return 0x0003, struct.pack("<q", value)
    return 0x0040, struct.pack("<Q", (value - _EPOCH) // timedelta(microseconds=1) * 10)


# --- the file around it ---------------------------------------------------------------------------------------------


class _Sectors:
    """Sectors of one size with the table that chains them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = bytearray()
        self.chain: list[int] = []

    def add(self, content: bytes) -> int:
        """Where the content starts."""
        if not content:
            return _END
        first, count = len(self.chain), -(-len(content) // self.size)
        self.data += content.ljust(count * self.size, b"\0")
        self.chain += [*range(first + 1, first + count), _END]
        return first


def write(root: Storage) -> bytes:
    """The bytes of a compound file."""
    big, small = _Sectors(SECTOR), _Sectors(MINI)
    entries: list[list[object]] = []
    _enter(root, 5, entries, big, small)
    entries[0][5], entries[0][6] = big.add(bytes(small.data)), len(small.data)
    directory = big.add(b"".join(_entry(*entry) for entry in entries))  # type: ignore[arg-type]
    mini_table = struct.pack(f"<{len(small.chain)}I", *small.chain)
    mini_start = big.add(mini_table.ljust(-(-len(mini_table) // SECTOR) * SECTOR, b"\xff"))
    fat_sectors = 1
    while fat_sectors * (SECTOR // 4) < len(big.chain) + fat_sectors:
        fat_sectors += 1
    fat_start = len(big.chain)
    chain = [*big.chain, *([_FAT_SECTOR] * fat_sectors)]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(fat_sectors * SECTOR, b"\xff")
    if fat_sectors > 109:
        raise ValueError("a file of this size needs sectors for its table's table, which nobody here writes")
    difat = [*range(fat_start, fat_start + fat_sectors), *([_FREE] * (109 - fat_sectors))]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII109I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, fat_sectors,
        directory, 0, CUTOFF, mini_start, -(-len(mini_table) // SECTOR), _END, 0, *difat,
    )  # fmt: skip
    return head + bytes(big.data) + fat


def _enter(storage: Storage, kind: int, entries: list[list[object]], big: _Sectors, small: _Sectors) -> int:
    """Add a storage and all in it to the directory; siblings hang on each other to the right, in order."""
    mine = len(entries)
    entries.append([storage.name, kind, _FREE, _FREE, _FREE, 0, 0])
    children: list[tuple[str, int]] = []
    for name, content in storage.streams.items():
        start = (small if len(content) < CUTOFF else big).add(content)
        children.append((name, len(entries)))
        entries.append([name, 2, _FREE, _FREE, _FREE, start, len(content)])
    children += [(inner.name, _enter(inner, 1, entries, big, small)) for inner in storage.storages]
    ordered = [number for _, number in sorted(children, key=lambda child: (len(child[0]), child[0].upper()))]
    for here, following in pairwise(ordered):
        entries[here][3] = following
    if ordered:
        entries[mine][4] = ordered[0]
    return mine


def _entry(name: str, kind: int, left: int, right: int, child: int, start: int, size: int) -> bytes:
    spelled = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBIII16xI16xIQ", spelled, len(spelled), kind, 1, left, right, child, 0, start, size)
