"""From scored pairs to pairs that are taken: everyone once, and nobody by a toss-up."""

import polars as pl


def mutual_best(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that are the best of both their people, with no second as good.

    When a pair is taken its people leave, and the rest is looked at again; a tie takes nobody.

    Args:
        pairs: ``incoming``, ``published``, ``score``; higher is better.

    Returns:
        ``incoming``, ``published`` of the pairs taken.
    """
    taken = [pairs.clear().select("incoming", "published")]
    while pairs.height:
        chosen = _only_best(pairs, "incoming").join(
            _only_best(pairs, "published"), on=["incoming", "published"], how="semi"
        )
        if chosen.is_empty():
            break
        taken.append(chosen)
        pairs = without(pairs, chosen)
    return pl.concat(taken)


def without(pairs: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which neither person is taken."""
    return pairs.filter(
        ~pl.col("incoming").is_in(taken["incoming"].implode()),
        ~pl.col("published").is_in(taken["published"].implode()),
    )


def _only_best(pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """For each person of one side the pair that is better than all others, if there is one."""
    best = pairs.group_by(side).agg(pl.col("score").max())
    level = pairs.join(best, on=[side, "score"], how="semi")
    return level.filter(pl.col(side).is_unique()).select("incoming", "published")
