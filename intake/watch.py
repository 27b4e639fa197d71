"""Each channel on its own schedule, until the program is told to stop."""

import signal
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from intake.config import Settings
from intake.errors import IntakeError
from intake.job import RunReport

log = structlog.get_logger()
_ENDING = {signal.SIGTERM, signal.SIGINT}


class Runner(Protocol):
    """What can run channels: the app."""

    settings: Settings
    clock: Callable[[], datetime]

    def run(self, names: list[str]) -> RunReport:
        """Run these channels once."""
        ...


def watch(runner: Runner) -> None:
    """Run every channel at once, then each again whenever its ``every`` has passed since its last start.

    A run that takes longer than that is not started twice. SIGTERM and SIGINT end the watch after the runs under way.
    """
    # Blocked before any thread starts and waited for here: a handler could interrupt the scheduler at any line.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    channels = runner.settings.channels
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(len(channels))})
    for name, channel in channels.items():
        scheduler.add_job(
            _task(runner, name), "interval", seconds=channel.every.total_seconds(), id=name, coalesce=True,
            max_instances=1, misfire_grace_time=None, next_run_time=runner.clock(),
        )  # fmt: skip
    log.warning("watching", channels={name: str(channel.every) for name, channel in channels.items()})
    scheduler.start()
    signal.sigwait(_ENDING)
    scheduler.shutdown(wait=True)


def _task(runner: Runner, name: str) -> Callable[[], None]:
    def once() -> None:
        try:
            report = runner.run([name])
        except IntakeError as error:
            # One channel's trouble must not end the watch: it is said, and tried again at the next time.
            log.error("run failed", channel=name, error=str(error), next=error.advice)
            return
        except Exception as error:  # noqa: BLE001  # the edge of a thread: a fault of ours must be seen, not swallowed
            log.error("run failed", channel=name, error=type(error).__name__, next="Report this.")
            return
        result = report.channels[name]
        level = log.info if report.balanced else log.error
        level("run done", run=report.run, channel=name, received=result.received, error=result.error)

    return once
