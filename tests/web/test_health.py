"""What machines ask the web door about itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kinsync.store import queue, records
from kinsync.store.database import ENVIRONMENT

SECRET_NAME = "Unmistakable Unified"


@pytest.fixture
def client(
    database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    from kinsync.web.wsgi import application

    monkeypatch.setenv("KINSYNC_HOME", str(tmp_path))
    transport = httpx.WSGITransport(app=application)
    with httpx.Client(transport=transport, base_url="http://kinsync.test") as client:
        yield client


def figures(client: httpx.Client) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every figure by its name and labels."""
    text = client.get("/metrics").content.decode()
    assert SECRET_NAME not in text
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_process_that_is_up_says_so_and_one_that_can_work_says_more(client: httpx.Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    ready = client.get("/readyz")

    assert (ready.status_code, ready.json()) == (200, {"database": "ok", "storage": "ok"})


def test_a_service_whose_storage_cannot_be_written_is_not_ready(
    client: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "storage").write_text("a file where the folder should be")

    ready = client.get("/readyz")

    assert ready.status_code == 503
    assert ready.json()["database"] == "ok"
    assert "cannot be written" in ready.json()["storage"]


def test_jobs_syncs_and_requests_are_counted(client: httpx.Client) -> None:
    now = datetime.now(UTC)
    district = records.add_district(SECRET_NAME, at=now)
    records.finish_sync(records.start_sync(district, at=now), "failed", at=now)
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, now)
    before = figures(client).get(("kinsync_requests_total", ("401", "v3.1")), 0)

    client.get("/v3.1/users")

    now_is = figures(client)
    assert now_is["kinsync_requests_total", ("401", "v3.1")] == before + 1
    assert now_is["kinsync_jobs", ("todo",)] == 1
    assert now_is["kinsync_sync_seconds_gcount", ("failed",)] == 1
    assert now_is["kinsync_sync_seconds_bucket", ("1.0", "failed")] == 1
    assert now_is["kinsync_database_up", ()] == 1
    assert now_is["kinsync_workers", ()] == 0
    assert ENVIRONMENT not in str(now_is)
