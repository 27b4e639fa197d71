"""The command line. Thin: arguments in, one call, words out. Exit: 0 done and balanced, 1 something does not hold, 2
the command line or the config file is wrong."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from intake import calling, paper, show, survey
from intake.app import App, actor
from intake.crop import Crop
from intake.errors import CommandError, IntakeError
from intake.export import Wanted
from intake.log import configure, say_retries
from intake.output import AsJson, give_out, print_found
from intake.standing import WAITING
from intake.wish import ACTIONS, Wish
from storage.schema import OUTCOMES

_CYCLES_AFTER = 50_000
"""Objects that are made before the interpreter looks for cycles among them (by itself: 700). What is read waits in
batches to be written, so that such a look finds nearly all of it in use: a tenth of the time of a large table."""

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=(
        "Takes in the answers to a public consultation from every channel, brings each into one schema, and proves that"
        " nothing was lost and nothing counted twice.\n\nStart with `intake run`, then `intake status`. `intake trace`"
        " goes from a response down to its bytes; `intake export` writes the table for analysis."
    ),
)


@cli.callback()
def common(
    context: typer.Context,
    config: Annotated[Path, typer.Option(envvar="INTAKE_CONFIG", help="The consultation's config file.")] = Path(
        "config.toml"
    ),
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every step on stderr, not only warnings.")
    ] = False,
) -> None:
    """Options of every command."""
    configure(verbose=verbose)
    context.obj = config


@cli.command()
def run(
    context: typer.Context,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel (may be given again).")] = None,
    as_json: AsJson = False,
) -> None:
    """Take in everything that is new, on all channels, and print the accounts.

    Running it again changes nothing. Exit 0: done and balanced. Exit 1: a channel failed, or a tool is missing; the
    others ran. Put it into cron or a systemd timer, or let `intake watch` run each channel on its own schedule.
    """
    say_retries()
    with App(context.obj) as app, show.progress() as progress:
        report = app.run(channel or (), progress)
        items = [item for item in app.items("quarantined") if item["run"] == report.run]
    print_found(as_json, report.as_json(), lambda: show.run_report(report, items, app.consultation.title))
    if as_json:
        show.log_items(items)
    for lacking in report.lacking:
        _complain(lacking)
    if not report.balanced or report.lacking:
        raise typer.Exit(1)


@cli.command()
def status(
    context: typer.Context,
    items: Annotated[
        str, typer.Option(help=f"List the receipts with this outcome: {', '.join(OUTCOMES)}; or what is waiting.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show the accounts as they stand, and what somebody should look at soon, without touching any source."""
    if items and items not in (*OUTCOMES, WAITING):
        raise CommandError(f"--items: should be one of {', '.join((*OUTCOMES, WAITING))}.")
    with App(context.obj) as app:
        if items:
            found = app.items(items)
            print_found(as_json, {"items": found}, lambda: show.items(found))
        else:
            standing = app.status()
            print_found(as_json, standing, lambda: show.status(standing, app.consultation.title))


@cli.command()
def trace(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="REFERENCE|RECEIPT", help="A response's reference, or a receipt's number.")
    ],
    crop: Annotated[
        tuple[str, Path] | None,
        typer.Option(metavar="FIELD FILE", help="Save a picture (PNG) of the place on the page that FIELD comes from."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go from a response, or a receipt, down to the bytes it came from, with the evidence for every field."""
    with App(context.obj) as app:
        found = app.trace(what)
        if crop is not None:
            found["crop"] = _cropped(app.crop(what, *crop), crop[1])
    print_found(as_json, found, lambda: show.trace(found))


def _cropped(made: Crop, file: Path) -> dict[str, Any]:
    size = [made.picture.across, made.picture.down]
    return {"field": made.column, "file": str(file), "page": made.page, "box": list(made.box), "boxes": made.boxes,
            "pixels": size}  # fmt: skip


@cli.command()
def original(
    context: typer.Context,
    sha256: Annotated[str, typer.Argument(metavar="SHA256")],
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
) -> None:
    """Give out the exact bytes of an original."""
    with App(context.obj) as app:
        content = app.original(sha256)
    give_out(content, out)


@cli.command()
def decide(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="REFERENCE|RECEIPT")],
    action: Annotated[str, typer.Argument(metavar="ACTION", help=", ".join(ACTIONS))],
    value: Annotated[
        str,
        typer.Option(
            help="COLUMN=VALUE to correct, the TEXT to transcribe (-: stdin), to whom it is passed on, the FILE to add,"
            " the pages to split, the REFERENCE to join."
        ),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, in a word: needed to exclude and to set aside.")] = "",
    as_json: AsJson = False,
) -> None:
    """Do what a person decides about a response or a receipt.

    \b
    accept        the reading was checked against the original
    correct       set one column: --value COLUMN=VALUE; when it was received
                  by its stamp: --value "received_at=2011-03-01 stamp"
    transcribe    type what an original says: --value TEXT (-: stdin)
    exclude       propose that it does not count: --reason WORD
    confirm       by another person: exclude what was proposed
    restore       take a proposal or an exclusion back
    set-aside     no answer: --reason enquiry, information-request,
                  subject-access, complaint or other-business, with
                  --value "to whom" it is passed on; by when it must be
                  answered is worked out; or a machine's word (marketing …)
    overturn      what is set aside is an answer after all
    retry         read it again
    split         these pages are several letters: --value 1-2,3-4 (pages of
                  the file); of a receipt's number: all of its pages anew
    join          another response is a part of this letter:
                  --value REFERENCE
    add           a file that the message points to: --value FILE
    same          messages that came back in other bytes are the older
                  ones, for their whole batch (see intake status)
    different     they are not
    acknowledge   send an acknowledgement in the next run, though it is in
                  doubt whether one went out, or though it was held back
    acknowledged  it went out, or need not
    undo          take back the last decision
    """  # noqa: D301  # the character that tells click to leave these lines as they are
    chosen = next((known for known in ACTIONS if known == action), None)
    if chosen is None:
        raise CommandError(f"ACTION: should be one of {', '.join(ACTIONS)}.")
    typed = sys.stdin.read() if value == "-" and action == "transcribe" else value
    with App(context.obj) as app:
        said = app.decide(what, actor(), Wish(chosen, typed, reason))
    print_found(as_json, {"done": said}, lambda: show.sentence(said))


@cli.command()
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Re-check everything from stored bytes and rows: originals, receipts, outcomes, responses, evidence, ledger."""
    with App(context.obj) as app:
        checks = app.verify()
    ok = all(check.ok for check in checks)
    found = [{"name": c.name, "ok": c.ok, "checked": c.checked, "failures": c.failures} for c in checks]
    print_found(as_json, {"ok": ok, "checks": found}, lambda: show.checks(checks))
    if not ok:
        raise typer.Exit(1)


@cli.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends with .csv, .xlsx, .parquet or .jsonl.")],
    profile: Annotated[str, typer.Option(help="analysis (no contact details) or full.")] = "analysis",
    everything: Annotated[
        bool, typer.Option("--all", help="Also the excluded, and a line for each receipt without a response.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the table of responses, and a codebook beside it."""
    if profile not in {"analysis", "full"}:
        raise CommandError("--profile: should be analysis or full.")
    with App(context.obj) as app:
        rows = app.export(file, Wanted("full" if profile == "full" else "analysis", everything))
    print_found(as_json, {"file": str(file), "rows": rows}, lambda: show.sentence(f"{rows} rows written to {file}."))


@cli.command()
def watch(context: typer.Context) -> None:
    """Run each channel on its own schedule (`every` in its section) until the program is told to stop."""
    from intake.watch import watch as watch_channels  # a scheduler that no other command needs

    say_retries()
    with App(context.obj) as app:
        watch_channels(app)


cli.command()(calling.call)
cli.command()(paper.separator)
cli.command()(paper.form)
cli.add_typer(survey.app, name="survey")


def _complain(sentence: str) -> None:
    sys.stderr.write(f"intake: {sentence}\n")


def main() -> None:
    """The console script: errors become one sentence on stderr and the exit code of their class."""
    gc.set_threshold(_CYCLES_AFTER)
    try:
        try:
            cli()
        finally:
            # Short output is still in the buffer: written here, a closed pipe is met below and not at the very end.
            sys.stdout.flush()
    except IntakeError as error:
        _complain(f"{error} {error.advice}".strip())
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
