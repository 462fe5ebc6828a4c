"""Who signs in to the dashboard, what they may do in which district, and what they did."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Lower, Now

from kinsync.store.models.records import District


class UserManager(BaseUserManager["User"]):
    """Finds people whichever case they type."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username or "")


class User(AbstractBaseUser):
    """One row is one person who signs in. An operator sees counts and states of every district."""

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField()
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "dashboard_user"
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="dashboard_user_once")
        ]


class Role(models.Model):
    """One row is what one person may do in one district."""

    pk = models.CompositePrimaryKey("district_id", "user_id")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.TextField()  # owner, editor, viewer

    class Meta:
        db_table = "dashboard_role"


class Invitation(models.Model):
    """One row is one invitation to a district's team, by the hash of what its link ends in."""

    pk = models.CompositePrimaryKey("district_id", "hash")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    hash = models.TextField(db_collation="C")
    email = models.EmailField()
    role = models.TextField()  # owner, editor, viewer
    invited_by = models.TextField()  # a mailbox
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "dashboard_invitation"
        constraints: ClassVar = [
            models.UniqueConstraint("district", Lower("email"), name="dashboard_invitation_once")
        ]


class Act(models.Model):
    """One row is one thing that somebody did or looked at in the dashboard. Append-only."""

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    id = models.BigIntegerField()  # numbered by the database; nobody else can
    at = models.DateTimeField(db_default=Now())  # the same
    user_id = models.BigIntegerField()
    email = models.TextField()  # as it was then
    what = models.TextField()  # a sentence's verb, such as "approved a hold"
    about = models.TextField()  # a sync, a version, a filter: never a value of a row
    version = models.IntegerField(null=True)  # of the district, where people were looked at
    records = models.IntegerField(default=0)  # how many people were seen
    subjects = models.TextField(default="")  # ids of these, with spaces between

    class Meta:
        db_table = "dashboard_act"
        indexes: ClassVar = [
            BrinIndex(fields=["district", "at"], name="dashboard_act_at", autosummarize=True)
        ]
