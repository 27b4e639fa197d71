"""What is printed for a consultation: separator sheets and the reply form; and learning a form printed elsewhere."""

from datetime import date
from pathlib import Path

import msgspec

from intake.config import Consultation, FormSettings
from intake.errors import CommandError, Refused
from intake.formprint import form_pdf
from intake.learned import check_length
from intake.learning import Learned, learn
from intake.reading import blanks
from intake.reading.parts import Reading, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob
from intake.reading.sheet import sheets_of_batch
from intake.replyform import reply_form
from intake.separator import separator_pdf
from intake.when import EARLIEST


def print_separators(consultation: Consultation, received: str, box: str, batch: str, count: int | None) -> bytes:
    """Separator sheets as a PDF.

    Raises:
        CommandError: what a sheet is to say is wrong.
    """
    try:
        day = date.fromisoformat(received)
    except ValueError as error:
        raise CommandError("--received: should be a date such as 2011-03-01.") from error
    if consultation.noon(day) < consultation.opens_at - EARLIEST:
        raise CommandError("--received: should be no day long before the consultation opened.")
    try:
        sheets = sheets_of_batch(consultation.id, day, box, batch, count)
    except ValueError as error:
        raise CommandError(f"{error}.") from error
    return separator_pdf(sheets, consultation.title)


def print_form(consultation: Consultation, settings: FormSettings) -> bytes:
    """The reply form as a PDF; raises ConfigurationError if it can't be printed or read."""
    made = reply_form(consultation, settings)
    check_length(made.layout)
    return form_pdf(made, consultation.title)


def form_content(path: Path) -> bytes:
    """The bytes of a form to be learned; raises Refused if there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"--learn: {path} can't be read: {error.strerror}.") from error


def learn_form(consultation: Consultation, readers: Readers, content: bytes, name: str) -> Learned:
    """The layout of a printed form whose boxes somebody marked; ``name`` is that of its file.

    Raises:
        Refused: it can't be read as such a form.
    """
    [(_, result)] = readers.read([ReadJob(0, None, content, "application/pdf", {"learn": True})])
    if not isinstance(result, Reading):
        said = result.reason if isinstance(result, Unreadable) else result.advice
        raise Refused(f"--learn: {said}")
    blank = msgspec.json.decode(result.facts[blanks.FACT], type=blanks.Blank)
    return learn(consultation, blank, name)
