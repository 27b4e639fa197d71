"""The one response schema: its words, the Response model, and the evidence for its fields.

The order of the fields of ``Response`` is the order of the export's columns, which other people's scripts rely on.
Values are validated here, on the plain model, before a row is made of them: SQLModel's table classes accept anything.
"""

import re
from datetime import UTC, date
from typing import Annotated, Any, Literal, get_args

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Outcome = Literal["read", "repeat", "set_aside", "quarantined", "pending"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Status = Literal["new", "accepted", "excluded"]
ReceivedBasis = Literal[
    "internaldate", "received_header", "date_header", "separator", "scan",
    "stamp", "file_time", "call", "message", "submitted", "person",
]  # fmt: skip
LATEST_POSSIBLE: frozenset[str] = frozenset({"scan", "file_time"})
"""Bases that say only when an item had arrived *at the latest*: they may prove in time, never late."""
Method = Literal["text", "html", "pdf", "ocr", "office", "transcript", "form", "row", "person"]
Need = Literal[
    "transcription", "translation", "respondent", "received-date", "duplicate?", "late?", "split?", "genuine?",
    "place?", "paper?", "attachment", "fetch", "signatures?", "follow-up?", "gone?", "conflict", "rescan",
    "second-person", "partial?", "quoted?",
]  # fmt: skip
NEEDS: tuple[Need, ...] = get_args(Need)
MachineReason = Literal[
    "auto-reply", "bounce", "read-receipt", "marketing", "empty", "test", "no-message", "replaced"
]  # fmt: skip
PassedOnReason = Literal["enquiry", "information-request", "subject-access", "complaint", "other-business"]
PASSED_ON_REASONS: tuple[str, ...] = get_args(PassedOnReason)
PERSON_REASONS: tuple[str, ...] = (
    *PASSED_ON_REASONS, "auto-reply", "bounce", "read-receipt", "marketing", "empty", "test", "no-message"
)  # fmt: skip
"""The words by which a person sets aside; that a file is ``replaced`` only another file can say."""
SET_ASIDE_REASONS: tuple[str, ...] = get_args(MachineReason) + PASSED_ON_REASONS

_LARGEST = 2**31 - 1
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")


def _storable(value: str) -> str:
    if _NOT_STORABLE.search(value):
        raise ValueError("should be text without NUL and without lone surrogates")
    return value


def _postcode(value: str) -> str:
    if value and not _POSTCODE.fullmatch(value):
        raise ValueError("should be a UK postcode in upper case with one space, such as NR1 2DL")
    return value


def _phone(value: str) -> str:
    if value and not _PHONE.fullmatch(value):
        raise ValueError("should be a number in E.164 form, such as +441632960001")
    return value


def _sorted_set(values: tuple[str, ...]) -> tuple[str, ...]:
    if any(";" in value for value in values):
        raise ValueError("should have no ';' inside an item, since ';' joins the items")
    return tuple(sorted(set(values) - {""}))


def _two_decimals(value: float) -> float:
    return round(value, 2)


UtcMoment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""An instant; a naive time is refused, one with another offset becomes UTC."""
Text = Annotated[str, AfterValidator(_storable)]
"""Text that both databases can hold. Blank means unknown."""
Words = Annotated[tuple[Text, ...], AfterValidator(_sorted_set)]
"""A list, kept sorted and without repeats; ``;``-joined in exports."""


class Response(BaseModel):
    """One person's or organisation's answer. Blank ("", None or an empty list) means unknown.

    ``answers`` stands where the export has its ``answer.<question id>`` columns. Times are aware UTC. ``confidence``
    is the weakest link in reading ``text``, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    reference: Text
    consultation: Text
    channel: Text
    received_at: UtcMoment | None = None
    received_basis: ReceivedBasis | Literal[""] = ""
    late: bool | None = None
    respondent_kind: Literal["individual", "organisation", ""] = ""
    respondent_role: Text = ""
    name: Text = ""
    organisation: Text = ""
    email: Text = ""
    phone: Annotated[str, AfterValidator(_phone)] = ""
    address: Text = ""
    postcode: Annotated[str, AfterValidator(_postcode)] = ""
    places: Words = ()
    language: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = ""
    text: Text = ""
    answers: dict[str, Text] = {}
    signatures: Annotated[int, Field(ge=0, le=_LARGEST)] | None = None
    consent_to_publish: Literal["yes", "no", "anonymous", ""] = ""
    status: Status = "new"
    exclusion_reason: Text = ""
    duplicate_of: Text = ""
    campaign: Text = ""
    needs: Annotated[tuple[Need, ...], AfterValidator(_sorted_set)] = ()
    method: Method | Literal[""] = ""
    confidence: Annotated[float, Field(ge=0, le=1), AfterValidator(_two_decimals)] | None = None
    source: Text = ""
    original_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    pages: Annotated[str, Field(pattern=r"^([0-9]+(-[0-9]+)?(;[0-9]+(-[0-9]+)?)*)?$")] = ""
    run: int | None = None
    reader_version: Text = ""
    reviewed_by: Text = ""
    reviewed_at: UtcMoment | None = None
    posted_on: date | None = None
    late_decision: Literal["admitted", "not-admitted", ""] = ""
    words: Literal["own", "verbatim", "summary", ""] = ""
    translation: Text = ""
    relayed_by: Text = ""
    on_behalf_of: Text = ""
    people: Words = ()
    signatures_claimed: Annotated[int, Field(ge=0, le=_LARGEST)] | None = None
    confidentiality_asked: Text = ""
    paper_ref: Text = ""
    version: Annotated[int, Field(ge=1)] = 1
    text_cut: Annotated[int, Field(ge=0, le=_LARGEST)] = 0
    likely_duplicate_of: Words = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where one field's value was read from.

    ``place`` is None for a claim of the source, else one of ``{"part","start","end"}`` (characters of the part's
    decoded text, end excluded), ``{"page","box"}`` (points from the top left of the page as shown), ``{"from","to"}``
    (seconds) or ``{"row","column"}``. ``quote`` holds the words at that place, None where they are a whole part's (they
    are kept there). ``value`` is None where the value is those words as they stand. ``method`` is a word of
    the schema's ``method``, or ``source`` for a claim of the source. ``confidence`` runs from 0 to 1.
    """

    value: str | None
    method: str
    confidence: float
    place: dict[str, Any] | None = None
    quote: str | None = None


FieldEvidence = dict[str, list[Evidence]]
"""Evidence by column (``answer.<question id>`` for an answer), the one that fills the field first."""


def columns(question_ids: list[str]) -> list[str]:
    """The export's columns in order, for a consultation with these (non-monitoring) questions."""
    names: list[str] = []
    for name in Response.model_fields:
        names += [f"answer.{q}" for q in question_ids] if name == "answers" else [name]
    return names


def rendered(response: Response, question_ids: list[str]) -> dict[str, str]:
    """A response as the strings of the contract: lists ``;``-joined, ``true``/``false``, times ``…Z``, blank
    unknown."""
    row: dict[str, str] = {}
    for name in Response.model_fields:
        value = getattr(response, name)
        if name == "answers":
            row.update({f"answer.{q}": value.get(q, "") for q in question_ids})
        else:
            row[name] = _rendered_value(name, value)
    return row


def _rendered_value(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ";".join(value)
        case float():
            return f"{value:.2f}"
        case str() | int():
            return str(value)
    if name == "posted_on":
        return str(value)
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
