"""What the queue does not know: the sessions of workers, timetables, and who is told.

The queue itself is procrastinate's own tables, brought up to date by the same ``migrate``.
"""

from typing import ClassVar

from django.db import models

from kinsync.store.models.records import District


class Worker(models.Model):
    """One row is one worker under the number that the queue gave it.

    ``session`` names all its connections to the database, so that they can be ended together.
    """

    id = models.BigIntegerField(primary_key=True)
    session = models.TextField()
    started_at = models.DateTimeField()

    class Meta:
        db_table = "worker"


class Schedule(models.Model):
    """One row is one thing that a district has done at times of its own."""

    pk = models.CompositePrimaryKey("district_id", "what")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    what = models.TextField(db_collation="C")  # sync, or pull:<source>
    timetable = models.TextField()  # five fields of cron, in the district's time zone
    jitter_seconds = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "schedule"
        indexes: ClassVar = [models.Index(fields=["next_at"], name="schedule_next")]


class TeamMember(models.Model):
    """One row is one person of a district's team, and when a sync is reported to them."""

    pk = models.CompositePrimaryKey("district_id", "email")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    email = models.TextField(db_collation="C")  # in lower case
    reports = models.TextField()  # always, problems, never

    class Meta:
        db_table = "team_member"
