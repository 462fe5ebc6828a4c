"""Districts, their syncs and versions, and the records of their people.

Whole snapshots never go through these models: ``store.publish`` and ``store.snapshots`` move them
by COPY.

Records of a district's people are *intervals*: a row is what was published from version ``since``
until before version ``until`` (``STILL`` while it is current). ``created`` is the version in which
the id first appeared. Every key leads with the district, so tables can be split by it.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Lower

from kinsync.store.intervals import STILL
from kinsync.store.models.fields import id_field, text_field


class District(models.Model):
    """One row is one district. ``published`` is its current version, 0 before the first."""

    id = models.AutoField(primary_key=True)
    public_id = id_field(unique=True)
    name = models.TextField()
    published = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    settings = models.JSONField(default=dict)
    purge_queued_at = models.DateTimeField(null=True)  # when its last purge was queued

    class Meta:
        db_table = "district"
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="district_name_once")]


class Sync(models.Model):
    """One row is one run to publish, or its preview. Findings lie in storage, under ``folder``."""

    id = models.BigAutoField(primary_key=True)
    district = models.ForeignKey(District, on_delete=models.PROTECT)
    state = models.TextField()  # running, published, unchanged, previewed, held, discarded, …
    is_preview = models.BooleanField(default=False)
    origin = models.TextField()  # file, restore, restriction, decision
    file_name = models.TextField()
    sha256 = models.TextField()
    rules = models.TextField()  # version of the rules and mapping it ran under
    base = models.IntegerField()  # published version it was compared with
    version = models.IntegerField(null=True)  # the version it became
    counts = models.JSONField(default=dict)
    reasons = models.JSONField(default=list)  # why it is held
    folder = models.TextField(default="")
    error = models.TextField(default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    turn = models.BigIntegerField(null=True)  # of the upload it read: the highest is the newest
    reported_at = models.DateTimeField(null=True)  # when the team was told

    class Meta:
        db_table = "sync"
        indexes: ClassVar = [
            models.Index(fields=["district", "-id"], name="sync_recent"),
            BrinIndex(fields=["started_at"], name="sync_started", pages_per_range=8),
        ]


class Version(models.Model):
    """One row is one published version of a district."""

    pk = models.CompositePrimaryKey("district_id", "number")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    number = models.IntegerField()
    published_at = models.DateTimeField()
    origin = models.TextField()  # sync, restore, restriction, decision
    sync_id = models.BigIntegerField()
    counts = models.JSONField(default=dict)
    cache = models.TextField(default="")  # folder of its Parquet copy in storage, see snapshots
    purged_at = models.DateTimeField(null=True)  # since when its records have no values any more
    alike_at = models.DateTimeField(null=True)  # when pairs that look alike were found in it

    class Meta:
        db_table = "version"


class Interval(models.Model):
    """What the four kinds of record share."""

    pk = models.CompositePrimaryKey("district_id", "id", "since")
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    id = id_field()
    since = models.IntegerField()
    until = models.IntegerField(default=STILL)
    created = models.IntegerField()

    class Meta:
        abstract = True
        indexes: ClassVar = [
            BrinIndex(  # versions lie together on disk: a few pages, no cost for each row
                fields=["district", "since"],
                name="%(class)s_since",
                pages_per_range=32,
                autosummarize=True,
            ),
        ]


class School(Interval):
    """One row is one school, from ``since`` until ``until``."""

    sis_id = text_field()
    name = text_field()

    class Meta(Interval.Meta):
        db_table = "school"


class Student(Interval):
    """One row is one student, from ``since`` until ``until``."""

    sis_id = text_field()
    school_sis_id = text_field()
    student_number = text_field()
    state_id = text_field()
    last_name = text_field()
    middle_name = text_field()
    first_name = text_field()
    grade = text_field()
    gender = text_field()
    graduation_year = text_field()
    dob = text_field()
    race = text_field()
    hispanic_ethnicity = text_field()
    home_language = text_field()
    ell_status = text_field()
    frl_status = text_field()
    iep_status = text_field()
    street = text_field()
    city = text_field()
    state = text_field()
    zip = text_field()
    email = text_field()
    username = text_field()
    sources = text_field()  # which values are of another source than the oldest: domain.priority

    class Meta(Interval.Meta):
        db_table = "student"
        indexes: ClassVar = [
            *Interval.Meta.indexes,
            models.Index(fields=["district", "school_sis_id", "id"], name="student_school"),
        ]


class Contact(Interval):
    """One row is one person who can be reached, from ``since`` until ``until``."""

    legacy_id = id_field()
    sis_id = text_field()
    name = text_field()
    phone = text_field()
    phone_extension = text_field()
    phone_type = text_field()
    phone_type_source = text_field()
    email = text_field()
    more_phones = text_field()  # JSON, see domain.frames
    more_emails = text_field()
    address = text_field()
    restricted = text_field()  # Y or null: the API's statements and the wall look at it
    sources = text_field()  # as of a student

    class Meta(Interval.Meta):
        db_table = "contact"
        indexes: ClassVar = [
            *Interval.Meta.indexes,
            models.Index(fields=["district", "legacy_id"], name="contact_legacy"),
        ]


class Relationship(Interval):
    """One row is what one contact is to one student, from ``since`` until ``until``."""

    contact_id = id_field()
    student_id = id_field()
    type = text_field()
    type_source = text_field()
    relationship = text_field()
    relationship_source = text_field()
    flags = text_field()  # JSON, see domain.flags
    restricted = text_field()  # as of a contact
    sources = text_field()  # as of a student

    class Meta(Interval.Meta):
        db_table = "relationship"
        indexes: ClassVar = [
            *Interval.Meta.indexes,
            models.Index(fields=["district", "contact_id"], name="relationship_contact"),
            models.Index(fields=["district", "student_id"], name="relationship_student"),
        ]


class Ending(models.Model):
    """One row is one record whose interval ended at ``version``.

    It stands apart from ``until`` so that no index holds ``until``: closing an interval then
    changes one page of the table and none of an index.
    """

    pk = models.CompositePrimaryKey("district_id", "version", "kind", "id")
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    version = models.IntegerField()
    kind = models.TextField(db_collation="C")  # one of domain.frames.KINDS
    id = id_field()

    class Meta:
        db_table = "ending"


class Merge(models.Model):
    """One row is one contact id that turned out to be another person's: kept for ever."""

    pk = models.CompositePrimaryKey("district_id", "from_id")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    from_id = id_field()
    from_legacy_id = models.CharField(max_length=24, db_collation="C", null=True)
    into_id = id_field()
    version = models.IntegerField()

    class Meta:
        db_table = "contact_merge"
        indexes: ClassVar = [
            models.Index(fields=["district", "from_legacy_id"], name="contact_merge_legacy"),
        ]


class IdClock(models.Model):
    """One row: the last id handed out, so that ids ascend in order of creation."""

    id = models.IntegerField(primary_key=True)
    seconds = models.BigIntegerField()
    counter = models.BigIntegerField()

    class Meta:
        db_table = "id_clock"
