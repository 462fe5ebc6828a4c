"""A worker that dies, freezes, or is told to stop: its work is done by another, and done once."""

import signal
from dataclasses import replace

from kinsync.jobs.tasks import ATTEMPTS
from kinsync.services.mail import add_member
from kinsync.store.database import connect, district_lock
from tests.jobs.crew import Crew, Uploader, until
from tests.services.pupils import mother, school_of

SCHOOL = school_of(6)
NIGHT = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]


def test_a_worker_syncs_what_was_uploaded(crew: Crew, lakeside: Uploader) -> None:
    lakeside.upload(SCHOOL)
    crew.start()

    until(lambda: lakeside.job_states() == ["succeeded"], "the job is done")
    assert lakeside.syncs() == [("published", 1)]

    lakeside.upload(NIGHT)

    until(lambda: lakeside.version == 2, "the next upload is published")


def test_what_a_killed_worker_was_doing_is_taken_over(crew: Crew, lakeside: Uploader) -> None:
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        first = crew.start()
        until(lakeside.is_about_to_publish, "the first worker is about to publish")
        first.kill()
        first.wait()

    crew.start()

    until(lambda: lakeside.job_states() == ["succeeded"], "the job is done")
    assert lakeside.syncs() == [("failed", None), ("published", 1)]


def test_a_frozen_worker_is_taken_over_and_publishes_nothing_when_it_wakes(
    crew: Crew, lakeside: Uploader
) -> None:
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        frozen = crew.start()
        until(lakeside.is_about_to_publish, "the first worker is about to publish")
        frozen.send_signal(signal.SIGSTOP)

    crew.start()
    until(lambda: lakeside.job_states() == ["succeeded"], "the other has done the job")
    frozen.send_signal(signal.SIGCONT)
    until(lambda: "begins anew" in crew.said(frozen), "the first has noticed")
    lakeside.upload(NIGHT)

    until(lambda: lakeside.version == 2, "the next upload is published")
    until(lambda: "doing" not in lakeside.job_states(), "its job is done")
    assert lakeside.syncs() == [("failed", None), ("published", 1), ("published", 2)]
    assert lakeside.job_states() == ["succeeded", "succeeded"]


def test_a_worker_that_woke_up_works_on(crew: Crew, lakeside: Uploader) -> None:
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        frozen = crew.start()
        until(lakeside.is_about_to_publish, "the first worker is about to publish")
        frozen.send_signal(signal.SIGSTOP)
    other = crew.start()
    until(lambda: lakeside.version == 1, "the other has published")
    other.kill()
    other.wait()

    frozen.send_signal(signal.SIGCONT)
    lakeside.upload(NIGHT)

    until(lambda: lakeside.version == 2, "the first works on")


def test_a_worker_that_is_told_to_stop_finishes_what_it_does(
    crew: Crew, lakeside: Uploader
) -> None:
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        worker = crew.start()
        until(lakeside.is_about_to_publish, "the worker is about to publish")
        worker.terminate()

    assert worker.wait() == 0
    assert lakeside.syncs() == [("published", 1)]
    assert lakeside.job_states() == ["succeeded"]


def test_what_does_not_end_in_time_is_handed_back(crew: Crew, lakeside: Uploader) -> None:
    crew.settings["KINSYNC_STOP_SECONDS"] = "1"
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        worker = crew.start()
        until(lakeside.is_about_to_publish, "the worker is about to publish")
        worker.terminate()

        assert worker.wait() == 0
        assert lakeside.job_states() == ["todo"]

    crew.start()
    until(lambda: lakeside.job_states() == ["succeeded"], "another has done it")
    assert lakeside.syncs() == [("failed", None), ("published", 1)]


def test_an_upload_during_a_sync_waits_its_turn_and_the_newest_wins(
    crew: Crew, lakeside: Uploader
) -> None:
    lakeside.upload(SCHOOL)
    with lakeside.publishing_blocked():
        crew.start()
        crew.start()
        until(lakeside.is_about_to_publish, "a worker is about to publish")
        lakeside.upload(SCHOOL[:-2])
        lakeside.upload(NIGHT)

        assert lakeside.job_states() == ["todo", "doing"]

    until(lambda: lakeside.job_states() == ["succeeded"] * 2, "both are done")
    assert lakeside.syncs() == [("published", 1), ("published", 2)]


def test_the_team_is_told_when_a_sync_is_not_tried_any_more(crew: Crew, lakeside: Uploader) -> None:
    add_member(lakeside.district, "office@example.org", "problems")
    lakeside.upload(SCHOOL)
    with connect() as connection:
        connection.execute("UPDATE procrastinate_jobs SET attempts = %s", (ATTEMPTS,))
        connection.commit()
    with district_lock(lakeside.id):
        worker = crew.start()
        until(lambda: lakeside.job_states() == ["failed"], "nobody tries again")

    worker.send_signal(signal.SIGTERM)
    worker.wait()
    told = crew.said(worker)
    assert told.count("To: office@example.org") == 1
    assert "given up" in told
