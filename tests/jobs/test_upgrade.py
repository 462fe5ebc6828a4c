"""What an old release does once a newer one has brought the tables up to date."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from kinsync.store.database import connect
from tests.jobs.crew import Crew, Uploader, until
from tests.jobs.test_takeover import NIGHT, SCHOOL

LATER = "9999_of_a_later_release"


def upgrade() -> None:
    """Leave in the database what a newer release leaves there."""
    with closing(connect(autocommit=True)) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('store', %s, now())",
            (LATER,),
        )


@pytest.fixture(autouse=True)
def as_it_was(database: None) -> Iterator[None]:
    yield
    with closing(connect(autocommit=True)) as connection:
        connection.execute("DELETE FROM django_migrations WHERE name = %s", (LATER,))


def test_an_old_worker_finishes_what_it_does_says_why_and_ends(
    crew: Crew, lakeside: Uploader
) -> None:
    worker = crew.start()
    with lakeside.publishing_blocked() as blocking:
        lakeside.upload(SCHOOL)
        until(lakeside.is_about_to_publish, "the worker is about to publish")
        upgrade()
        until(lambda: LATER in crew.said(worker), "the worker has noticed")
        assert worker.poll() is None
        blocking.rollback()

    assert worker.wait(60) == 0
    assert lakeside.version == 1
    assert lakeside.job_states() == ["succeeded"]
    lakeside.upload(NIGHT)
    assert lakeside.job_states()[0] == "todo"


def test_an_old_release_does_not_begin_on_newer_tables(crew: Crew) -> None:
    upgrade()

    for command in (["migrate"], ["district", "list"], ["serve", "--only", "worker"]):
        ended = subprocess.run(
            [sys.executable, "-m", "kinsync", *command],
            env=crew.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert f"newer release of Kinsync ({LATER})" in ended.stderr
