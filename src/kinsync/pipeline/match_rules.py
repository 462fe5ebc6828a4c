"""When two people are the same: one expression per kind of evidence, the best first.

Columns are those of ``match_pairs.agreements``. Generations that conflict (Sr, Jr, III) and two
different SIS ids stand against every rule that names them.
"""

from dataclasses import dataclass

import polars as pl

_HAS_STUDENT = pl.col("students") > 0
_HAS_REACH = pl.col("reaches") > 0
_MAY_BE = ~pl.col("is_other_suffix") & ~pl.col("is_other_sis_id")
_IS_UNREACHED = pl.col("is_unreached_incoming") & pl.col("is_unreached_published")

_IS_RECYCLED = pl.col("is_named") & ~(
    _HAS_STUDENT | _HAS_REACH | pl.col("is_same_name") | pl.col("is_same_given_name")
)
"""A SIS id that came back under a person with whom nothing else agrees, not even a student."""

_IS_RENUMBERED = (
    pl.col("is_new_sis_id")
    & pl.col("is_gone_sis_id")
    & (_HAS_REACH | pl.col("is_same_relationship"))
)
"""A SIS that numbers its people anew keeps them: neither id stands on the other side."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of evidence. Where ``may_choose``, the oldest of several equals is taken.

    That is for people whom *link* joined or parted since: the name is theirs, all of them are one
    person, and one of the ids must go on.
    """

    name: str
    holds: pl.Expr
    may_choose: bool = False


RULES = (
    Rule("same sis_id", pl.col("is_same_sis_id") & ~_IS_RECYCLED),
    Rule(
        "same student and name",
        _HAS_STUDENT
        & pl.col("is_same_name")
        & ~pl.col("is_other_suffix")
        & (~pl.col("is_other_sis_id") | _IS_RENUMBERED),
        may_choose=True,
    ),
    Rule(
        "same name and phone or e-mail",
        _HAS_REACH & pl.col("is_same_name") & _MAY_BE,
        may_choose=True,
    ),
    Rule(
        "same student and phone or e-mail under a new name",
        _HAS_STUDENT
        & _HAS_REACH
        & _MAY_BE
        & pl.col("is_named")
        & (
            pl.col("is_same_given_name")
            | (pl.col("has_own_reach") & pl.col("is_same_relationship"))
        ),
    ),
    Rule(
        "same student and given name, nobody can be reached",
        _HAS_STUDENT
        & _MAY_BE
        & _IS_UNREACHED
        & pl.col("is_same_given_name")
        & pl.col("is_same_type")
        & pl.col("is_same_relationship"),
    ),
    Rule(
        "same student and placeholder, same type or phone",
        _HAS_STUDENT
        & ~pl.col("is_other_sis_id")
        & ~pl.col("is_named")
        & (_HAS_REACH | (pl.col("is_same_raw_name") & pl.col("is_same_type"))),
    ),
    Rule(
        "same student and placeholder",
        _HAS_STUDENT
        & ~pl.col("is_other_sis_id")
        & pl.col("is_unnamed")
        & pl.col("is_same_raw_name"),
    ),
)

SCORE = (
    4 * pl.col("students").cast(pl.Int32)
    + 4 * pl.col("reaches").cast(pl.Int32)
    + 2 * pl.col("is_same_suffix").cast(pl.Int32)
    + pl.col("is_same_type").cast(pl.Int32)
    + pl.col("is_same_relationship").cast(pl.Int32)
    + pl.col("is_same_raw_name").cast(pl.Int32)
).alias("score")
"""How much agrees: students, phones and mailboxes first, then the rest to part what is level."""

ADOPTING = tuple(
    rule
    for rule in RULES
    if rule.name in ("same sis_id", "same student and name", "same name and phone or e-mail")
)
"""The rules by which ids of another service are recognised: never by a new name or a choice."""
