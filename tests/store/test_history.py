"""Whatever a district publishes, every version of it stays what it was."""

import shutil
from itertools import pairwise
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.domain.frames import KINDS
from kinsync.store import records, snapshots
from kinsync.store.publish import Publication, publish
from kinsync.store.storage import Storage
from tests.store.disk import on_disk
from tests.store.people import NOON, State, difference, is_same, is_same_change, snapshot
from tests.store.publishing import prepare

STATES = st.fixed_dictionaries(
    {kind: st.dictionaries(st.integers(0, 6), st.integers(0, 3), max_size=5) for kind in KINDS}
)
STEPS = st.one_of(
    STATES.map(lambda state: ("publish", state)),
    STATES.map(lambda state: ("stop and retry", state)),
    STATES.map(lambda state: ("lose the cache", state)),
    st.integers(0, 5).map(lambda back: ("restore", back)),
)


STOPS = ("insert-contact", "before-commit")


class StoppedError(Exception):
    """The process ended here."""


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(STEPS, min_size=1, max_size=5), stop=st.sampled_from(STOPS))
def test_every_version_can_be_looked_at_as_it_was_published(
    story: list[tuple[str, State | int]], stop: str, database: None, storage: Storage
) -> None:
    district = records.add_district(uuid4().hex, at=NOON)
    published = [snapshot({})]

    for action, subject in story:
        if isinstance(subject, int):
            version = len(published) - 1 - subject % len(published)
            after = snapshots.as_of(district.id, version) if version else published[0]
        else:
            after = snapshot(subject)
        publication = prepare(district.id, after, storage=storage)
        if action == "stop and retry":
            _stop_at(stop, publication, storage)
        publish(publication, storage=storage)
        published.append(after)
        if action == "lose the cache":
            shutil.rmtree(on_disk(storage.district(district.public_id)))

    assert is_same(snapshots.load(district.id, storage=storage), published[-1])
    for version, (before, after) in enumerate(pairwise(published), start=1):
        assert is_same(snapshots.as_of(district.id, version), after)
        assert is_same_change(snapshots.changes_of(district.id, version), difference(before, after))


def _stop_at(step: str, publication: Publication, storage: Storage) -> None:
    def stop(reached: str) -> None:
        if reached == step:
            raise StoppedError

    try:
        publish(publication, storage=storage, step=stop)
    except StoppedError:
        return
