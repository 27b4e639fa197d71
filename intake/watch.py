"""Each channel on its own schedule, and as soon as its source says that something is new, until told to stop."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from channels.base import Listener, NeverSays, SourceError
from intake.accounting import RunReport
from intake.config import Settings
from intake.errors import IntakeError

log = structlog.get_logger()
_ENDING = {signal.SIGTERM, signal.SIGINT}
_RUNS_AT_ONCE = 3  # of a channel: one at work, and one each that the schedule and its source have asked for since
_PAUSE_S = 2.0  # a burst of messages is one run, or a few
_AGAIN_FIRST_S, _AGAIN_AT_MOST_S = 5.0, 300.0
_GOODBYE_S = 2.0
_WHOLE_EACH = timedelta(hours=24)


class Runner(Protocol):
    """What can run channels: the app."""

    settings: Settings
    clock: Callable[[], datetime]

    def run(self, names: list[str], *, window: bool = False) -> RunReport:
        """Run these channels once; with ``window`` those that can list only what is new."""
        ...

    def window_hours(self, name: str) -> int | None:
        """How far back a listing in between may go; None where each lists the whole source."""
        ...

    def listener(self, name: str) -> Listener | None:
        """What waits for news of a channel, if its source can say them."""
        ...


def watch(runner: Runner) -> None:
    """Run every channel at once, then each again whenever its ``every`` has passed since its last start.

    A source that can tell what is new is listed whole at first and once in 24 hours, and in a window in between.
    Where a source can say that something is new, a run starts then too. A run that takes longer is not started twice.
    SIGTERM and SIGINT end the watch after the runs under way.
    """
    # Blocked before any thread starts and waited for here: a handler could interrupt the scheduler at any line.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    channels = runner.settings.channels
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(_RUNS_AT_ONCE * len(channels))})
    stop = threading.Event()
    ears = []
    for name, channel in channels.items():
        task = _task(runner, name)
        scheduler.add_job(
            task, "interval", seconds=channel.every.total_seconds(), id=name, coalesce=True,
            max_instances=1, misfire_grace_time=None, next_run_time=runner.clock(),
        )  # fmt: skip
        if (listener := runner.listener(name)) is not None:
            # A daemon: it may hang on a dead connection, and has nothing that must be brought to an end.
            listening = (name, listener, _asker(scheduler, name, task), stop)
            ears.append(threading.Thread(target=_listen, args=listening, daemon=True))
    log.warning("watching", channels={name: str(channel.every) for name, channel in channels.items()})
    scheduler.start()
    for ear in ears:
        ear.start()
    signal.sigwait(_ENDING)
    stop.set()
    scheduler.shutdown(wait=True)
    for ear in ears:
        ear.join(_GOODBYE_S)


def _task(runner: Runner, name: str) -> Callable[[], None]:
    under_way = threading.Lock()
    wholes = Wholes(runner.window_hours(name), runner.settings.channels[name].every)

    def once() -> None:
        with under_way:
            start = runner.clock()
            window = wholes.may_wait(start)
            report = _run(runner, name, window=window)
            if report is not None and not window and report.channels[name].error is None:
                wholes.last = start

    return once


@dataclass
class Wholes:
    """When a channel must be listed whole: at first, and again before 24 hours have passed since ``last``, the start of
    the last time that it could be. ``window_hours`` is None where it always is."""

    window_hours: int | None
    every: timedelta
    last: datetime | None = None

    def may_wait(self, now: datetime) -> bool:
        """Whether a run that starts now may list a window alone, since the one after it comes early enough."""
        if self.window_hours is None or self.last is None:
            return False
        return now + self.every < self.last + min(_WHOLE_EACH, timedelta(hours=self.window_hours))


def _run(runner: Runner, name: str, *, window: bool) -> RunReport | None:
    """The report of a run; None if it could not be done, which is said in the log."""
    try:
        report = runner.run([name], window=window)
    except IntakeError as error:
        # One channel's trouble must not end the watch: it is said, and tried again at the next time.
        log.error("run failed", channel=name, error=str(error), next=error.advice)
        return None
    except Exception as error:  # noqa: BLE001  # the edge of a thread: a fault of ours must be seen, not swallowed
        log.error("run failed", channel=name, error=type(error).__name__, next="Report this.")
        return None
    result = report.channels[name]
    level = log.info if report.balanced else log.error
    level("run done", run=report.run, channel=name, received=result.received, error=result.error)
    return report


def _asker(scheduler: BackgroundScheduler, name: str, task: Callable[[], None]) -> Callable[[], None]:
    """What asks for a run now. While one is at work another one waits, since the first may have listed already; a
    third would find nothing that the second does not."""

    def ask() -> None:
        scheduler.add_job(task, id=f"{name}, news", replace_existing=True, max_instances=2, misfire_grace_time=None)

    return ask


def _listen(name: str, listener: Listener, ask: Callable[[], None], stop: threading.Event) -> None:
    """Ask for a run whenever the source says that something is new. What goes wrong is said, and tried again later and
    later: the schedule goes on by itself."""
    again_s = _AGAIN_FIRST_S
    while not stop.is_set():
        try:
            if listener.wait(stop.is_set):
                ask()
                stop.wait(_PAUSE_S)
            again_s = _AGAIN_FIRST_S
        except NeverSays:
            log.info("not listening: the source can't say that something is new", channel=name)
            break
        except SourceError as error:
            log.warning("not listening", channel=name, error=str(error), again_in_s=again_s)
            stop.wait(again_s)
            again_s = min(2 * again_s, _AGAIN_AT_MOST_S)
        except Exception as error:  # noqa: BLE001  # the edge of a thread: a fault of ours must be seen, not swallowed
            log.error("not listening", channel=name, error=type(error).__name__, next="Report this.")
            break
    listener.close()
