"""By what those are known again whose values were purged."""

from typing import ClassVar

from django.db import models

from kinsync.store.models.fields import id_field


class Identity(models.Model):
    """One row is one thing by which a student or contact is known again, as a keyed hash.

    Which key is no part of the database. The row goes when its record does.
    """

    pk = models.CompositePrimaryKey("district_id", "hash", "id")
    district = models.ForeignKey(
        "store.District", on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    hash = models.CharField(max_length=32, db_collation="C")
    id = id_field()
    kind = models.TextField(db_collation="C")  # student, contact
    role = models.TextField(db_collation="C")  # sis_id, name, reach
    is_household = models.BooleanField(default=False)  # a phone of whoever lives there

    class Meta:
        db_table = "identity"
        indexes: ClassVar = [models.Index(fields=["district", "id"], name="identity_id")]
