"""Link: which rows of one sync name the same person.

The same ``sis_id`` is the same person. Without one, the same comparable name and the same phone or
e-mail address, or the same student. Two different ids are never joined, a generation (Jr, Sr) parts
people, and what is never evidence (``pipeline.evidence``) joins nobody. Joins are transitive; the
order of the rows changes nothing.

Nearly all people stand alone or repeat to the letter, so rows are first folded into *nodes* (same
id, name, phone and address); only nodes that share a key with another node are *contended*, and
only they are connected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from kinsync.pipeline.evidence import joint, shared_evidence

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
    rows = keys.drop("content", "details", "kind", "wording", "restricted")
    who = joint(rows, "name", "suffix", seed=10).set(rows["name"].is_null(), None)
    rows = rows.with_columns(who.alias("who"))
    rows = rows.with_columns(_nodes(rows, _row_contents(keys)))
    shared = {name: shared_evidence(rows, name) for name in ("phone", "email")}
    rows = rows.with_columns(_nodes_of_students(rows, shared))
    is_node = rows["node"].is_first_distinct() & rows["who"].is_not_null()
    edges = pl.concat([*_node_edges(rows, is_node, shared), _student_edges(rows)])
    joined = _connect(rows.filter(is_node & rows["node"].is_in(edges["node"].implode())), edges)
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


def _nodes(rows: pl.DataFrame, contents: pl.Series) -> pl.Series:
    """What is alike to the letter; a placeholder is nobody but itself, however often repeated."""
    alike = joint(rows, "sis_id", "who", "phone", "email", seed=20)
    is_nobody = rows["who"].is_null()
    itself = contents.filter(is_nobody).hash(7)
    return alike.scatter(is_nobody.arg_true(), itself).alias("node")


def _nodes_of_students(rows: pl.DataFrame, shared: Mapping[str, pl.Series]) -> pl.Series:
    """The nodes, one for each student where nothing but a name tells who somebody is."""
    is_bare = rows["who"].is_not_null() & rows["sis_id"].is_null()
    for name, values in shared.items():
        is_bare &= ~_is_evidence(rows[name], values)
    of_students = joint(rows.filter(is_bare), "student", "node", seed=30)
    return rows["node"].clone().scatter(is_bare.arg_true(), of_students)


def _is_evidence(values: pl.Series, shared: pl.Series) -> pl.Series:
    return values.is_not_null() & values.is_in(shared.implode()).not_().fill_null(value=False)


def _node_edges(
    rows: pl.DataFrame, is_node: pl.Series, shared: Mapping[str, pl.Series]
) -> Iterator[pl.DataFrame]:
    """``key`` and ``node`` for each key that two nodes or more share.

    ``is_node`` picks one row of each node that names somebody.
    """
    has_phone, has_email = (is_node & _is_evidence(rows[name], shared[name]) for name in shared)
    yield _sharing(rows, rows["sis_id"], is_node & rows["sis_id"].is_not_null())
    yield _sharing(rows, joint(rows, "who", "phone", seed=40), has_phone)
    mailbox = _sharing(rows, joint(rows, "name", "email", seed=50), has_email, "suffix", "who")
    generations = pl.col("suffix").drop_nulls().n_unique().over("key")
    strict = joint(mailbox, "who", "key", seed=60)
    yield mailbox.select(key=pl.when(generations > 1).then(strict).otherwise("key"), node="node")


def _student_edges(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for one student's contacts of one name: two phones are still one person."""
    key = joint(rows, "student", "who", seed=70)
    edges = _sharing(rows, key, rows["who"].is_not_null()).unique()
    return edges.filter(pl.col("key").is_duplicated())


def _sharing(rows: pl.DataFrame, key: pl.Series, is_told: pl.Series, *columns: str) -> pl.DataFrame:
    """``key``, ``node`` and those columns of the rows whose key is told by another one too."""
    told = key.filter(is_told)
    is_shared = told.is_duplicated()
    places = is_told.arg_true().filter(is_shared)
    return rows.select("node", *columns)[places].select(
        told.filter(is_shared).alias("key"), "node", *columns
    )


def _connect(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """``node``, ``person`` and ``code`` (a finding, else null) of each contended node."""
    contended = nodes.select("node", "sis_id", "suffix").with_row_index("number")
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
