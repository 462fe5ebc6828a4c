"""Intake: read → map → clean → check → link, for the files of one delivery.

Rows pass through in blocks (``services.refine``) and wait on disk; in memory stay their keys
(hashes) and what is held. Blocks are worked on side by side and collected in the order of the
file. Rows of a delivery are numbered through: a second file's rows go on behind the first's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import (
    CLEAN,
    CONTACTS,
    ENDS,
    FINDINGS,
    FURTHER,
    HELD,
    KEYS,
    RELATIONSHIPS,
    empty,
)
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.priority import ONE_SOURCE, Priority
from kinsync.domain.rules import FILE_CODES
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline import snapshot
from kinsync.pipeline.beyond import beyond
from kinsync.pipeline.ends import ends_of, held_keys
from kinsync.pipeline.link import link, repeated
from kinsync.pipeline.map import Columns
from kinsync.pipeline.sis_ids import judge_sis_ids, of_later_sources, rows_to_judge
from kinsync.pipeline.told_apart import Anchors, told_apart
from kinsync.services.across_rows import FIELDS, TOLD, by_file, places_of
from kinsync.services.counts import Counts, Rest
from kinsync.services.numbering import Numbering
from kinsync.services.refine import FIRSTS, LONE, Refined, Refinery
from kinsync.services.side_by_side import Progress, side_by_side, watched
from kinsync.services.students import Students
from kinsync.transport.delimited import DelimitedFile
from kinsync.transport.spool import Spool


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a delivery, and the mapping that reads it."""

    file: DelimitedFile
    mapping: SourceMapping
    has_students: bool = True
    """Whether its rows make students; otherwise they speak of students who are known."""
    number: int = 0
    """Of which source of the district it is (``domain.priority``)."""


class Intake:
    """What a delivery amounts to. Frames are made when asked for, from what waits on disk."""

    def __init__(
        self,
        sources: Sequence[Source],
        spool: Spool,
        *,
        tells_ends: bool = False,
        priority: Priority = ONE_SOURCE,
    ) -> None:
        """``tells_ends``: whether ``ends`` will be asked for; ``priority``: whose values stand."""
        self.sources = sources
        self.findings_by_code: Counter[str] = Counter()
        self.held = empty(HELD)
        self.has_contact_columns = False
        self.counts = Counts(0, 0, 0, 0, 0, 0, 0, 0)
        self.counts_by_file: Sequence[Counts] = ()
        self.linked: Mapping[str, int] = {}
        self.rest = Rest()
        self._spool = spool
        self._tells_ends = tells_ends
        self._columns: list[Columns] = []
        self._numbering = Numbering([source.number for source in sources])
        self._priority = priority
        self._students = Students(spool, self._numbering, priority)
        self._is_kept = pl.Series(dtype=pl.Boolean)
        self._plan = pl.DataFrame()

    @property
    def is_refused(self) -> bool:
        """Whether a finding about a whole file stops everything."""
        return not FILE_CODES.isdisjoint(self.findings_by_code)

    @property
    def has_unreadable_student(self) -> bool:
        """Whether a held row may speak of anybody at all."""
        return self.rest.has_unreadable_student or self.held["student_sis_id"].has_nulls()

    def findings(self) -> Iterator[pl.DataFrame]:
        """All findings (``frames.FINDINGS``), in pieces."""
        return self._spool.parts("findings")

    def students(self) -> pl.DataFrame:
        """The students (``frames.STUDENTS``)."""
        return self._students.whole()

    def schools(self) -> pl.DataFrame:
        """The schools that the students name (``frames.SCHOOLS``)."""
        return self._students.schools()

    def student_pieces(self) -> Iterator[pl.DataFrame]:
        """The students in pieces."""
        return self._students.pieces()

    def contact_pieces(self, only: pl.Series | None = None) -> Iterator[pl.DataFrame]:
        """The people (``frames.CONTACTS``) in pieces; ``only`` those of these numbers."""
        return snapshot.contact_pieces(self._kept(), self._planned(only), self._priority)

    def relationship_pieces(self, only: pl.Series | None = None) -> Iterator[pl.DataFrame]:
        """What they are to their students (``frames.RELATIONSHIPS``), in pieces."""
        return snapshot.relationship_pieces(self._kept(), self._planned(only), self._priority)

    def _planned(self, only: pl.Series | None) -> pl.DataFrame:
        if only is None:
            return self._plan
        is_wanted = self._plan["contact"].is_in(only.implode())
        return self._plan.with_columns(pl.col("is_detail", "is_wording") & is_wanted)

    def contacts(self) -> pl.DataFrame:
        """The people (``frames.CONTACTS``)."""
        return pl.concat([empty(CONTACTS), *self.contact_pieces()])

    def relationships(self) -> pl.DataFrame:
        """What they are to their students (``frames.RELATIONSHIPS``)."""
        return pl.concat([empty(RELATIONSHIPS), *self.relationship_pieces()])

    def _kept(self) -> Iterator[pl.DataFrame]:
        """The kept contact rows (``frames.CLEAN``)."""
        start = 0
        for piece in self._spool.parts("contacts"):
            is_kept = self._is_kept.slice(start, piece.height)
            yield piece if is_kept.all() else piece.filter(is_kept)
            start += piece.height

    def ends(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """How the rows ended (``frames.ENDS``), and keys of further parts (``frames.FURTHER``)."""
        ends = pl.concat([empty(ENDS), *self._spool.parts("ends")])
        return ends, pl.concat([empty(FURTHER), *self._spool.parts("further")])

    def row_keys(self) -> pl.DataFrame:
        """Of whom each row that was taken in speaks (``frames.ROW_KEYS``), file by file."""
        slots = [columns.slots for columns in self._columns]
        names = [source.file.name for source in self.sources]
        return by_file(self.ends()[0], list(zip(names, self._numbering.starts, slots, strict=True)))

    def add(self, rest: Rest) -> None:
        """Count rows that were not read because they end as they did last time."""
        self.rest = rest
        self.counts += rest.counts
        self.counts_by_file = [file + rest.counts for file in self.counts_by_file]  # it is one
        self.linked = {name: count + rest.linked[name] for name, count in self.linked.items()}
        self._note(rest.findings)

    def note_file_finding(self, code: str, file: str = "") -> None:
        """Add a finding about a file or source, or about the delivery as a whole."""
        place = {"file": file or self.sources[0].file.name, "code": code}
        self._note(pl.DataFrame([place], schema=FINDINGS))

    # -- taking in ---------------------------------------------------------------------------

    def take_in(
        self, vocabulary: Vocabulary, progress: Progress, anchors: Anchors | None = None
    ) -> "Intake":
        """Read everything, the ``anchors`` told apart. After it, frames can be asked for."""
        self._open()
        if self.is_refused:
            return self
        kept: list[Refined] = []
        rows = [Counts() for _ in self.sources]
        for number, source in enumerate(self.sources):
            start = self._row_after(kept)
            self._numbering.starts.append(start)
            columns = self._columns[number]
            refinery = Refinery(source.file.name, columns, vocabulary, source.has_students, start)
            blocks = source.file.blocks(columns.used)
            for refined in side_by_side(
                refinery.refine, watched(blocks, source.file.size, progress)
            ):
                self._collect(refined)
                kept.append(refined.without_frames())
                rows[number] += Counts(rows=refined.rows, excluded=refined.excluded)
        self.counts_by_file = rows
        if not self.is_refused:
            self._join_together(kept, vocabulary, anchors or Anchors.of_nobody())
        return self

    def _open(self) -> None:
        for source in self.sources:
            file = source.file
            columns = Columns(file.columns, source.mapping, file=file.name)
            self._columns.append(columns)
            self._note(file.findings)
            if not file.is_refused:
                self._note(columns.findings)
            self.has_contact_columns |= columns.has_contacts

    @staticmethod
    def _row_after(kept: list[Refined]) -> int:
        return max((refined.last_row for refined in kept), default=0)

    def _collect(self, refined: Refined) -> None:
        self._spool.append("contacts", refined.contacts)
        self._spool.append("students", refined.students)
        self._note(refined.findings)

    def _note(self, findings: pl.DataFrame) -> None:
        if findings.height:
            self._spool.append("findings", findings)
            counts = findings["code"].value_counts()
            self.findings_by_code.update(dict(counts.iter_rows()))

    # -- what takes all rows to see ----------------------------------------------------------

    def _join_together(self, kept: list[Refined], vocabulary: Vocabulary, anchors: Anchors) -> None:
        keys = pl.concat([empty(KEYS), *(refined.keys for refined in kept)])
        lone = pl.concat([empty(LONE), *(refined.lone for refined in kept)])
        self.held = pl.concat([empty(HELD), *(refined.held for refined in kept)])
        firsts = pl.concat([empty(FIRSTS), *(refined.firsts for refined in kept)])
        ragged = pl.concat([firsts["row"].clear(), *(refined.ragged for refined in kept)])
        kept.clear()
        students = self._choose_students(firsts)
        lone = self._lone_of_known(lone, students)
        is_kept = self._without_strangers(keys, students) & self._without_reused(keys, vocabulary)
        most = [source.mapping.contacts_per_student or 0 for source in self.sources]
        is_beyond = beyond(keys, is_kept, list(zip(self._numbering.starts, most, strict=True)))
        left_out = keys["row"].filter(is_beyond)
        is_kept &= ~is_beyond
        self._is_kept = is_kept
        if not is_kept.all():
            keys = keys.filter(is_kept)
        linked = link(told_apart(keys, anchors))
        again = pl.concat(
            [repeated(keys), lone.filter(~pl.col("student").is_first_distinct())["row"]]
        )
        self._note_places(pl.concat([linked.places, places_of(again, "contact-repeated")]))
        source = None if self._priority.is_of_one else self._numbering.source_of(keys["row"])
        self._plan = snapshot.plan(keys, linked.rows, source, self._priority)
        of_held = held_keys(self.held) if self._tells_ends else pl.DataFrame()
        self._read_ragged(ragged, students)
        if self._tells_ends:
            unreadable = self.held["student_sis_id"].is_null().cast(pl.UInt8).alias("unreadable")
            of_held = of_held.with_columns(unreadable)
            ends = ends_of(keys, self._plan, lone, of_held, again, self._students.rows)
            for name, frame in zip(("ends", "further"), ends, strict=True):
                self._spool.append(name, frame)
        self._count(keys, lone, again, left_out)
        self.linked = self._links(keys)

    def _count(
        self, keys: pl.DataFrame, lone: pl.DataFrame, again: pl.Series, left_out: pl.Series
    ) -> None:
        there = self._numbering.counted(pl.concat([keys["row"], lone["row"]]))
        ended = (self._numbering.counted(rows) for rows in (again, self.held["row"], left_out))
        self.counts_by_file = [
            file + Counts(published=here - repeats, held=held, collapsed=repeats, excluded=beyond)
            for file, here, repeats, held, beyond in zip(
                self.counts_by_file, there, *ended, strict=True
            )
        ]
        self.counts = sum(self.counts_by_file, Counts()) + Counts(
            students=self._students.count,
            contacts=self._plan["contact"].n_unique(),
            relationships=self._count_relationships(),
        )

    def _count_relationships(self) -> int:
        if self._priority.is_of_one:
            return int(self._plan["is_kind"].sum())
        return sum(piece.height for piece in self.relationship_pieces())

    def _links(self, keys: pl.DataFrame) -> dict[str, int]:
        """How many people stand to several students, and how many rows were joined to others."""
        students = (
            keys.lazy()
            .select("student", contact=self._plan["contact"])
            .group_by("contact")
            .agg(several=pl.col("student").min() != pl.col("student").max())
        )
        several = students.select(pl.col("several").sum()).collect().item()
        return {
            "contacts_of_several_students": several,
            "rows_joined": keys["row"].n_unique() - self.counts.contacts,
        }

    def _choose_students(self, firsts: pl.DataFrame) -> pl.Series:
        """The hashes of all students; what later rows of one say differently is a finding."""
        students = self._students.choose(firsts)
        if self._students.later.len():
            for number, source in enumerate(self.sources):
                columns = self._columns[number]
                self._note(self._students.differing(number, columns, file=source.file.name))
        return students

    def _without_strangers(self, keys: pl.DataFrame, students: pl.Series) -> pl.Series:
        """Which rows speak of a student that the delivery brings; the others are held."""
        if all(source.has_students for source in self.sources):
            return pl.repeat(value=True, n=keys.height, eager=True)
        is_known = keys["student"].is_in(students.implode())
        self._hold(places_of(keys["row"].filter(~is_known).unique(), "student-unknown"))
        return is_known

    def _lone_of_known(self, lone: pl.DataFrame, students: pl.Series) -> pl.DataFrame:
        """Rows without a contact whose student the delivery brings; the others are held."""
        is_known = lone["student"].is_in(students.implode())
        strangers = lone["row"].filter(~is_known)
        if strangers.is_empty():
            return lone
        self._note_places(places_of(strangers, "student-unknown"))
        unread = [pl.lit(None, kind).alias(name) for name, kind in list(HELD.items())[1:]]
        self.held = pl.concat([self.held, strangers.to_frame("row").select("row", *unread)])
        return lone.filter(is_known)

    def _without_reused(self, keys: pl.DataFrame, vocabulary: Vocabulary) -> pl.Series:
        """Which rows have an id of their own person; the others are held."""
        doubtful = self._texts(rows_to_judge(keys))
        places = judge_sis_ids(doubtful, vocabulary.nicknames)
        if not self._priority.is_of_one:
            source = self._numbering.source_of(doubtful["row"])
            places = of_later_sources(
                places, doubtful.with_columns(source), self._priority, vocabulary.nicknames
            )
        self._note_places(places.filter(pl.col("code") == "sis-id-names-differ"))
        reused = places.filter(pl.col("code") == "sis-id-reused")
        self._hold(reused)
        return ~keys["row"].is_in(reused["row"].implode())

    def _hold(self, places: pl.DataFrame) -> None:
        """Hold rows that were kept so far."""
        if places.is_empty():
            return
        self._note_places(places)
        texts = self._texts(places["row"])
        self.held = pl.concat(
            [
                self.held,
                texts.select(
                    "row",
                    "student_sis_id",
                    contact_name="name",
                    contact_sis_id="sis_id",
                    contact_phone="phone",
                    contact_email="email",
                    restricted="restricted",
                ),
            ]
        )

    def _read_ragged(self, ragged: pl.Series, students: pl.Series) -> None:
        """Of a ragged row only a student that is known from other rows can be believed."""
        is_ragged = pl.col("row").is_in(ragged.implode())
        is_stranger = ~pl.col("student_sis_id").hash().is_in(students.implode())
        self.held = self.held.with_columns(
            student_sis_id=pl.when(~(is_ragged & is_stranger)).then("student_sis_id")
        )

    def _note_places(self, places: pl.DataFrame) -> None:
        """Findings for places (``row``, ``code``) of rows that wait on disk."""
        if places.is_empty():
            return
        texts = self._texts(places["row"]).unique("row", keep="first", maintain_order=True)
        found = places.join(texts, on="row", how="left", maintain_order="left")
        for (code,), group in found.group_by("code", maintain_order=True):
            self._note_group(str(code), group)

    def _note_group(self, code: str, group: pl.DataFrame) -> None:
        field, value = FIELDS[code]
        for number, start in reversed(list(enumerate(self._numbering.starts))):
            columns = self._columns[number]
            mine = group.filter(pl.col("row") > start)
            group = group.filter(pl.col("row") <= start)
            place = (pl.col("row") - start).cast(pl.UInt32)
            for slot in range(columns.slots):
                header = columns.header(field, slot) if field else None
                self._note(
                    mine.filter(place % columns.slots == slot)
                    .select(
                        file=pl.lit(self.sources[number].file.name),
                        row=place // columns.slots,
                        column=pl.lit(header, pl.String),
                        code=pl.lit(code),
                        value=value,
                    )
                    .cast(FINDINGS)
                )

    def _texts(self, rows: pl.Series) -> pl.DataFrame:
        """What is told of the clean contact rows of these numbers."""
        wanted = pl.col("row").is_in(rows.unique().implode())
        told = pl.Schema({name: CLEAN[name] for name in TOLD})
        return empty(told) if rows.is_empty() else self._spool.pick("contacts", told, wanted)
