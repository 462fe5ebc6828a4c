"""What a machine asks a service: does it live, is it ready, how much does it do.

Nothing here names a district or a person, and nothing needs a token: keep these three addresses
behind the proxy all the same.
"""

import os
from collections.abc import Callable, Iterable

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import path
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from kinsync import bootstrap
from kinsync.domain.errors import KinsyncError
from kinsync.services.activity import Activity, activity
from kinsync.store import migrate
from kinsync.web.server import PROCESSES

TEXT = "text/plain; version=0.0.4; charset=utf-8"

requests = Counter("kinsync_requests", "Requests answered.", ("version", "status"))


def counted(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: count requests by version of the API and by status."""

    def count(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        match = request.resolver_match
        version = match.kwargs.get("version", "other") if match else "other"
        requests.labels(version, response.status_code).inc()
        return response

    return count


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """Database, tables and storage are there; 503 where one is not."""
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: migrate.check(),
        "storage": lambda: bootstrap.storage(bootstrap.read_settings()).check(),
    }
    told = {name: _told(check) for name, check in checks.items()}
    is_ready = set(told.values()) == {"ok"}
    return HttpResponse(
        orjson.dumps(told), status=200 if is_ready else 503, content_type="application/json"
    )


def _told(check: Callable[[], object]) -> str:
    try:
        check()
    except KinsyncError as error:
        return str(error)
    return "ok"


def metrics(_request: HttpRequest) -> HttpResponse:
    """Counts for Prometheus: this door's requests, and what all workers together have done."""
    registry = CollectorRegistry()
    if PROCESSES in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Requests())
    registry.register(_Work())
    return HttpResponse(generate_latest(registry), content_type=TEXT)


class _Requests(Collector):
    """What this process has counted itself."""

    def collect(self) -> Iterable[Metric]:
        return requests.collect()


class _Work(Collector):
    """What stands in the database, the same whichever machine is asked."""

    def collect(self) -> Iterable[Metric]:
        try:
            now = activity(bootstrap.now())
        except KinsyncError:
            yield GaugeMetricFamily("kinsync_database_up", "Whether it answers.", value=0)
            return
        yield GaugeMetricFamily("kinsync_database_up", "Whether it answers.", value=1)
        yield GaugeMetricFamily("kinsync_workers", "Workers that live.", value=now.workers)
        yield GaugeMetricFamily(
            "kinsync_waiting_seconds",
            "How long the first due job waits.",
            value=now.waiting_seconds,
        )
        jobs = GaugeMetricFamily("kinsync_jobs", "Jobs by state.", labels=("state",))
        for state, count in now.jobs.items():
            jobs.add_metric((state,), count)
        yield jobs
        yield _durations(now)


def _durations(now: Activity) -> Metric:
    """Syncs of the last day by state: how many, and how long they took."""
    family = GaugeHistogramMetricFamily(
        "kinsync_sync_seconds", "Syncs of the last 24 hours.", labels=("state",)
    )
    for state, found in now.syncs.items():
        family.add_metric((state,), found.buckets, gsum_value=found.seconds)
    return family


urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
