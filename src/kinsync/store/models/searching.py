"""By what a person is found in the Data Browser."""

from django.db import models

from kinsync.store.models.fields import id_field
from kinsync.store.models.records import District


class SearchKey(models.Model):
    """One row is one thing by which one interval of a contact or student is found.

    A name stands here once for each of its words, turned so that this word is first: whatever
    beginning of whichever word is typed is a range of the primary key, in the order of names.
    """

    pk = models.CompositePrimaryKey("district_id", "kind", "key", "id", "since")
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    kind = models.SmallIntegerField()  # see store.search
    key = models.TextField(db_collation="C")
    id = id_field()
    since = models.IntegerField()

    class Meta:
        db_table = "search_key"


class SearchState(models.Model):
    """One row says up to which version of a district people can be found."""

    district = models.OneToOneField(District, on_delete=models.PROTECT, primary_key=True)
    version = models.IntegerField()
    found = models.IntegerField(db_default=0)  # the version of whose findings there are keys

    class Meta:
        db_table = "search_state"


class Reach(models.Model):
    """One row says how many students of a version can be reached, school by school."""

    pk = models.CompositePrimaryKey("district_id", "version")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    version = models.IntegerField()
    schools = models.JSONField(default=list)  # see store.reach

    class Meta:
        db_table = "reach"


class Quality(models.Model):
    """One row says how complete the contacts of a version are."""

    pk = models.CompositePrimaryKey("district_id", "version")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    version = models.IntegerField()
    figures = models.JSONField(default=dict)  # see store.quality

    class Meta:
        db_table = "quality"
