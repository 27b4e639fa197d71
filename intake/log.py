"""Quiet structured logs on stderr. They carry numbers and names of channels, never a respondent's words."""

import logging
import sys

import structlog


def configure(*, verbose: bool) -> None:
    """Set up the log: readable lines on a terminal, JSON lines elsewhere; warnings only, unless ``verbose``.

    Libraries' own logs are not shown: they may quote what they choke on.
    """
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def say_retries() -> None:
    """Let the log say in our words, not in a library's, that something which broke off is tried again."""
    from stamina.instrumentation import RetryDetails, set_on_retry_hooks

    def trying_again(details: RetryDetails) -> None:
        log = structlog.get_logger()
        log.warning(
            "trying again", time=details.retry_num, wait_s=round(details.wait_for, 1), why=str(details.caused_by)
        )

    set_on_retry_hooks([trying_again])
