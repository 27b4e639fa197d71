"""Each channel on its own schedule, until the program is told to stop."""

import signal
from collections.abc import Callable
from typing import Protocol

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

from intake.config import Settings
from intake.errors import IntakeError
from intake.job import RunReport

log = structlog.get_logger()


class Runner(Protocol):
    """What can run channels: the app."""

    settings: Settings

    def run(self, names: list[str]) -> RunReport:
        """Run these channels once."""
        ...


def watch(runner: Runner) -> None:
    """Run every channel at once, then each again whenever its ``every`` has passed since its last start.

    A run that takes longer than that is not started twice. SIGTERM and SIGINT end the watch after the runs under way.
    """
    channels = runner.settings.channels
    scheduler = BlockingScheduler(executors={"default": ThreadPoolExecutor(len(channels))})
    for name, channel in channels.items():
        task = _task(runner, name)
        scheduler.add_job(
            task, "interval", seconds=channel.every.total_seconds(), id=name, coalesce=True, max_instances=1,
            misfire_grace_time=None,
        )  # fmt: skip
        scheduler.add_job(task, id=f"{name} at start", misfire_grace_time=None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.shutdown(wait=False))
    log.warning("watching", channels={name: str(channel.every) for name, channel in channels.items()})
    scheduler.start()


def _task(runner: Runner, name: str) -> Callable[[], None]:
    def once() -> None:
        try:
            report = runner.run([name])
        except IntakeError as error:
            # One channel's trouble must not end the watch: it is said, and tried again at the next time.
            log.error("run failed", channel=name, error=str(error), next=error.advice)
            return
        result = report.channels[name]
        level = log.info if report.balanced else log.error
        level("run done", run=report.run, channel=name, received=result.received, error=result.error)

    return once
