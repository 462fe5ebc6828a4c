"""What every connector keeps, shown against a simulator of its system.

A connector's tests inherit ``ConnectorContract`` and say how its simulator is made. Whoever has
tokens, totals or cursors inherits those contracts too.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from kinsync.domain.errors import IncompletePull, SourceRefusal
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Serving
from tests.connectors.reading import Reader, reader

STUDENTS = 150


class ConnectorContract:
    """A whole pull gives everybody; anything short of whole gives nothing."""

    name: ClassVar[str]
    paged: ClassVar[str]
    """Part of the path of a list that comes in pages."""
    certain: ClassVar[str]
    """A name that every row of that list has."""
    small_pages: ClassVar[Mapping[str, str]]
    """Settings that make the pages of 150 students several."""

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> Any:
        """The simulator."""
        raise NotImplementedError

    @contextmanager
    def served(self, students: int = STUDENTS, quirks: Collection[str] = ()) -> Iterator[Serving]:
        with Serving(self.system(Roster(students=students, seed=5), quirks)) as serving:
            yield serving

    def reader(self, serving: Serving, folder: Path, **settings: str) -> Reader:
        return reader(self.name, serving, folder, **{**self.small_pages, **settings})

    @pytest.fixture
    def serving(self) -> Iterator[Serving]:
        with self.served() as serving:
            yield serving

    @pytest.fixture
    def source(self, serving: Serving, tmp_path: Path) -> Reader:
        return self.reader(serving, tmp_path)

    # -- the whole ---------------------------------------------------------------------------

    def test_every_student_comes_with_every_contact(self, serving: Serving, source: Reader) -> None:
        roster = serving.system.roster
        rows = source.rows()
        people = rows.filter(pl.col("contact_name").fill_null("") != "")

        assert set(rows["student_sis_id"]) == set(roster.students["Student_id"])
        assert sorted(zip(people["student_sis_id"], people["contact_name"], strict=True)) == sorted(
            zip(roster.contacts["student"], roster.contacts["name"], strict=True)
        )

    def test_the_same_content_makes_the_same_bytes(self, source: Reader, tmp_path: Path) -> None:
        source.read()
        first = (tmp_path / "source.csv").read_bytes()
        source.read()

        assert (tmp_path / "source.csv").read_bytes() == first

    def test_every_contact_has_a_type(self, source: Reader) -> None:
        people = source.rows().filter(pl.col("contact_name").fill_null("") != "")

        assert people["contact_type"].null_count() == 0
        assert "" not in set(people["contact_type"])

    def test_one_student_comes(self, tmp_path: Path) -> None:
        with self.served(students=1) as serving:
            rows = self.reader(serving, tmp_path).rows()

        assert rows["student_sis_id"].n_unique() == 1

    @pytest.mark.parametrize("students", [39, 40, 41])
    def test_a_last_page_may_be_short_or_full(self, students: int, tmp_path: Path) -> None:
        with self.served(students=students) as serving:
            rows = self.reader(serving, tmp_path).rows()

        assert rows["student_sis_id"].n_unique() == students

    def test_no_more_is_asked_at_once_than_may_be(self, serving: Serving, source: Reader) -> None:
        source.read()

        assert 1 <= serving.most_in_flight <= source.route.limits.in_flight

    def test_a_first_look_says_in_words_what_is_there(self, source: Reader) -> None:
        said = source.look()

        assert said
        assert all(line.endswith(".") for line in said)

    def test_names_that_nobody_knows_change_nothing(self, serving: Serving, source: Reader) -> None:
        before = source.read()
        serving.fail(Fault.EXTRA, self.paged, times=1000)

        assert source.read().equals(before)

    # -- what is over the next time ----------------------------------------------------------

    @pytest.mark.parametrize(
        "fault",
        [Fault.STATUS, Fault.HTML, Fault.CUT, Fault.HALF, Fault.STALL, Fault.DRIP],
    )
    def test_a_page_that_fails_once_is_asked_for_again_and_no_other(
        self, fault: Fault, serving: Serving, source: Reader
    ) -> None:
        before = source.read()
        asked = len(serving.asked)
        serving.fail(fault, self.paged)

        assert source.read().equals(before)
        assert len(serving.asked) == 2 * asked + 1

    def test_a_system_that_asks_to_be_left_alone_is_left_alone(
        self, serving: Serving, source: Reader
    ) -> None:
        before = source.read()
        serving.fail(Fault.STATUS, self.paged, status=429, headers={"Retry-After": "0"})

        assert source.read().equals(before)

    def test_a_wait_that_is_too_long_ends_the_pull(self, serving: Serving, source: Reader) -> None:
        serving.fail(Fault.STATUS, self.paged, status=429, headers={"Retry-After": "86400"})

        with pytest.raises(IncompletePull, match="429"):
            source.read()

    # -- what is not whole -------------------------------------------------------------------

    @pytest.mark.parametrize(
        "fault",
        [Fault.STATUS, Fault.HTML, Fault.CUT, Fault.HALF, Fault.STALL, Fault.DRIP],
    )
    def test_a_page_that_does_not_come_ends_the_pull(
        self, fault: Fault, serving: Serving, source: Reader
    ) -> None:
        serving.fail(fault, self.paged, times=1000, after=1)

        with pytest.raises(IncompletePull, match="Nothing was published"):
            source.read()

    def test_a_page_that_comes_twice_ends_the_pull(self, serving: Serving, source: Reader) -> None:
        serving.fail(Fault.REPEAT, self.paged)

        with pytest.raises(IncompletePull, match="twice"):
            source.read()

    def test_a_list_that_answers_with_nothing_ends_the_pull(
        self, serving: Serving, source: Reader
    ) -> None:
        serving.fail(Fault.EMPTY, self.paged, times=1000)

        with pytest.raises(IncompletePull, match=r"no students|\b0 of \d+ rows"):
            source.read()

    def test_rows_without_what_every_row_has_end_the_pull(
        self, serving: Serving, source: Reader
    ) -> None:
        serving.fail(Fault.DROP, self.paged, value=self.certain, times=1000)

        with pytest.raises(IncompletePull, match=self.certain):
            source.read()

    # -- what has to be put right ------------------------------------------------------------

    @pytest.mark.parametrize(
        ("status", "words"), [(401, "credentials"), (403, "allow"), (404, "nothing at")]
    )
    def test_a_refusal_says_what_to_put_right_and_is_not_repeated(
        self, status: int, words: str, serving: Serving, source: Reader
    ) -> None:
        serving.fail(Fault.STATUS, self.paged, status=status, times=1000)

        with pytest.raises(SourceRefusal, match=words):
            source.read()

    def test_no_other_host_is_asked(self, serving: Serving, source: Reader) -> None:
        serving.fail(Fault.REDIRECT, self.paged, value="http://127.0.0.2/elsewhere")

        with pytest.raises(SourceRefusal, match="another host"):
            source.read()

    def test_messages_hold_no_secret_and_no_value_of_a_row(
        self, serving: Serving, source: Reader
    ) -> None:
        told: list[str] = []
        for fault in (Fault.HTML, Fault.DROP, Fault.STATUS):
            serving.fail(fault, "", value=self.certain, status=403, times=1000, after=len(told))
            try:
                source.read()
            except (IncompletePull, SourceRefusal) as error:
                told.append(str(error))
        roster = serving.system.roster
        secrets = [value for key, value in source.settings.items() if key != "url"]
        values = [*secrets, *roster.contacts["last"], *roster.students["Student_id"]]

        assert told
        assert [text for text in told for value in values if len(value) > 3 and value in text] == []


class CountedContract(ConnectorContract):
    """A system that says how many rows there are is held to it."""

    total_header: ClassVar[str]


class TokenContract(ConnectorContract):
    """A system whose tokens end."""

    def expire(self, system: Any) -> None:
        """Let the tokens that were given end now."""
        raise NotImplementedError

    def test_a_token_that_ends_during_a_pull_is_renewed(
        self, serving: Serving, source: Reader
    ) -> None:
        with source.http() as http:
            pieces = source.route.read(http, source.given, {})
            next(iter(pieces))
            self.expire(serving.system)
            rest = list(pieces)

        assert rest
