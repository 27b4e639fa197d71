"""Real mail in a real mailbox."""

import re
from collections import Counter
from pathlib import Path

from tests.support.consultation import Consultation
from tests.support.dovecot import Mailbox

_FROM_LINE = re.compile(rb"^From (?:-|\S+@\S+)[^\n]*\n(?=[\w-]+: )", re.MULTILINE)


def of_mbox(path: Path) -> list[bytes]:
    """The messages of an mbox: each begins after a From_ line with a sender (or "-") that a header field follows."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    starts = list(_FROM_LINE.finditer(content))
    ends = [found.start() for found in starts[1:]] + [len(content)]
    return [content[start.end() : end] for start, end in zip(starts, ends, strict=True)]


def messages(corpus: Path) -> list[bytes]:
    """Every message of the folder: files, and the messages of mboxes."""
    mimekit, cpython = corpus / "emails/mimekit", corpus / "emails/cpython"
    files = [*sorted((mimekit / "messages").iterdir()), *sorted((mimekit / "partial").glob("*.eml"))]
    files += sorted(cpython.glob("msg_*.txt"))
    found = [path.read_bytes() for path in files]
    for path in sorted((mimekit / "mbox").glob("*.mbox.txt")):
        found += of_mbox(path)
    return found


def test_every_message_of_a_mailbox_has_one_receipt(corpus: Path, place: Consultation, dovecot: Mailbox) -> None:
    """Nothing is lost, nothing is counted twice, nothing raises, and the mailbox stays as it was."""
    delivered = messages(corpus)
    assert len(delivered) > 90
    for content in delivered:
        dovecot.deliver(content)
    place.read_mail_from(dovecot)
    flags = dovecot.flags("INBOX")
    first = place.command("run", "--channel", "email", "--json", TEST_PASSWORD=dovecot.password)
    account = first.json["channels"]["email"]
    assert first.code == 0
    assert "Traceback" not in first.err
    assert first.json["balanced"] is True
    assert account["unknown"] == 0
    assert account["listed"] == account["received"] == len(delivered)
    assert account["pending"] == 0
    assert dovecot.flags("INBOX") == flags

    hashes = Counter(receipt["sha256"] for receipt in place.receipts("email"))
    quarantined_or_empty = {i["receipt"] for i in place.items("quarantined")}
    repeats = {r["id"]: r["sha256"] for r in place.receipts("email") if r["outcome"] == "repeat"}
    assert all(hashes[sha256] > 1 for sha256 in repeats.values())
    assert not quarantined_or_empty & repeats.keys()
    assert all(item["reason"] and item["next"] for item in place.items("quarantined"))
    assert place.failures() == {}

    again = place.command("run", "--channel", "email", "--json", TEST_PASSWORD=dovecot.password)
    assert again.json["channels"]["email"]["received"] == 0


def test_every_message_of_a_folder_has_an_outcome(corpus: Path, place: Consultation) -> None:
    """The same files dropped into a folder, and the mboxes as they are: all of it is accounted for."""
    count = 0
    for folder in ("emails/mimekit/messages", "emails/mimekit/partial", "emails/cpython", "emails/zapier-reply/emails"):
        for path in sorted((corpus / folder).iterdir()):
            if path.name != "SOURCE.txt":
                place.put(f"inbox/{folder.replace('/', '-')}/{path.name}.eml", path.read_bytes())
                count += 1
    for path in sorted((corpus / "emails/mimekit/mbox").glob("*.mbox.txt")):
        place.put(f"inbox/{path.name}", path.read_bytes())
        count += len(of_mbox(path))
    done = place.command("run", "--channel", "email", "--json")
    account = done.json["channels"]["email"]
    assert (done.code, account["unknown"], account["pending"]) == (0, 0, 0)
    assert account["listed"] == account["received"] == count
    assert "Traceback" not in done.err
    assert place.failures() == {}
