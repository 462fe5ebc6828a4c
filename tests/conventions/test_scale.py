"""The capacity page and its model are in step, and what it says of tables is so."""

import re
from contextlib import closing
from itertools import pairwise

from benchmarks.capacity_model import ASSUMED, MEASURED, PAGE, SIZES, need, renewed

from kinsync.store.database import connect

TEXT = PAGE.read_text("utf-8")


def test_the_page_shows_what_the_model_computes() -> None:
    assert renewed(TEXT) == TEXT, "run: python -m benchmarks.capacity --page"


def test_a_page_that_is_behind_would_be_noticed() -> None:
    assert renewed(TEXT.replace("| `rows_per_student` | 4 |", "| `rows_per_student` | 5 |")) == TEXT


def test_more_of_anything_never_needs_less() -> None:
    sizes = [need(*size) for size in SIZES]

    for small, large in pairwise(sizes):
        assert small.records_gb < large.records_gb
        assert small.worker_cores < large.worker_cores
        assert small.connections <= large.connections
    country = need(*SIZES[-1])
    assert country.is_extrapolated
    twice = need(*SIZES[-1], a={**ASSUMED, "applications_per_district": 10})
    assert twice.events_gb == 2 * country.events_gb
    halved = need(*SIZES[-1], m={**MEASURED, "sync_cpu_seconds": 0})
    assert halved.worker_cores < country.worker_cores


def test_every_table_that_cannot_be_split_by_district_is_named(database: None) -> None:
    with closing(connect(autocommit=True)) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace"
            " WHERE relkind IN ('r', 'p') AND nspname = 'public' AND NOT EXISTS (SELECT 1"
            " FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indrelid = pg_class.oid AND indisprimary AND attname = 'district_id')"
        ).fetchall()
    section = TEXT.partition("## What stands in the way")[2].partition("\nBesides")[0]
    lines = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]

    assert set(re.findall(r"`(\w+)`", " ".join(lines))) == {name for (name,) in found}
