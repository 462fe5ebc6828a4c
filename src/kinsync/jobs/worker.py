"""A worker: takes jobs from the queue until it is told to stop, whatever the database does.

Beside procrastinate's worker runs a *steward*, in a thread that no job can keep busy: it says that
the worker lives, takes over from those that do not, and queues what timetables have made due.
"""

import asyncio
import contextlib
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connections
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from kinsync import bootstrap
from kinsync.domain.errors import Defect, KinsyncError, TryAgainLater
from kinsync.domain.settings import Settings
from kinsync.jobs.tasks import WORKSHOP, Workshop, tasks
from kinsync.services.following import queue_due as queue_due_following
from kinsync.services.purge import queue_due as queue_due_purges
from kinsync.services.schedules import queue_due
from kinsync.services.sync import Tools
from kinsync.services.webhooks import queue_due as queue_due_webhooks
from kinsync.store import database, migrate, workers

log = logging.getLogger("kinsync.worker")

HEARTBEATS_MISSED = 2
"""After so many a worker is given up; looked at twice a beat, that is within three."""
SECONDS_BETWEEN_LOOKS = 1.0
"""How often a worker looks for jobs whose time has come; queued ones announce themselves."""
SECONDS_BEFORE_ANEW = 1.0
THREADS_BESIDE_JOBS = 4
DUTIES: tuple[Callable[[datetime], object], ...] = (
    queue_due,
    queue_due_webhooks,
    queue_due_following,
    queue_due_purges,
)
"""Short work at each look, by whichever worker is first. What takes longer is queued there as a
task of its own, as the delivery of webhooks is."""


def run(settings: Settings, session: str, *, ready: Callable[[], None] = lambda: None) -> None:
    """Work until SIGTERM or SIGINT; call from the main thread, after ``connect_database``.

    ``session`` is the name that ``connect_database`` was given: no other process has the same.
    What is not finished ``stop_seconds`` later is handed back, and the process ends.
    """
    asyncio.run(_Shift(settings, session, workshop(settings), ready).work())


def workshop(settings: Settings) -> Workshop:
    """What tasks work with, made from settings."""

    def on_wait() -> None:
        raise TryAgainLater("Another sync of this district is running. This one is tried again.")

    storage = bootstrap.storage(settings)
    tools = Tools(
        storage=storage,
        now=bootstrap.now,
        on_wait=on_wait,
        keep=settings.keep,
        identity_keys=bootstrap.identity_keys(settings),
    )
    return Workshop(
        tools=tools,
        arrivals=bootstrap.arrivals(settings),
        send=bootstrap.post(settings),
        webhooks=bootstrap.webhook_tools(settings),
        pulls=bootstrap.pull_tools(settings),
        purging=bootstrap.purge_tools(settings, on_wait=on_wait),
    )


class _Shift:
    """One process that works: procrastinate's worker, begun anew when it stops by itself."""

    def __init__(
        self, settings: Settings, session: str, shop: Workshop, ready: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._session = session
        self._workshop = shop
        self._ready = ready
        self._is_ending = asyncio.Event()
        self._worker: Worker | None = None

    async def work(self) -> None:
        """Take jobs until a signal says to stop."""
        loop = asyncio.get_running_loop()
        threads = self._settings.worker_jobs + THREADS_BESIDE_JOBS
        loop.set_default_executor(ThreadPoolExecutor(threads))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        while not self._is_ending.is_set():
            try:
                await self._work_once()
            except Exception as error:  # the database is away, in one of many ways
                log.warning("The worker begins anew: %s.", type(error).__name__)
            if not self._is_ending.is_set():
                await asyncio.sleep(SECONDS_BEFORE_ANEW)

    async def _work_once(self) -> None:
        """Work under one number of the queue's."""
        connector = PsycopgConnector(
            conninfo=os.environ[database.ENVIRONMENT], min_size=1, max_size=THREADS_BESIDE_JOBS
        )
        app = App(connector=connector)
        app.add_tasks_from(tasks, namespace="")
        jobs = app.job_manager = _OwnJobs(connector, self._session, self._ready)
        async with app.open_async():
            worker = self._worker = Worker(
                app,
                name=self._session,
                concurrency=self._settings.worker_jobs,
                additional_context={WORKSHOP: self._workshop},
                task_middleware=[_guarded],
                fetch_job_polling_interval=SECONDS_BETWEEN_LOOKS,
                install_signal_handlers=False,
                update_heartbeat_interval=self._settings.heartbeat_seconds,
                stalled_worker_timeout=float(10**9),  # the steward alone gives workers up
            )
            loop = asyncio.get_running_loop()
            steward = _Steward(
                worker, self._settings, on_newer=lambda: loop.call_soon_threadsafe(self._end)
            )
            steward.start()
            try:
                if not self._is_ending.is_set():
                    await worker.run()  # type: ignore[no-untyped-call]
            finally:
                steward.end()
                await jobs.leave()

    def _end(self) -> None:
        """Take no more jobs, and end the process in time whether or not the last ones have."""
        if self._is_ending.is_set():
            return
        self._is_ending.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        limit = threading.Timer(self._settings.stop_seconds, self._leave_at_once)
        limit.daemon = True
        limit.start()

    def _leave_at_once(self) -> None:
        """Hand back what runs still. What it would have published goes with our sessions."""
        log.warning("Jobs that did not end in time are handed back.")
        helper = threading.Thread(target=workers.hand_back_all, args=(self._session,), daemon=True)
        helper.start()
        helper.join(timeout=3)
        os._exit(0)


class _OwnJobs(JobManager):
    """Says how a job ended, as long as it is this worker's, and again until the database hears it.

    A worker that was given up must not end a job that another is doing.
    """

    def __init__(
        self, connector: PsycopgConnector, session: str, ready: Callable[[], None]
    ) -> None:
        super().__init__(connector)
        self._session = session
        self._ready = ready
        self._worker_id = 0

    async def register_worker(self) -> int:
        self._worker_id = await super().register_worker()
        await asyncio.to_thread(
            workers.register_worker, self._worker_id, self._session, bootstrap.now()
        )
        self._ready()
        return self._worker_id

    async def finish_job_by_id_async(self, job_id: int, status: Status, delete_job: bool) -> None:
        await _until_told(workers.end_job, job_id, self._worker_id, status.value)

    async def retry_job_by_id_async(self, job_id: int, retry_at: Any, *_: Any, **__: Any) -> None:
        await _until_told(workers.postpone_job, job_id, self._worker_id, retry_at)

    async def leave(self) -> None:
        """Leave nothing behind under this number."""
        with contextlib.suppress(KinsyncError):  # or the next number takes it back
            await asyncio.to_thread(workers.hand_back, self._worker_id)


async def _until_told(tell: Callable[..., None], *arguments: Any) -> None:
    """Tell the database something; while it is away, again and again."""
    while True:
        try:
            return await asyncio.to_thread(tell, *arguments)
        except TryAgainLater:
            await asyncio.sleep(SECONDS_BEFORE_ANEW)


def _guarded(call_next: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Run a task; what it raises unexpectedly may carry a value of a row, and is not passed on."""
    del context, worker
    try:
        return call_next()
    except KinsyncError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        raise Defect(
            f"Kinsync has a defect: {type(error).__name__} in {place}. Nothing was published. "
            "Please report it."
        ) from None
    finally:
        connections.close_all()


class _Steward(threading.Thread):
    """Looks after the worker, and after the queue for all workers."""

    def __init__(
        self, worker: Worker, settings: Settings, *, on_newer: Callable[[], object]
    ) -> None:
        super().__init__(daemon=True, name="steward")
        self._worker = worker
        self._on_newer = on_newer
        self._is_outdated = False
        self._heartbeat = settings.heartbeat_seconds
        self._keep_jobs = timedelta(days=settings.keep.messages)
        self._has_ended = threading.Event()

    def end(self) -> None:
        self._has_ended.set()

    def run(self) -> None:
        while not self._has_ended.wait(self._heartbeat / HEARTBEATS_MISSED):
            try:
                self._look()
            except TryAgainLater:
                continue  # the worker itself meets the database, and says so
            except KinsyncError as error:
                log.warning("%s", error)
        connections.close_all()

    def _look(self) -> None:
        if self._worker.worker_id is None:
            return
        if not workers.beat(self._worker.worker_id):
            log.warning("This worker was given up by the others; it begins anew.")
            self._worker.stop()  # type: ignore[no-untyped-call]
            self._has_ended.set()
            return
        if self._is_outdated:
            return
        if newer := migrate.newest_unknown():
            self._is_outdated = True
            log.warning(
                "The tables are of a newer release (%s): this worker finishes what it does and "
                "ends. Start the new release.",
                newer,
            )
            self._on_newer()
            return
        for number in workers.take_over(HEARTBEATS_MISSED * self._heartbeat):
            log.warning("Worker %s is not heard of; its jobs are taken over.", number)
        at = bootstrap.now()
        for duty in DUTIES:
            duty(at)
        workers.forget_old_jobs(before=at - self._keep_jobs)
