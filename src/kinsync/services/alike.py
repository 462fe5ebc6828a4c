"""Look-alikes: pairs of contacts for people to decide about, found once for each version."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kinsync.domain.alike import REASONS
from kinsync.domain.changes import Snapshot
from kinsync.domain.deciding import VERDICTS
from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.alike import alike
from kinsync.services.deciding import as_snapshot
from kinsync.services.sync import Tools
from kinsync.store import alike as kept
from kinsync.store import records, same_person, snapshots
from kinsync.store.alike import FIRST, AlikePair, Key
from kinsync.store.database import district_lock
from kinsync.store.snapshots import Published

OPEN = "open"
STATES = (OPEN, *VERDICTS)
"""What a pair can be: open, or decided."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some pairs, the best first; ``after`` leads to the next page, None at the end."""

    pairs: Sequence[AlikePair]
    after: str | None

    def as_json(self) -> dict[str, object]:
        return {"pairs": [_told(one) for one in self.pairs], "after": self.after}


def find(district: records.District, tools: Tools) -> int | None:
    """Find the pairs of what is published now; how many. None where they are found already.

    The district's lock is held while its records are read, and not while they are compared: where
    something is published meanwhile, the pairs of that are found by whoever is told of it.

    Raises:
        TryAgainLater: the database is away.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        version = records.district(district.id).published
        if kept.found_for(district.id) == version:
            return None
        published = _needed(snapshots.published(district.id, storage=tools.storage))
        turned = kept.turned(district.id)
        gone = same_person.last_known(district.id, turned["gone_id"].unique().to_list())
    pairs = alike(published, default_vocabulary(), as_snapshot(gone.contacts, gone.ties), turned)
    kept.keep(district.id, version, pairs, at=tools.now())
    return pairs.height


_NEEDED = {
    "school": (),
    "student": ("id", "school_sis_id", "last_name", "street", "city", "zip"),
    "contact": (
        "id", "sis_id", "name", "phone", "phone_type", "email", "more_phones", "more_emails",
    ),
    "relationship": (
        "contact_id", "student_id", "type", "relationship", "relationship_source",
    ),
}  # fmt: skip
"""What is compared; of millions nothing else is read."""


def _needed(published: Published) -> Snapshot:
    return Snapshot(
        {
            kind: published.frames[kind]
            .with_columns(
                pl.lit(None, pl.String).alias(name)
                for name in PUBLISHED[kind]
                if name not in _NEEDED[kind]
            )
            .collect(engine="streaming")
            for kind in KINDS
        }
    )


def list_pairs(
    district: records.District,
    *,
    states: Sequence[str] = (OPEN,),
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """A page of the pairs that were found; ``after`` is what the page before answered.

    Raises:
        ChangeInput: ``after`` is no such answer, or a state is none of ``STATES``.
        TryAgainLater: the database is away.
    """
    if unknown := set(states) - set(STATES):
        raise ChangeInput(f"{min(unknown)!r} is no state: say {', '.join(STATES)}.")
    found = kept.page(district.id, states=states, after=_key(after), limit=limit + 1)
    shown = found[:limit]
    return Page(shown, _spelt(shown[-1].key) if len(found) > limit else None)


def list_decided(
    district: records.District, verdict: str, *, after: str | None = None, limit: int = 50
) -> Page:
    """A page of the pairs about which this is decided, the latest first, alike or not any more.

    Raises:
        TryAgainLater: the database is away.
    """
    said = [one for one in same_person.in_force(district.id) if one.verdict == verdict]
    said = [one for one in reversed(said) if after is None or one.id < after]
    shown = said[:limit]
    ids = sorted({id_ for one in shown for id_ in one.pair})
    known = same_person.last_known(district.id, ids).contacts if ids else None
    names = {} if known is None else dict(known.select("id", "name").rows())
    pairs = [
        AlikePair(
            one.low_id, one.high_id, 0, [], names.get(one.low_id), names.get(one.high_id),
            one.verdict, one.decided_by, one.decided_at,
        )
        for one in shown
    ]  # fmt: skip
    return Page(pairs, shown[-1].id if len(said) > limit else None)


def sentences(reasons: Sequence[str]) -> list[str]:
    """The reasons in plain words."""
    return [REASONS[code].sentence for code in reasons]


def _key(after: str | None) -> Key:
    if after is None:
        return FIRST
    try:
        score, low, high = after.split("-")
        return int(score), low, high
    except ValueError:
        raise ChangeInput(f"{after!r} is not where a page ended. Begin at the first.") from None


def _spelt(key: Key) -> str:
    return "-".join(map(str, key))


def _told(one: AlikePair) -> dict[str, object]:
    return {
        "pair": [one.low_id, one.high_id],
        "names": [one.low_name, one.high_name],
        "score": one.score,
        "reasons": {code: REASONS[code].sentence for code in one.reasons},
        "state": one.verdict or OPEN,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
    }
