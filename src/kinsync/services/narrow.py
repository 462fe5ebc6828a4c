"""Narrow: of a night's file only what is touched by a change is taken in.

The lines of the file are held against those of the file behind the published version. New and gone
lines, and all that has anything to do with them (``pipeline.touched``), are taken in as a delivery
of their own and compared with what is published about the same students. All other rows end as
they did, and are only counted. Where that cannot be, the file is taken in as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import FINDINGS, empty
from kinsync.pipeline.ends import held_keys
from kinsync.pipeline.map import Columns
from kinsync.pipeline.settle import id_hash
from kinsync.pipeline.touched import IN_ORDER, TIES, same_lines, touched
from kinsync.services.counts import Counts, Rest
from kinsync.services.decided import Decided
from kinsync.services.delivery import Delivery
from kinsync.services.intake import Intake, Source
from kinsync.services.refine import Refinery
from kinsync.services.side_by_side import Progress
from kinsync.store.kept_lines import ADDED, LINES, KeptLines
from kinsync.store.snapshots import Published
from kinsync.transport.lines import Lines
from kinsync.transport.spool import Spool

MOST_TOUCHED = 0.2
"""Lines that changed or are touched, as a share of all, from which on a file is read as a whole."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A delivery of which the touched rows were taken in, and the part that they speak of.

    ``places`` has for each line of the file the place of the same line in ``known``, or null where
    it was taken in. ``published`` is of their students alone, with all schools.
    """

    intake: Intake
    published: Published
    known: KeptLines
    places: pl.Series


def narrowed(
    delivery: Delivery,
    lines: Lines,
    known: KeptLines,
    published: Published,
    spool: Spool,
    progress: Progress,
    most_touched: float,
    decided: Decided | None = None,
) -> Narrowed | None:
    """Take in what is touched, or nothing where the whole has to be looked at.

    Whoever something is decided about counts as touched.
    """
    decided = decided or Decided()
    source = delivery.sources[0]
    places = same_lines(known.lines["line"], lines.hashes)
    is_new = places.is_null()
    stay = places.drop_nulls()
    seeds = pl.repeat(value=True, n=known.lines.height, eager=True).scatter(stay, values=False)
    if is_new.arg_true().len() + seeds.arg_true().len() > most_touched * lines.hashes.len():
        return None
    if not stay.is_sorted():
        in_order = known.findings.filter(pl.col("code").is_in(IN_ORDER))["row"]
        seeds = seeds.scatter((in_order - lines.first_row).unique(), values=True)
    seeds = seeds | (known.lines["held"] > 0)
    new = lines.part(is_new, spool.path("new.csv"))
    keys = _keys(Source(new, source.mapping), delivery)
    more = [known.carried, decided.keys]
    keys = {
        name: pl.concat([keys[name], *(frame[name].drop_nulls() for frame in more)])
        for name in TIES
    }
    is_touched, keys_touched = touched(known.lines, known.further, seeds, keys)
    if is_touched.arg_true().len() > most_touched * known.lines.height:
        return None
    found = _part_of(published, keys_touched["student"])
    if found is None:
        return None
    part, schools = found
    is_taken = is_new | is_touched.gather(places).fill_null(value=True)
    file = lines.part(is_taken, spool.path("touched.csv"))
    intake = Intake([Source(file, source.mapping)], spool, tells_ends=True)
    intake.take_in(delivery.vocabulary, progress, decided.anchors)
    if intake.is_refused:
        return None
    places = places.set(is_taken, None)
    intake.add(_rest(lines, known, is_touched, places, schools))
    return Narrowed(intake, part, known, places)


def _keys(source: Source, delivery: Delivery) -> dict[str, pl.Series]:
    """The keys of all rows of a file, by tie."""
    file = source.file
    columns = Columns(file.columns, source.mapping, file=file.name)
    refinery = Refinery(file.name, columns, delivery.vocabulary, source.has_students, start=0)
    found: dict[str, list[pl.Series]] = {name: [LINES.to_frame()[name]] for name in TIES}
    for block in file.blocks(columns.used):
        refined = refinery.refine(block)
        frames = [refined.keys, held_keys(refined.held), refined.lone, refined.firsts]
        for name in TIES:
            found[name] += [frame[name] for frame in frames if name in frame.columns]
    return {name: pl.concat(keys).drop_nulls().unique() for name, keys in found.items()}


def _part_of(published: Published, students: pl.Series) -> tuple[Published, pl.Series] | None:
    """What is published of these students, and the schools that all the others name.

    None where somebody stands to one of these students and to another as well.
    """
    frames = published.frames
    is_theirs = id_hash("sis_id").is_in(students.implode())
    theirs = frames["student"].filter(is_theirs).collect(engine="streaming")
    others = frames["student"].filter(~is_theirs).select(pl.col("school_sis_id").unique())
    is_tied = pl.col("student_id").is_in(theirs["id"].implode())
    ties = frames["relationship"].filter(is_tied).collect(engine="streaming")
    people = ties["contact_id"].unique().implode()
    beyond = frames["relationship"].filter(pl.col("contact_id").is_in(people), ~is_tied)
    if beyond.select(pl.len()).collect(engine="streaming").item():
        return None
    contacts = frames["contact"].filter(pl.col("id").is_in(people)).collect(engine="streaming")
    part = {
        "school": frames["school"],
        "student": theirs.lazy(),
        "contact": contacts.lazy(),
        "relationship": ties.lazy(),
    }
    schools = others.collect(engine="streaming")["school_sis_id"].drop_nulls()
    return Published(part, published.is_kept), schools


def _rest(
    lines: Lines, known: KeptLines, is_touched: pl.Series, places: pl.Series, schools: pl.Series
) -> Rest:
    """What is known of the lines that are not taken in."""
    sums = known.lines.filter(~is_touched).select(pl.col(ADDED).cast(pl.Int64).sum())
    count: Mapping[str, int] = sums.row(0, named=True)
    ended = {name: count[name] for name in ("published", "held", "collapsed")}
    told = ("students", "contacts", "relationships")
    return Rest(
        Counts(rows=sum(ended.values()), **ended, **{name: count[name] for name in told}),
        {
            "contacts_of_several_students": count["several"],
            "rows_joined": count["with_contact"] - count["contacts"],
        },
        _moved(known.findings, lines, places),
        schools,
        has_unreadable_student=count["unreadable"] > 0,
    )


def _moved(findings: pl.DataFrame, lines: Lines, places: pl.Series) -> pl.DataFrame:
    """The findings about the lines that are not taken in, where these stand now."""
    first = lines.first_row
    now = pl.DataFrame({"was": places + first}).with_row_index("now", first)
    found = findings.join(now.drop_nulls(), left_on="row", right_on="was", how="inner")
    return (
        found.with_columns(row=pl.col("now").cast(pl.UInt32), file=pl.lit(lines.file.name))
        .sort("row", maintain_order=True)
        .select(findings.columns)
    )


def lines_after(
    intake: Intake, lines: Lines, carried: pl.DataFrame, narrow: Narrowed | None
) -> KeptLines:
    """What is to be kept of the lines of this file, once it is published."""
    first, count = lines.first_row, lines.hashes.len()
    ends, further = intake.ends()
    at = (ends["row"] - first).cast(pl.UInt32)
    if narrow is None:
        told = LINES.to_frame(eager=True).clear(count)
        more = []
    else:
        told = narrow.known.lines.select(pl.all().gather(narrow.places))
        more = [_moved_further(narrow)]
    columns = [
        (told[name].fill_null(0) if name in ADDED else told[name]).scatter(at, ends[name])
        for name in LINES.names()[1:]
    ]
    own = further.select(
        place=(pl.col("row") - first).cast(pl.UInt32), phone="phone", email="email"
    )
    findings = pl.concat([empty(FINDINGS), *intake.findings()])
    return KeptLines(
        pl.DataFrame([lines.hashes.alias("line"), *columns], schema=LINES),
        pl.concat([*more, own]),
        findings.filter(pl.col("row") >= first),
        carried,
    )


def _moved_further(narrow: Narrowed) -> pl.DataFrame:
    now = pl.DataFrame({"place": narrow.places}).with_row_index("now").drop_nulls()
    found = narrow.known.further.join(now, on="place", how="inner")
    return found.select(place="now", phone="phone", email="email")
