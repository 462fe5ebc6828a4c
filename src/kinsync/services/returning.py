"""Returning: who was deleted before, by what is kept of them: values for a while, then hashes."""

from collections.abc import Callable, Sequence

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.identity import hashed, revived, together, told_under, traits
from kinsync.pipeline.match import Frames
from kinsync.store import absences, identities

Keys = Callable[[], Sequence[bytes]]
"""The keys of identities, the newest first; asked for where they are needed."""


def absent(
    district_id: int, incoming: Frames, vocabulary: Vocabulary, keys: Keys, *, since: int
) -> Snapshot:
    """Records that are gone and keep their ids, with the values of them that can still be told.

    Args:
        district_id: the district.
        incoming: what a delivery says of those who are compared.
        vocabulary: which names, phones and mailboxes are placeholders.
        keys: under which identities are hashed.
        since: the first version whose deletions count.

    Raises:
        ChangeInput: a key is malformed.
        TryAgainLater: the database is away.
    """
    gone = absences.absent(district_id, since=since)
    if not identities.are_kept(district_id):
        return gone
    found = traits(incoming["student"], incoming["contact"], vocabulary, key="contact")
    hashes = [hashed(found, key, district_id) for key in keys()]
    if not hashes:
        return gone
    known = identities.known(district_id, pl.concat(hashes), since=since)
    if known.is_empty():
        return gone
    met = together([told_under(found, under_key, known) for under_key in hashes])
    people = met.filter(pl.col("kind") == "contact")["who"].unique()
    return revived(met, identities.skeletons(district_id, people), gone)
