"""After any sequence of operations and crashes, what is there equals a simple model of it.

The model: of each name the whole content, and the content that is kept for a client that resumes.
"""

import os
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kinsync import bootstrap
from kinsync.domain.errors import Conflict, NotFound, TryAgainLater
from kinsync.domain.settings import Settings
from kinsync.services import sftp_accounts
from kinsync.services.arrived import latest_complete
from kinsync.services.sftp_names import Names
from kinsync.services.uploads import Receiving, Uploads
from kinsync.store import records, uploads
from tests.store.people import NOON

PATHS = ("students.csv", "students.csv.part", "teachers.csv")
a_path = st.sampled_from(PATHS)


class Files(RuleBasedStateMachine):
    """One account, whose client and server die now and then."""

    districts = 0

    def __init__(self) -> None:
        super().__init__()
        Files.districts += 1
        district = records.add_district(f"Lakeside {Files.districts} {os.getpid()}", at=NOON)
        self.account, _ = sftp_accounts.add_account(district, at=NOON, has_password=True)
        self.folder = tempfile.TemporaryDirectory()
        self.clock = NOON
        self.told: list[int] = []
        self.is_away = False
        uploads_ = bootstrap.uploads(Settings(home=Path(self.folder.name)))
        self.uploads: Uploads = replace(uploads_, now=self.now, on_complete=self.note)
        self.names = Names(self.now, self.note)
        self.whole: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.open: Receiving | None = None
        self.sent = b""
        self.stands_on = 0

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def note(self, _cursor: object, _district: int, upload_id: int, _at: object) -> None:
        if self.is_away:
            raise Conflict("the queue does not take the job")
        self.told.append(upload_id)

    def teardown(self) -> None:
        if self.open is not None:
            self.open.staged.drop()
        self.folder.cleanup()

    # -- a client ----------------------------------------------------------------------------------

    @precondition(lambda self: self.open is None)
    @rule(path=a_path)
    def begins(self, path: str) -> None:
        self.open = self.uploads.begin(self.account, path)
        self.kept.pop(path, None)
        self.sent, self.stands_on = b"", 0

    @precondition(lambda self: self.open is None)
    @rule(path=a_path)
    def resumes(self, path: str) -> None:
        self.open = self.uploads.resume(self.account, path)
        self.sent = self.kept.pop(path, b"")
        self.stands_on = 0 if self.sent else len(self.whole.get(path, b""))

    @precondition(lambda self: self.open is not None)
    @rule(data=st.binary(min_size=1, max_size=8), catches_up=st.booleans())
    def sends(self, data: bytes, catches_up: bool) -> None:
        assert self.open is not None
        self.open.staged.write(len(self.sent), data)
        self.sent += data
        if catches_up:
            self.open.staged.catch_up()

    @precondition(lambda self: self.open is not None and self.open.is_whole)
    @rule()
    def closes(self) -> None:
        assert self.open is not None
        assert len(self.sent) >= self.stands_on
        self.uploads.finish(self.open)
        self.whole[self.open.path] = self.sent
        self.open = None

    @precondition(lambda self: self.open is not None and self.open.path == "students.csv")
    @rule()
    def closes_while_no_job_can_be_made(self) -> None:
        assert self.open is not None
        self.is_away = True
        with pytest.raises(Conflict):
            self.uploads.finish(self.open)
        self.is_away = False
        self.uploads.give_up(self.open, "not recorded", is_kept=False)
        self.open = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def is_lost(self) -> None:
        assert self.open is not None
        self.uploads.give_up(self.open, "lost")
        if self.sent:
            self.kept[self.open.path] = self.sent
        self.open = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def server_dies(self) -> None:
        assert self.open is not None
        self.open.staged.let_go()  # the system drops the lock of a process that died
        self.uploads.sweep()
        self.open = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def server_dies_between_moving_and_recording(self) -> None:
        assert self.open is not None
        self.open.staged.seal()
        public_id = self.account.district_public_id
        self.uploads.shelf.keep(self.open.staged.path, public_id, self.open.upload_id)
        self.open.staged.let_go()
        self.clock += timedelta(hours=2)
        self.uploads.sweep()
        self.open = None

    @rule(old=a_path, new=a_path, may_replace=st.booleans())
    def renames(self, old: str, new: str, may_replace: bool) -> None:
        is_possible = old in self.whole and (
            old == new or new not in self.whole or may_replace or old.endswith(".part")
        )
        try:
            self.names.rename(self.account, old, new, may_replace=may_replace)
        except (NotFound, Conflict):
            assert not is_possible
        else:
            assert is_possible
            self.whole[new] = self.whole.pop(old)

    @rule(path=a_path)
    def removes(self, path: str) -> None:
        try:
            self.names.remove(self.account, path)
        except NotFound:
            assert path not in self.whole
        else:
            del self.whole[path]

    # -- what is there -----------------------------------------------------------------------------

    @invariant()
    def what_is_seen_is_the_model(self) -> None:
        seen = {name.path: (name.size, name.is_whole) for name in self.listing()}
        kept = {path: (len(data), False) for path, data in self.kept.items()}

        assert seen == kept | {path: (len(data), True) for path, data in self.whole.items()}

    @invariant()
    def what_is_read_is_what_was_sent(self) -> None:
        for path, data in self.whole.items():
            upload = self.names.whole(self.account, path)
            public_id, upload_id = self.account.district_public_id, upload.upload_id or 0

            with self.uploads.shelf.reading(public_id, upload_id) as kept:
                assert kept.read_bytes() == data

    @invariant()
    def what_a_sync_takes_is_the_whole_file_and_it_was_told(self) -> None:
        found = latest_complete(self.account.district_id)

        assert (found is not None) == ("students.csv" in self.whole)
        if found is not None:
            students, _ = found
            assert students.size == len(self.whole["students.csv"])
            assert students.id in self.told

    @invariant()
    def no_record_is_left_open(self) -> None:
        states = [one.state for one in uploads.recent(self.account.district_id, limit=1000)]

        assert states.count("receiving") == (self.open is not None)

    def listing(self) -> list[uploads.Name]:
        return self.names.listing(self.account, "")


@pytest.fixture(autouse=True)
def _tables(database: None) -> None:
    """The state machine makes a district for each run; all are gone after the last."""


TestFiles = Files.TestCase
TestFiles.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
)


def test_an_upload_whose_commit_was_not_answered_is_not_lost(
    database: None, tmp_path: Path
) -> None:
    district = records.add_district("Lakeside", at=NOON)
    account, _ = sftp_accounts.add_account(district, at=NOON, has_password=True)
    tries = []

    def goes_away(_cursor: object, _district: int, _upload: int, _at: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise TryAgainLater("The database went away.")

    given = bootstrap.uploads(Settings(home=tmp_path))
    receiving = replace(given, on_complete=goes_away).begin(account, "students.csv")
    receiving.staged.write(0, b"whole")
    replace(given, on_complete=goes_away).finish(receiving)

    assert len(tries) == 2
    found = latest_complete(district.id)
    assert found is not None
    with given.shelf.reading(district.public_id, found[0].id) as kept:
        assert kept.read_bytes() == b"whole"
