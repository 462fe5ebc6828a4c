"""What pages asked for that takes longer than a page should."""

from django.db import models

from kinsync.store.models.records import District


class Errand(models.Model):
    """One row is one question of a page, and its answer once that is there.

    Both hold numbers, ids and words of ours; never what a record says of a person.
    """

    pk = models.CompositePrimaryKey("district_id", "key")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    key = models.CharField(max_length=64, db_collation="C")
    what = models.TextField(db_collation="C")  # see services.errands
    question = models.JSONField(default=dict)
    state = models.TextField(db_collation="C")  # waiting, done, failed
    percent = models.SmallIntegerField(default=0)
    answer = models.TextField(default="{}")  # JSON: what it names first is shown first
    says = models.TextField(default="")  # why it failed
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "errand"
