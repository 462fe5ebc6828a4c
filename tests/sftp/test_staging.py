"""Bytes gather in any order; what is sealed is what was written, and gaps are seen."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage

SIZE = 40
writes = st.lists(
    st.tuples(st.integers(0, SIZE), st.binary(min_size=1, max_size=12), st.booleans()),
    max_size=12,
)


@given(writes)
def test_a_file_is_whole_exactly_when_every_byte_was_written(
    written: list[tuple[int, bytes, bool]],
) -> None:
    content, is_written = bytearray(2 * SIZE), [False] * (2 * SIZE)
    with tempfile.TemporaryDirectory() as folder:
        staged = Staging(Storage(Path(folder))).begin(1, 1)
        for offset, data, catches_up in written:
            staged.write(offset, data)
            content[offset : offset + len(data)] = data
            is_written[offset : offset + len(data)] = [True] * len(data)
            if catches_up:
                staged.catch_up()
        size = max((place + 1 for place, is_there in enumerate(is_written) if is_there), default=0)

        assert staged.size == size
        assert staged.is_whole == all(is_written[:size])
        assert staged.prefix == [*is_written, False].index(False)
        if staged.is_whole:
            assert staged.seal() == hashlib.sha256(content[:size]).hexdigest()
        staged.drop()


def test_kept_bytes_end_where_the_first_gap_begins(storage: Storage) -> None:
    staging = Staging(storage)
    staged = staging.begin(1, 2)
    staged.write(0, b"first")
    staged.write(20, b"third")
    assert staged.keep() == 5
    resumed = staging.resume(1, 2)

    assert resumed is not None
    assert (resumed.size, resumed.read(0, 100)) == (5, b"first")
    resumed.drop()


def test_kept_bytes_are_resumed_by_one_client_alone(storage: Storage) -> None:
    staging = Staging(storage)
    staged = staging.begin(1, 2)
    staged.write(0, b"first")
    staged.keep()
    first, second = staging.resume(1, 2), staging.resume(1, 2)

    assert first is not None
    assert second is None
    first.drop()


def test_what_a_dead_process_left_is_found_and_what_a_living_one_has_is_not(
    storage: Storage,
) -> None:
    staging = Staging(storage)
    dead, living = staging.begin(1, 2), staging.begin(1, 3)
    dead.let_go()

    assert list(staging.dead()) == [(1, 2)]
    assert living.path.exists()
    assert not dead.path.exists()
    living.drop()


def test_kept_bytes_age_out(storage: Storage) -> None:
    staging = Staging(storage)
    staged = staging.begin(1, 2)
    staged.write(0, b"first")
    staged.keep()

    assert list(staging.old(older_than_seconds=3600)) == []
    assert list(staging.old(older_than_seconds=-1)) == [(1, 2)]
    assert staging.resume(1, 2) is None


def test_nobody_else_reads_what_is_received_or_kept(storage: Storage) -> None:
    staged = Staging(storage).begin(1, 2)
    assert staged.path.stat().st_mode & 0o077 == 0
    Shelf(storage).keep(staged.path, "d" * 24, 2)

    with Shelf(storage).reading("d" * 24, 2) as place:
        assert place.stat().st_mode & 0o077 == 0
        assert place.parent.stat().st_mode & 0o077 == 0
    staged.let_go()
