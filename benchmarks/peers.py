"""What we are measured against, each as a process of its own: ``python -m benchmarks.peers NAME ARGUMENT …``.

Prints the CPU seconds of its steps as a JSON object. Only the work is timed: imports, connections and what is needed to
get at the inputs come before. CPU is user and system time of this process (``time.process_time``).
"""

import csv
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

_FETCH_BATCH, _INSERT_BATCH = 200, 500
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0")
"""Those of storage/database.py."""


class Steps(dict[str, float]):
    """CPU seconds by step."""

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self[name] = self.get(name, 0.0) + time.process_time() - began


# --- mail -------------------------------------------------------------------------------------------------------------


def mailbox(host: str, port: str, user: str, password: str, wanted: str) -> Steps:
    """Fetch every message of INBOX with imapclient in batches, read each with email's ``policy.default``.

    ``fetch`` is imapclient as it comes. ``fetch without log`` is the same without the debug log that it has imaplib
    write for nobody, which the program turns off too. ``read`` decodes every field and every leaf.
    """
    from imapclient import IMAPClient

    _read_in_full(b"Subject: to import what is imported late\r\nTo: a@example.org\r\n\r\n")
    steps = Steps()
    messages: list[bytes] = []
    for name in ("fetch", "fetch without log"):
        with IMAPClient(host, int(port), ssl=False) as client:
            if name != "fetch":
                client._imap.debug = 0
            client.login(user, password)
            messages.clear()
            with steps.timed(name):
                client.select_folder("INBOX", readonly=True)
                uids = client.search("ALL")
                for start in range(0, len(uids), _FETCH_BATCH):
                    found = client.fetch(uids[start : start + _FETCH_BATCH], ["INTERNALDATE", "BODY.PEEK[]"])
                    messages += [item[b"BODY[]"] for item in found.values()]
    if len(messages) != int(wanted):
        raise SystemExit(f"fetched {len(messages)} messages, not {wanted}")
    with steps.timed("read"):
        for message in messages:
            _read_in_full(message)
    return steps


def one_by_one(host: str, port: str, user: str, password: str, wanted: str) -> Steps:
    """Fetch the first messages of INBOX with a command each; ``wall`` is in seconds of the clock."""
    from imapclient import IMAPClient

    with IMAPClient(host, int(port), ssl=False) as client:
        client._imap.debug = 0
        client.login(user, password)
        client.select_folder("INBOX", readonly=True)
        uids = client.search("ALL")[: int(wanted)]
        began = time.perf_counter()
        for uid in uids:
            client.fetch([uid], ["INTERNALDATE", "BODY.PEEK[]"])
        return Steps(wall=time.perf_counter() - began)


def _read_in_full(data: bytes) -> int:
    """Decode every field and every leaf; how many characters and bytes that is."""
    message = message_from_bytes(data, _class=EmailMessage, policy=policy.default)
    size = 0
    for part in message.walk():
        size += sum(len(str(value)) for value in part.values())
        if not part.is_multipart():
            is_text = part.get_content_maintype() == "text"
            size += len(part.get_content() if is_text else part.get_payload(decode=True) or b"")
    return size


# --- rows -------------------------------------------------------------------------------------------------------------


def rows(config: str, channel: str, export: str, scratch: str) -> Steps:
    """Read an export with csv, normalise its rows, and insert the finished rows of a home that has them already.

    ``csv``: a dict for each row. ``normalise``: the program's own functions alone, from cells to a validated response.
    ``core``: SQLAlchemy Core, a transaction for each batch. ``executemany``: sqlite3 alone, the same batches.
    """
    from intake.app import App

    steps = Steps()
    with steps.timed("csv"), Path(export).open(newline="", encoding="utf-8-sig") as stream:
        cells = list(csv.DictReader(stream))
    with App(Path(config)) as app:
        _normalise(steps, app, channel, cells)
        _insert(steps, app, Path(scratch))
    return steps


def _normalise(steps: Steps, app: Any, channel: str, cells: list[dict[str, str]]) -> None:
    """Rows to responses, with the receipts that the program made for them at hand."""
    from intake.outcomes import ROWS_READER
    from intake.responding import make_response
    from intake.tables import RowReader
    from storage import receipts

    reader = RowReader(app.rules, app.settings.channels[channel].mapping)
    with app.database.read() as tx:
        views = receipts.by_numbers(tx, range(1, len(cells) + 1))
    if len(views) != len(cells):
        raise SystemExit(f"{len(views)} receipts for {len(cells)} rows")
    reader.read(views[0], cells[0])  # loads what is loaded late
    with steps.timed("normalise"):
        for view, row in zip(views, cells, strict=True):
            make_response(app.rules, view, 1, reader.read(view, row), ROWS_READER)


def _insert(steps: Steps, app: Any, scratch: Path) -> None:
    """The finished rows into tables of the same shape, through Core and through the driver alone."""
    from sqlalchemy import create_engine, event, insert, select
    from sqlmodel import SQLModel

    from storage.models import ResponseRow

    table = ResponseRow.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
    with app.database.read() as tx:
        finished = [dict(row._mapping) for row in tx.execute(select(table).order_by(table.c.id))]
    through_core, alone = scratch / "core.sqlite3", scratch / "alone.sqlite3"
    engine = create_engine(f"sqlite:///{through_core}")
    event.listen(engine, "connect", lambda connection, _: _prepare(connection))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    _fill_what_is_referred_to(app.settings.storage.home / "intake.sqlite3", through_core, table)
    alone.write_bytes(through_core.read_bytes())
    statement = insert(table)
    with engine.begin() as tx:
        tx.execute(statement, finished[:1])  # compiles it, as a run of many batches does once
        tx.execute(table.delete())
    with steps.timed("core"):
        for start in range(0, len(finished), _INSERT_BATCH):
            with engine.begin() as tx:
                tx.execute(statement, finished[start : start + _INSERT_BATCH])
    engine.dispose()
    _insert_alone(steps, through_core, alone, len(finished))


def _fill_what_is_referred_to(source: Path, target: Path, table: Any) -> None:
    """Copy the tables that the rows' foreign keys point to, and so on; nothing is checked meanwhile."""
    names: list[str] = []
    waiting = [table]
    while waiting:
        for key in waiting.pop().foreign_keys:
            if key.column.table.name not in [*names, table.name]:
                names.append(key.column.table.name)
                waiting.append(key.column.table)
    connection = sqlite3.connect(target)
    connection.execute("attach ? as source", (str(source),))
    for name in names:
        connection.execute(f'insert into "{name}" select * from source."{name}"')
    connection.commit()
    connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()


def _insert_alone(steps: Steps, source: Path, target: Path, count: int) -> None:
    old = sqlite3.connect(source)
    cursor = old.execute("select * from response order by id")
    names = [column[0] for column in cursor.description]
    finished = cursor.fetchall()
    old.close()
    if len(finished) != count:
        raise SystemExit(f"inserted {len(finished)} rows, not {count}")
    connection = sqlite3.connect(target)
    _prepare(connection)
    statement = f"insert into response ({', '.join(names)}) values ({', '.join('?' * len(names))})"
    with steps.timed("executemany"):
        for start in range(0, count, _INSERT_BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, finished[start : start + _INSERT_BATCH])
            connection.execute("COMMIT")
    connection.close()


def _prepare(connection: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


# --- scans ------------------------------------------------------------------------------------------------------------


def tesseract(pdf: str) -> Steps:
    """Read the pictures of a PDF with the Tesseract and the data that the program reads with, one thread.

    ``decode`` takes the embedded picture out of each page and makes it grey; ``recognise`` hands it to Tesseract as it
    is, without turning, straightening or cleaning, and takes the text with its boxes.
    """
    import os

    os.environ["OMP_THREAD_LIMIT"] = "1"  # before its library is loaded
    import pypdfium2
    import tesserocr

    data = max(Path("/usr/share/tesseract-ocr").glob("*/tessdata"))
    engine = tesserocr.PyTessBaseAPI(str(data), "eng", psm=tesserocr.PSM.AUTO)
    steps = Steps()
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        with steps.timed("decode"):
            (embedded,) = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            grey = embedded.get_bitmap(render=False).to_pil().convert("L")
        with steps.timed("recognise"):
            engine.SetImageBytes(grey.tobytes(), grey.width, grey.height, 1, grey.width)
            engine.SetSourceResolution(round(grey.height / page.get_height() * 72))
            engine.Recognize()
            engine.GetTSVText(0)
    return steps


PEERS: dict[str, Callable[..., Steps]] = {
    "mailbox": mailbox, "one_by_one": one_by_one, "rows": rows, "tesseract": tesseract,
}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(PEERS[sys.argv[1]](*sys.argv[2:])))
