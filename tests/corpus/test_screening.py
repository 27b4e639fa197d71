"""Which of the real messages are a machine's: each verdict was looked at by a person, message by message."""

from pathlib import Path

from intake.reading import mime
from intake.reading.parts import Reading
from intake.screening import screen_message

MACHINES = {
    "bounce.txt": "bounce", "delivery-status-multiple-blank-lines.txt": "bounce", "delivery-status.txt": "bounce",
    "delivery-status-no-blank-line.txt": "bounce", "delivery-status2.txt": "bounce", "feedback-report.txt": "bounce",
    "disposition-notification.txt": "read-receipt", "msg_05.txt": "bounce", "msg_16.txt": "bounce",
    "msg_25.txt": "bounce", "msg_43.txt": "bounce",
    "msg_18.txt": "empty",  # a header and nothing else
}  # fmt: skip


def test_the_machines_among_real_messages(corpus: Path) -> None:
    """Bounces, a read receipt, a feedback report and an empty message are set aside, and nothing else is."""
    folders = (corpus / "emails/mimekit/messages", corpus / "emails/mimekit/partial", corpus / "emails/cpython")
    found = {}
    for path in (path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()):
        reading = mime.read(path.read_bytes(), {})
        if isinstance(reading, Reading):
            text = "\n\n".join(part.text for part in reading.parts if part.content)
            if verdict := screen_message(reading.facts, text):
                found[path.name] = verdict.reason
    assert found == MACHINES
