"""By what somebody is known again whose values are purged: keyed hashes, and nothing to read.

Of who is gone stay hashes of the SIS id, the comparable name, and the phones and mailboxes. What a
later delivery says is hashed under the same key; where it meets, the delivery's own value stands
for the one that is gone, and *match* weighs it like any other. What does not meet stays hidden, and
agrees with nothing.
"""

from collections.abc import Sequence

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import CONTACT_DETAILS, KINDS, PUBLISHED, RELATIONSHIP_DETAILS, empty
from kinsync.domain.identity import identity_hash
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.people import People, describe, reaches

TRAITS = pl.Schema(
    {
        "who": pl.String(),  # id of a record, or number of one that has none
        "kind": pl.String(),  # student, contact
        "role": pl.String(),  # sis_id, name, reach
        "value": pl.String(),  # comparable: what is hashed
        "spelled": pl.String(),  # as it stands in the record
        "is_household": pl.Boolean(),
    }
)
"""One row is one thing by which somebody can be known again."""

_NO_TIES = pl.DataFrame(schema={"who": pl.UInt32, "student_id": pl.String, **RELATIONSHIP_DETAILS})


def traits(
    students: pl.DataFrame, contacts: pl.DataFrame, vocabulary: Vocabulary, *, key: str = "id"
) -> pl.DataFrame:
    """``TRAITS`` of students and contacts; placeholders are nobody's.

    Args:
        students: with ``sis_id``, and the column ``key`` where it is ``id``.
        contacts: with ``frames.CONTACT_DETAILS`` and the column ``key``.
        vocabulary: which names, phones and mailboxes are placeholders.
        key: the column that tells records apart.
    """
    numbered = contacts.with_row_index("who")
    people = People(numbered.select("who", *CONTACT_DETAILS), _NO_TIES, vocabulary)
    told = describe(people)
    who = numbered.select("who", id=pl.col(key).cast(pl.String))
    named = told.hstack(contacts.select(spelled="name")).filter(pl.col("name_key").is_not_null())
    suffix = pl.col("name_suffix").fill_null("")
    found = [
        _numbered(students.select(id="sis_id" if key != "id" else "id", value="sis_id"), "student"),
        _numbered(who.join(told, on="who").select("id", value="sis_id"), "contact"),
        _traits(
            who.join(named, on="who").select(
                "id", "spelled", value=pl.concat_str("name_key", suffix, separator="|")
            ),
            role="name",
        ),
        _traits(
            who.join(reaches(people), on="who").select(
                "id", "is_household", value="reach", spelled="reach"
            ),
            role="reach",
        ),
    ]
    return pl.concat(found)


def _numbered(records: pl.DataFrame, kind: str) -> pl.DataFrame:
    numbered = records.filter(pl.col("value").is_not_null()).with_columns(spelled="value")
    return _traits(numbered, role="sis_id", kind=kind)


def _traits(found: pl.DataFrame, *, role: str, kind: str = "contact") -> pl.DataFrame:
    whole = found.rename({"id": "who"}).with_columns(role=pl.lit(role), kind=pl.lit(kind))
    if "is_household" not in whole.columns:
        whole = whole.with_columns(is_household=pl.lit(value=False))
    return whole.select(list(TRAITS))


def hashed(found: pl.DataFrame, key: bytes, district_id: int) -> pl.Series:
    """The hash of each of these ``TRAITS``: of one district and role, under one key."""
    values = found.select("kind", "role", "value").unique()
    hashes = [identity_hash(key, district_id, *value) for value in values.iter_rows()]
    known = values.with_columns(pl.Series("hash", hashes, dtype=pl.String))
    joined = found.join(known, on=["kind", "role", "value"], how="left", maintain_order="left")
    return joined["hash"]


def revived(met: pl.DataFrame, skeletons: pl.DataFrame, absent: Snapshot) -> Snapshot:
    """The absent, and those of whom a delivery told something again, as far as it did.

    Args:
        met: ``TRAITS`` of the delivery that meet a hash; ``who`` is the id of who had it.
        skeletons: ``id``, ``legacy_id``, ``has_sis_id`` of the contacts among them.
        absent: the absent whose values are kept. Relationships are those of all.
    """
    frames = dict(absent.frames)
    students = met.filter(pl.col("kind") == "student").select(id="who", sis_id="spelled")
    frames["student"] = pl.concat(
        [frames["student"], students.unique("id", keep="first", maintain_order=True)],
        how="diagonal",
    )
    contacts = _contacts(met.filter(pl.col("kind") == "contact"), skeletons)
    frames["contact"] = pl.concat([frames["contact"], contacts], how="diagonal")
    return Snapshot({kind: frames[kind].select(list(PUBLISHED[kind])) for kind in KINDS})


def _contacts(met: pl.DataFrame, skeletons: pl.DataFrame) -> pl.DataFrame:
    """People with what is known of them; a name or SIS id that is not is one that nobody has."""
    if skeletons.is_empty():
        return empty(PUBLISHED["contact"])
    hidden = pl.concat_str(pl.lit("purged"), pl.col("id"))
    is_phone = ~pl.col("value").str.contains("@", literal=True)
    phone = pl.struct(
        phone="value", type=pl.when("is_household").then(pl.lit("Home")), extension=pl.lit("")
    )
    reached = met.filter(pl.col("role") == "reach")
    return (
        skeletons.join(_first(met, "sis_id"), on="id", how="left")
        .join(_first(met, "name"), on="id", how="left")
        .join(_listed(reached.filter(is_phone), phone, "more_phones"), on="id", how="left")
        .join(
            _listed(reached.filter(~is_phone), pl.col("value"), "more_emails"), on="id", how="left"
        )
        .select(
            "id",
            "legacy_id",
            "more_phones",
            "more_emails",
            sis_id=pl.coalesce("sis_id", pl.when("has_sis_id").then(hidden)),
            name=pl.coalesce("name", hidden),
        )
    )


def _first(met: pl.DataFrame, role: str) -> pl.DataFrame:
    found = met.filter(pl.col("role") == role).select(pl.col("who").alias("id"), spelled="spelled")
    return found.unique("id", keep="first", maintain_order=True).rename({"spelled": role})


def _listed(met: pl.DataFrame, value: pl.Expr, name: str) -> pl.DataFrame:
    """The values of each record as a JSON list."""
    lists = (
        met.unique(["who", "value"], maintain_order=True).group_by("who").agg(value.alias("more"))
    )
    encoded = pl.struct("more").struct.json_encode()
    return lists.select(
        pl.col("who").alias("id"), encoded.str.strip_prefix('{"more":').str.head(-1).alias(name)
    )


def told_under(found: pl.DataFrame, hashes: pl.Series, known: pl.DataFrame) -> pl.DataFrame:
    """Those of a delivery's ``TRAITS`` that meet a known hash, ``who`` being who had it then.

    Args:
        found: the delivery's.
        hashes: of each of them.
        known: ``hash``, ``id``, ``is_household`` of who is gone.
    """
    mine = found.drop("who", "is_household").with_columns(hashes.alias("hash"))
    met = mine.unique(["hash"], keep="first", maintain_order=True).join(known, on="hash")
    return met.rename({"id": "who"}).select(list(TRAITS))


def together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """``TRAITS`` of several keys as one."""
    return pl.concat([empty(TRAITS), *parts]).unique(maintain_order=True)
