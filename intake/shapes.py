"""The survey tools by the shape of their exports: what tells one, and what its own columns mean. Pure.

Each description follows what its maker documents of the export, as far as it does; a column that it does not know is
never guessed to be technical. Names are compared as ``headings.plain`` makes them; a header of several rows is known by
any of its rows.

- Citizen Space (Delib): ids such as ANON-1ABC-2DEF-3, BHLF-… where staff typed a response in on somebody's behalf.
- Snap Surveys: system variables ID.name, ID.start, ID.finish …; codes or labels, as the export was asked.
- Microsoft Forms: ID, Start time, Completion time, Email, Name; several answers in one cell, each with a ";" after it.
- SmartSurvey: UserID, UserNo, Started, Ended, Completed, Tracking Link …
- SurveyMonkey: Respondent ID, Collector ID …; two header rows, the second with options and "Open-Ended Response".
- Qualtrics: CSV and TSV have three header rows: the field's name, the question, and the import id as JSON; sheets two.
- EngagementHQ (Bang the Table, Granicus): Contribution ID, Date Submitted, Login, Project Name, Tool Name …
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.headings import plain

JOINED = " | "
_PARTIAL = ("Partial", "Incomplete", "In progress", "Not completed", "Started")
_UNFINISHED = ("No", "False", "0", *_PARTIAL)
_TRIAL = ("Test", "Preview", "Survey Preview", "Survey Test")
_STAFF = ("Paper", "Staff", "Manual", "Manual entry", "Data entry", "Admin", "Hard copy", "On behalf of")


@dataclass(frozen=True, slots=True)
class Shape:
    """What tells a tool's export, and what its own columns mean; all headers as ``plain`` makes them. The table of no
    known tool has no ``name``.

    ``signs`` are headers that all of its exports have. Of ``ids`` and ``submitted`` the first that is there counts.
    ``technical`` are about the submission, not in it, and stay in the original alone.
    """

    name: str
    signs: frozenset[str] = frozenset()
    ids: tuple[str, ...] = ()
    submitted: tuple[str, ...] = ()
    partial: Mapping[str, Sequence[str]] = field(default_factory=dict)
    test: Mapping[str, Sequence[str]] = field(default_factory=dict)
    staff: Mapping[str, Sequence[str]] = field(default_factory=dict)
    technical: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    """Headers that are technical where they hold nobody's name: of an account that a form may ask for."""
    zoned: bool = False
    """Whether its times are in the zone of an account, which need not be the consultation's."""


_ANYWHERE = frozenset({
    "ip address", "ip", "ipaddress", "cookie", "cookies", "user agent", "browser", "browser version", "device",
    "device type", "operating system", "os", "screen resolution", "latitude", "longitude", "location", "geolocation",
    "duration", "time taken", "time taken (seconds)", "start time", "started", "start date", "date started", "referrer",
    "referer", "tracking link", "url", "session id", "last modified time", "collector", "collector id", "unique id",
    "survey id", "survey version",
})  # fmt: skip
"""What is technical in whatever table it stands."""

GENERIC = Shape(
    "",
    ids=("response id", "responseid", "id", "respondent id", "submission id", "reference", "ref", "response number"),
    submitted=(
        "submitted", "date submitted", "submitted at", "submission date", "submission time", "completion time",
        "completed at", "date completed", "end time", "end date", "ended", "timestamp", "received", "date received",
        "completed", "date",
    ),
    partial={
        "status": _PARTIAL, "response status": _PARTIAL, "completion status": _PARTIAL, "completed": _UNFINISHED,
        "complete": _UNFINISHED, "finished": _UNFINISHED, "submitted?": _UNFINISHED,
    },
    test={"status": _TRIAL, "response status": _TRIAL, "response type": _TRIAL, "test": ("Yes", "True", "1", "Test")},
    staff={"entry": _STAFF, "entered by": _STAFF, "source": _STAFF, "mode": _STAFF, "collection mode": _STAFF},
    technical=_ANYWHERE,
)  # fmt: skip

SHAPES = (
    Shape(
        "Citizen Space",
        frozenset({"response id"}),
        ids=("response id",),
        submitted=("submitted", "date submitted", "submitted on", "submission date"),
        test={"status": _TRIAL},
        staff={"response id": ("BHLF-*",), "entry": _STAFF},
        technical=_ANYWHERE | {"analyst notes", "analysis status", "tags", "user", "status"},
    ),
    Shape(
        "Snap Surveys",
        frozenset({"id.name"}),
        ids=("id.name", "id.case", "case"),
        submitted=("id.enddate", "id.finish", "id.end", "id.completed", "id.date"),
        partial={"id.status": _PARTIAL, "id.complete": _UNFINISHED},
        test={"id.mode": _TRIAL},
        staff={"id.mode": _STAFF},
        technical=_ANYWHERE | {
            "id.start", "id.startdate", "id.finish", "id.end", "id.enddate", "id.date", "id.time", "id.site", "id.seed",
            "id.format", "id.language", "id.device", "id.agent", "id.browser", "id.ip", "id.link", "id.duration",
        },
    ),
    Shape(
        "Microsoft Forms",
        frozenset({"id", "start time", "completion time"}),
        ids=("id",),
        submitted=("completion time",),
        technical=_ANYWHERE | {"language", "total points", "quiz feedback", "grade posted time"},
        account=frozenset({"email", "name"}),
    ),
    Shape(
        "SmartSurvey",
        frozenset({"userid", "userno"}),
        ids=("userid",),
        submitted=("ended", "date ended", "completed on", "date"),
        partial={"completed": _UNFINISHED, "status": _PARTIAL},
        test={"status": _TRIAL, "collection mode": _TRIAL},
        staff={"collection mode": _STAFF},
        technical=_ANYWHERE | {"userno", "custom data", "langcode", "language", "page", "country", "score"},
        account=frozenset({"email", "name"}),
    ),
    Shape(
        "SurveyMonkey",
        frozenset({"respondent id", "collector id"}),
        ids=("respondent id",),
        submitted=("end date", "date modified"),
        partial={"response status": _PARTIAL, "completion status": _PARTIAL},
        test={"response type": _TRIAL, "collection mode": ("preview", "survey_preview", *_TRIAL)},
        technical=_ANYWHERE | {"date created", "date modified", "custom data 1", "custom data", "collector name"},
        account=frozenset({"email address", "first name", "last name"}),
    ),
    Shape(
        "Qualtrics",
        frozenset({"responseid", "recordeddate"}),
        ids=("responseid",),
        submitted=("recordeddate", "enddate"),
        partial={"finished": ("False", "0")},
        test={"status": ("Survey Preview", "Survey Test", "1", "2")},
        technical=_ANYWHERE | {
            "startdate", "enddate", "recordeddate", "progress", "duration (in seconds)", "recipientlastname",
            "recipientfirstname", "recipientemail", "externalreference", "externaldatareference", "locationlatitude",
            "locationlongitude", "distributionchannel", "userlanguage", "q_recaptchascore",
        },
        zoned=True,
    ),
    Shape(
        "EngagementHQ",
        frozenset({"contribution id"}),
        ids=("contribution id",),
        submitted=("date submitted", "submitted at", "responded at", "date of contribution", "date"),
        test={"respondent type": ("Admin", *_TRIAL)},
        staff={"entry": _STAFF, "source": _STAFF},
        technical=_ANYWHERE | {
            "project name", "tool name", "tool type", "login", "login (screen name)", "member id", "screen name",
            "user id", "respondent type", "added by admin", "consultation", "survey name",
        },
    ),
)  # fmt: skip


def names_in(header: str) -> Iterator[str]:
    """The names by which a header is known: itself, and each of its rows where several are one."""
    yield plain(header)
    if JOINED in header:
        yield from (plain(row) for row in header.split(JOINED))


def recognise(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Shape:
    """The tool whose export has these headers, the one with most signs where several fit; ``GENERIC`` if none does."""
    named = {name for header in columns for name in names_in(header)}
    fits = [shape for shape in SHAPES if shape.signs <= named and _holds(shape, columns, rows)]
    return max(fits, key=lambda shape: len(shape.signs), default=GENERIC)


def _holds(shape: Shape, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the cells agree: what Citizen Space calls its id, others do too, but its ids look like no other's."""
    if shape.name != "Citizen Space":
        return True
    at = next(n for n, header in enumerate(columns) if "response id" in names_in(header))
    given = [row[at].strip() for row in rows if row[at].strip()]
    return bool(given) and all(cell.startswith(("ANON-", "BHLF-")) for cell in given)


def header_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many rows the header of a table has whose first row is ``columns``: what follows may be rows of it as well.

    Qualtrics says so itself, in the import ids of the third row; in sheets its second row repeats names as words.
    SurveyMonkey's second row has nothing under the respondent's id.
    """
    named = [plain(header) for header in columns]
    for number, row in enumerate(rows[:2], start=2):
        if any(cell.lstrip().startswith('{"ImportId"') for cell in row):
            return number
    if rows and "startdate" in named and plain(rows[0][named.index("startdate")]) == "start date":
        return 2
    if rows and {"respondent id", "collector id"} <= set(named) and any(cell.strip() for cell in rows[0]):
        return 1 if rows[0][named.index("respondent id")].strip() else 2
    return 1
