"""A sealed file: whatever was written comes out again, or nothing does."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinsync.store.backup.sealed import (
    CHUNK_BYTES,
    MARK,
    SALT_BYTES,
    TAG_BYTES,
    Damaged,
    SealedReader,
    SealedWriter,
)

SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
HEADER = len(MARK) + SALT_BYTES


def sealed(content: bytes, passphrase: str = "a long passphrase") -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, passphrase)
    writer.write(content)
    writer.finish()
    return file.getvalue()


def opened(content: bytes, passphrase: str = "a long passphrase") -> bytes:
    file = io.BytesIO(content)
    assert file.read(len(MARK)) == MARK
    return io.BufferedReader(SealedReader(file, passphrase)).read()


THREE_CHUNKS = b"".join(bytes([number]) * CHUNK_BYTES for number in range(2)) + b"the end"
SEALED = sealed(THREE_CHUNKS)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_content_of_any_size_comes_out_again(size: int) -> None:
    content = bytes(size)

    assert opened(sealed(content)) == content


@settings(max_examples=30)
@given(st.integers(len(MARK), len(SEALED) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(at: int, change: int) -> None:
    changed = SEALED[:at] + bytes([SEALED[at] ^ change]) + SEALED[at + 1 :]

    with pytest.raises(Damaged):
        opened(changed)


@settings(max_examples=30)
@given(st.integers(len(MARK), len(SEALED) - 1))
def test_a_cut_anywhere_is_refused(at: int) -> None:
    with pytest.raises(Damaged):
        opened(SEALED[:at])


def test_a_cut_between_two_chunks_is_refused() -> None:
    for chunks in (0, 1, 2):
        with pytest.raises(Damaged):
            opened(SEALED[: HEADER + chunks * SEALED_CHUNK])


def test_chunks_in_another_order_or_twice_are_refused() -> None:
    header, rest = SEALED[:HEADER], SEALED[HEADER:]
    first, second, last = (rest[at : at + SEALED_CHUNK] for at in range(0, len(rest), SEALED_CHUNK))

    for order in (
        (second, first, last),
        (first, first, last),
        (first, last),
        (last, second, first),
    ):
        with pytest.raises(Damaged):
            opened(header + b"".join(order))


def test_a_chunk_of_another_file_is_refused() -> None:
    other = sealed(THREE_CHUNKS)

    with pytest.raises(Damaged):
        opened(SEALED[:HEADER] + other[HEADER:])


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(Damaged, match="the passphrase is another one"):
        opened(SEALED, "another passphrase")


def test_the_same_content_is_never_sealed_alike() -> None:
    assert sealed(b"the same")[HEADER:] != sealed(b"the same")[HEADER:]
