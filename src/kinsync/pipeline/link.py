"""Link: which rows of one sync name the same person.

The same ``sis_id`` is the same person. Without one, the same comparable name and the same phone or
e-mail address, or the same student. Two different ids are never joined, a generation (Jr, Sr) parts
people, and what is never evidence (``pipeline.evidence``) joins nobody. Joins are transitive; the
order of the rows changes nothing.

Nearly all people stand alone or repeat to the letter, so rows are first folded into *nodes* (same
id, name, phone and address); only nodes that share a key with another node are *contended*, and
only they are connected.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kinsync.pipeline.evidence import shared_evidence

MOST_NODES = 50
"""A person under more different spellings, phones and addresses is a runaway group."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Who is who.

    ``rows`` stands beside the keys, row for row: ``row``, ``part`` and ``person`` (a number that
    means nothing outside this sync). ``places`` has ``row`` and ``code`` of each finding.
    """

    rows: pl.DataFrame
    places: pl.DataFrame


def link(keys: pl.DataFrame) -> Linked:
    """The person of each kept row (``frames.KEYS``)."""
    rows = keys.drop("details", "kind", "wording").with_columns(
        who=pl.when(pl.col("name").is_not_null()).then(pl.struct("name", "suffix").hash()),
        content=_row_contents(keys),
    )
    rows = rows.with_columns(node=_node()).drop("content")
    shared = {name: shared_evidence(rows, name) for name in ("phone", "email")}
    rows = rows.with_columns(node=_node_of_student(shared))
    nodes = _nodes(rows).with_columns(
        pl.when(~pl.col(name).is_in(values.implode())).then(name) for name, values in shared.items()
    )
    edges = pl.concat([_node_edges(nodes), _student_edges(rows)])
    joined = _connect(nodes, edges)
    return Linked(
        rows=_with_person(rows, joined),
        places=pl.concat(
            [_shared_places(rows, shared), *(_places(rows, joined, code) for code in _CODES)]
        ),
    )


def repeated(keys: pl.DataFrame) -> pl.Series:
    """``row`` of each row that repeats an earlier one to the last detail."""
    rows = keys.select("row", "part", content=_row_contents(keys)).filter(pl.col("part") == 0)
    return rows.filter(~pl.col("content").is_first_distinct())["row"]


def _row_contents(keys: pl.DataFrame) -> pl.Series:
    """What the row of each key says in all its parts, in whatever order."""
    several = keys["row"].is_in(keys.filter(pl.col("part") > 0)["row"].implode())
    summed = keys.filter(several).select(pl.col("content").sum().over("row").hash(6)).to_series()
    return keys["content"].clone().scatter(several.arg_true(), summed)


_CODES = ("link-conflict", "link-group-large")


def _node() -> pl.Expr:
    """What is alike to the letter; a placeholder is nobody but itself, however often repeated."""
    alike = pl.struct("sis_id", "who", "phone", "email").hash()
    return pl.when(pl.col("who").is_not_null()).then(alike).otherwise(pl.col("content").hash(7))


def _nodes(rows: pl.DataFrame) -> pl.DataFrame:
    """One row of each node that names somebody."""
    is_first = rows["node"].is_first_distinct() & rows["who"].is_not_null()
    return rows.select("node", "who", "name", "suffix", "sis_id", "phone", "email").filter(is_first)


def _node_of_student(shared: Mapping[str, pl.Series]) -> pl.Expr:
    """The node, one for each student where nothing but a name tells who somebody is."""
    is_bare = pl.col("sis_id").is_null() & pl.all_horizontal(
        pl.col(name).is_null() | pl.col(name).is_in(values.implode())
        for name, values in shared.items()
    )
    of_student = pl.struct("student", "node").hash(5)
    return pl.when(is_bare & pl.col("who").is_not_null()).then(of_student).otherwise("node")


def _node_edges(nodes: pl.DataFrame) -> pl.DataFrame:
    """``key`` and ``node`` for each key that two nodes or more share."""
    mailbox = pl.struct("name", "email")
    generations = pl.col("suffix").drop_nulls().n_unique().over(mailbox)
    keys = {
        "sis_id": pl.col("sis_id"),
        "phone": pl.when(pl.col("phone").is_not_null()).then(pl.struct("who", "phone").hash(1)),
        "email": pl.when(pl.col("email").is_not_null()).then(mailbox.hash(2)),
    }
    edges = []
    for name, key in keys.items():
        found = nodes.select("node", "suffix", "name", "email", "who", key=key).filter(
            pl.col("key").is_not_null() & pl.col("key").is_duplicated()
        )
        if name == "email":
            strict = pl.struct("who", "email").hash(3)
            found = found.with_columns(key=pl.when(generations > 1).then(strict).otherwise("key"))
        edges.append(found.select("key", "node"))
    return pl.concat(edges)


def _student_edges(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for one student's contacts of one name: two phones are still one person."""
    return (
        rows.lazy()
        .filter(pl.col("who").is_not_null())
        .select("node", key=pl.struct("student", "who").hash(4))
        .filter(pl.col("key").is_duplicated())
        .unique()
        .filter(pl.col("key").is_duplicated())
        .select("key", "node")
        .collect()
    )


def _connect(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """``node``, ``person`` and ``code`` (a finding, else null) of each contended node."""
    contended = (
        nodes.select("node", "sis_id", "suffix")
        .join(edges.select("node").unique(), on="node", how="semi")
        .with_row_index("number")
    )
    edges = edges.join(contended, on="node")
    groups = contended.with_columns(group=_components(contended.height, edges))
    is_conflict = (pl.col("sis_id").drop_nulls().n_unique().over("group") > 1) | (
        pl.col("suffix").drop_nulls().n_unique().over("group") > 1
    )
    groups = groups.with_columns(
        is_conflict=is_conflict, is_large=(pl.len().over("group") > MOST_NODES) & ~_one_sis_id()
    )
    torn = groups.filter(pl.col("is_conflict") | pl.col("is_large"))
    whole = groups.join(torn.select("node"), on="node", how="anti")
    return pl.concat(
        [
            whole.select(
                "node",
                person=pl.col("node").min().over("group"),
                code=pl.lit(None, pl.String),
            ),
            _torn_apart(torn, edges),
        ]
    )


def _one_sis_id() -> pl.Expr:
    """Groups that an id alone holds together: however large, the source says so."""
    return pl.col("sis_id").is_not_null().all().over("group") & (
        pl.col("sis_id").n_unique().over("group") == 1
    )


def _components(count: int, edges: pl.DataFrame) -> pl.Series:
    """The smallest ``number`` that can be reached from each, along shared keys.

    Each round passes the smallest label on and then jumps to the label's own label, so rounds grow
    with the logarithm of a chain.
    """
    label = pl.Series("label", range(count), dtype=pl.UInt32)
    while count:
        passed = (
            edges.select("number", "key", label=label.gather(edges["number"]))
            .with_columns(pl.col("label").min().over("key"))
            .group_by("number")
            .agg(pl.col("label").min())
            .sort("number")["label"]
        )
        jumped = passed.gather(passed)
        if jumped.equals(label):
            break
        label = jumped
    return label


def _torn_apart(torn: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Groups that no rule may join whole: rows stay with their id or generation.

    A node without an id joins the only id that it shares a key with; one that could be of two, or
    of a group too large, is a person of its own, and says so.
    """
    if torn.is_empty():
        return pl.DataFrame(schema={"node": pl.UInt64, "person": pl.UInt64, "code": pl.String})
    around = edges.join(torn.select("node"), on="node", how="semi").with_columns(
        low=pl.col("sis_id").min().over("key"), high=pl.col("sis_id").max().over("key")
    )
    near = around.group_by("node").agg(pl.col("low").min(), pl.col("high").max())
    parted = (
        torn.join(near, on="node", how="left")
        .with_columns(
            own=pl.coalesce(
                "sis_id",
                pl.when((pl.col("low") == pl.col("high")) & pl.col("suffix").is_null()).then("low"),
            ),
        )
        .with_columns(
            generation=pl.when(~pl.col("is_large") & pl.col("own").is_null()).then("suffix"),
        )
    )
    is_alone = pl.coalesce("own", "generation").is_null()
    person = (
        pl.when(is_alone)
        .then("node")
        .otherwise(pl.col("node").min().over("group", "own", "generation"))
    )
    code = (
        pl.when(pl.col("is_large") & is_alone)
        .then(pl.lit("link-group-large"))
        .when(is_alone)
        .then(pl.lit("link-conflict"))
    )
    return parted.select("node", person=person, code=code)


def _with_person(rows: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
    """``row``, ``part`` and ``person``, in the order of ``rows``."""
    moved = joined.filter(pl.col("node") != pl.col("person"))
    places = rows["node"].is_in(moved["node"].implode()).arg_true()
    told = pl.DataFrame({"node": rows["node"].gather(places)}).join(
        moved, on="node", how="left", maintain_order="left"
    )
    person = rows["node"].clone().scatter(places, told["person"])  # few move: no copy of the rest
    persons = rows.select("row", "part").with_columns(person.alias("person"))
    return _with_whole_rows(persons)


def _with_whole_rows(persons: pl.DataFrame) -> pl.DataFrame:
    """The same, every part of a row with the person of its first: a row names one person."""
    further = persons.filter(pl.col("part") > 0).select("row")
    first = persons.filter(pl.col("part") == 0, pl.col("row").is_in(further["row"].implode()))
    whose = further.join(first, on="row", how="left", maintain_order="left")["person"]
    places = (persons["part"] > 0).arg_true()
    return persons.with_columns(persons["person"].clone().scatter(places, whose))


def _places(rows: pl.DataFrame, joined: pl.DataFrame, code: str) -> pl.DataFrame:
    found = joined.filter(pl.col("code") == code).select("node")
    return (
        rows.join(found, on="node", how="semi")
        .select("row", code=pl.lit(code))
        .unique(maintain_order=True)
    )


def _shared_places(rows: pl.DataFrame, shared: dict[str, pl.Series]) -> pl.DataFrame:
    """The first row of each phone and mailbox that is never evidence."""
    return pl.concat(
        rows.filter(pl.col(name).is_in(values.implode()))
        .unique(name, keep="first", maintain_order=True)
        .select("row", code=pl.lit(f"{name}-shared"))
        for name, values in shared.items()
    )
