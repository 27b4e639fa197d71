"""The command for whoever has a caller on the line: what they say is typed straight in, in one line or field by
field."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

import typer

from intake import show
from intake.app import App, actor
from intake.config import Consultation, Question
from intake.errors import CommandError, Refused
from intake.filled import Rules
from intake.output import AsJson, print_found
from intake.typedcells import checked_cell, typable

_ABOUT = (
    ("name", "Their name"), ("organisation", "The organisation, if they speak for one"), ("address", "Their address"),
    ("postcode", "Their postcode"), ("phone", "Their telephone number"), ("email", "Their email address"),
)  # fmt: skip


def call(
    context: typer.Context,
    channel: Annotated[str, typer.Option(help="The channel that it is of. Without: the only telephone line.")] = "",
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="One thing that was said (may be given again). text=- reads stdin."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Type in what somebody says on the telephone, while they are on the line. Nothing waits for a run.

    \b
    On a terminal, `intake call` asks field by field and shows it all before it
    is kept. In one line:
      intake call --value "text=Please keep ours open." --value postcode="NR1 1AA"

    \b
    COLUMN is one of:
      text              what they said
      answer.ID         the answer to a question of the consultation; of several
                        options each, joined by semicolons
      name, organisation, address, postcode, phone, email, respondent_role,
      consent_to_publish …   who they are, as far as they say
      received_at       when the call was ("09:30" is today); without: now
      words             whose words you typed: summary (yours; without: this),
                        verbatim (theirs, word for word), own
      read_back         yes or no: whether you read it back to them

    A value that does not fit is refused in one sentence, and nothing is kept until all of it fits. Give the caller the
    reference that is printed.
    """  # noqa: D301  # the character that tells click to leave these lines as they are
    with App(context.obj) as app:
        line = app.phone_line(channel)
        if value:
            given: Mapping[str, str] | None = _given(app.consultation, value)
        elif sys.stdin.isatty() and not as_json:
            given = Dialog(app.rules, input, show.sentence, partial(_check, app)).run()
        else:
            raise CommandError("--value: should be given (COLUMN=VALUE), since nobody sits at a terminal here.")
        if given is None:
            raise typer.Exit(1)
        typed = app.typed(line, actor(), given)
    found = {"receipt": typed.receipt, "reference": typed.reference, "channel": typed.channel}
    said = f"Kept: {typed.reference} (receipt {typed.receipt} on {typed.channel}). Tell the caller this reference."
    print_found(as_json, found, lambda: show.sentence(said))


def _check(app: App, column: str, typed: str) -> str:
    return checked_cell(app.rules, column, typed, app.clock())


def _given(consultation: Consultation, values: list[str]) -> dict[str, str]:
    """The two sides of each COLUMN=VALUE; several options of one question may be given one by one."""
    several = {f"answer.{q.id}" for q in consultation.questions if q.kind == "choices"}
    given: dict[str, str] = {}
    for each in values:
        column, equals, typed = each.partition("=")
        if not equals or column not in typable(consultation):
            raise CommandError(f"--value: should be COLUMN=VALUE, COLUMN one of {', '.join(typable(consultation))}.")
        if column in given and column not in several:
            raise CommandError(f"--value: {column} is given twice.")
        said = sys.stdin.read() if column == "text" and typed == "-" else typed
        given[column] = f"{given[column]};{said}" if column in given else said
    return given


class _Ended(Exception):
    """The person pressed Ctrl-D: no further questions."""


@dataclass(slots=True)
class Dialog:
    """Asks field by field. ``ask`` shows a prompt and gives the line that is typed (EOFError at Ctrl-D), ``say`` shows
    a sentence, ``check`` gives a cell as it is kept, or says why it does not fit."""

    rules: Rules
    ask: Callable[[str], str]
    say: Callable[[str], None]
    check: Callable[[str, str], str]
    cells: dict[str, str] = field(default_factory=dict)

    def run(self) -> Mapping[str, str] | None:
        """What is to be kept, None if the person decides against it. Ctrl-D ends the questions, and loses nothing: what
        was typed until then is shown, and kept if the person says so."""
        try:
            self.say("Enter leaves a field blank; Ctrl-D ends the questions and goes to what was typed so far.")
            self._questions()
        except (_Ended, KeyboardInterrupt):
            self.say("")
        return self._review()

    def _questions(self) -> None:
        self._field("received_at", "When was the call? (Enter: now)")
        for question in self.rules.consultation.questions:
            self._question(question)
        self._lines("text", "What else did they say? Several lines; an empty one ends.")
        for column, label in _ABOUT:
            self._field(column, f"{label}?")
        if roles := self.rules.consultation.roles:
            self._chosen("respondent_role", "Who are they?", roles, several=False)
        self._chosen("consent_to_publish", "May it be published?", ("yes", "no", "anonymous"), several=False)
        self._chosen(
            "words", "Whose words did you type? (Enter: a summary in yours)", ("summary", "verbatim", "own"),
            several=False,
        )  # fmt: skip
        self._chosen("read_back", "Did you read it back to them?", ("yes", "no"), several=False)

    def _question(self, question: Question) -> None:
        column = f"answer.{question.id}"
        if question.kind == "text":
            self._lines(column, f"{question.text} (several lines; an empty one ends)")
        else:
            self._chosen(column, question.text, question.options, several=question.kind == "choices")

    def _chosen(self, column: str, label: str, options: tuple[str, ...], *, several: bool) -> None:
        self.say(label)
        for number, option in enumerate(options, start=1):
            self.say(f"  {number}  {option}")
        hint = "Numbers, joined by commas" if several else "Number"

        def meant(typed: str) -> str:
            # Only a line of nothing but numbers is a list of them: an option may have a comma in it.
            numbers = typed.replace(",", " ").split()
            if not all(each.isascii() and each.isdigit() and 0 < int(each[:4]) <= len(options) for each in numbers):
                return typed
            return ";".join(options[int(each) - 1] for each in numbers)

        self._field(column, f"{hint}:", meant)

    def _field(self, column: str, label: str, meant: Callable[[str], str] = str) -> None:
        while typed := self._line(f"{label} ").strip():
            try:
                self.cells[column] = self.check(column, meant(typed))
            except Refused as refused:
                self.say(str(refused))
            else:
                return

    def _lines(self, column: str, label: str) -> None:
        self.say(label)
        lines: list[str] = []
        try:
            while (line := self._line("  ")).strip():
                lines.append(line)
        finally:  # what was typed before a Ctrl-D stays
            if lines:
                self.cells[column] = "\n".join(lines)

    def _line(self, prompt: str) -> str:
        try:
            return self.ask(prompt)
        except EOFError as error:
            raise _Ended from error

    def _review(self) -> Mapping[str, str] | None:
        if not self.cells:
            self.say("Nothing was typed, and nothing is kept.")
            return None
        self.say("This was typed:")
        for column, cell in self.cells.items():
            self.say(f"  {column}: {cell}")
        try:
            answer = self.ask("Keep it? (yes or no) ").strip().casefold()
        except (EOFError, KeyboardInterrupt):
            answer = ""
        if answer in ("y", "yes"):
            return self.cells
        self.say(
            'NOT kept. What you typed is shown above; to keep it, start again or give it as --value "COLUMN=VALUE".'
        )
        return None
