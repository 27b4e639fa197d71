"""Errors sorted by what happens next. Each class carries its exit code and its advice; a message is one sentence."""


class IntakeError(Exception):
    """An error that an operator sees: one sentence, never a traceback, never personal data.

    ``exit_code`` is the command's, ``advice`` says what to do next.
    """

    exit_code = 1
    advice = ""


class ConfigurationError(IntakeError):
    """The config file or the command line is wrong: nothing is started. The message names the key."""

    exit_code = 2
    advice = "Mend the configuration and run again."


class CommandError(ConfigurationError):
    """The command line is wrong, by itself or for this consultation. The message names the option."""

    advice = "Mend the command and run it again."


class NotThere(IntakeError):
    """There is no such reference, receipt or original here."""

    advice = "Check the number; `intake status --items OUTCOME` lists receipts."


class Refused(IntakeError):
    """A decision that the rules do not allow (who proposed can't confirm)."""


class NoPicture(IntakeError):
    """A page, or a field's place on it, that can't be shown; the message says why and what to do."""


class NotWritten(IntakeError):
    """A file that was asked for can't be written."""

    advice = "Name a file in a folder that you may write to."


class StorageFull(IntakeError):
    """The disk is full. Everything stops; what was not durable did not happen."""

    advice = "Free space on the home's disk, then run again; nothing was half done."


class StorageUnusable(IntakeError):
    """The database or the home can't be used. Everything stops."""

    advice = "Check that the database is running and that the home belongs to this user, then run again."
