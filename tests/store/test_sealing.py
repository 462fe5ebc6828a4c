"""Secrets that have to be read again: sealed, bound to what they belong to."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.domain.errors import ChangeInput
from kinsync.store.sealing import KEY_FILE, Sealer, new_key, open_sealer

KEYS = st.binary(min_size=32, max_size=32)
BINDING = st.lists(st.text() | st.integers(), max_size=4)


@given(KEYS, st.binary(), BINDING)
def test_what_was_sealed_is_opened_again(key: bytes, secret: bytes, bound: list[str | int]) -> None:
    sealer = Sealer([key])

    assert sealer.unseal(sealer.seal(secret, bound_to=bound), bound_to=bound) == secret


@given(KEYS, BINDING, BINDING)
def test_a_secret_opens_nowhere_but_where_it_belongs(
    key: bytes, bound: list[str | int], elsewhere: list[str | int]
) -> None:
    sealer = Sealer([key])
    sealed = sealer.seal(b"secret", bound_to=bound)

    if bound != elsewhere:
        with pytest.raises(ChangeInput, match="does not open"):
            sealer.unseal(sealed, bound_to=elsewhere)


@given(st.integers(0, 12 + len(b"secret") + 16 - 1), st.integers(1, 255))
def test_a_sealed_text_that_was_changed_does_not_open(place: int, difference: int) -> None:
    sealer = Sealer([bytes(32)])
    head, _, text = sealer.seal(b"secret", bound_to=[1]).rpartition(".")
    data = bytearray(base64.urlsafe_b64decode(text))
    data[place] ^= difference
    changed = f"{head}.{base64.urlsafe_b64encode(data).decode()}"

    with pytest.raises(ChangeInput, match="does not open"):
        sealer.unseal(changed, bound_to=[1])


@pytest.mark.parametrize("text", ["", "s1", "s1.", "s1..", "plain text", "s2.00000000.AAAA"])
def test_a_text_that_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(ChangeInput):
        Sealer([bytes(32)]).unseal(text, bound_to=[])


def test_the_same_secret_is_sealed_differently_each_time_and_never_shown() -> None:
    sealer = Sealer([bytes(32)])

    one, two = (sealer.seal(b"the secret", bound_to=[1]) for _ in range(2))

    assert one != two
    assert "secret" not in one


def test_keys_are_rotated_by_putting_a_new_one_before_the_old() -> None:
    old, new = bytes(32), bytes(range(32))
    sealed = Sealer([old]).seal(b"secret", bound_to=[1])
    both = Sealer([new, old])

    assert both.unseal(sealed, bound_to=[1]) == b"secret"
    again = both.seal(b"secret", bound_to=[1])
    assert Sealer([new]).unseal(again, bound_to=[1]) == b"secret"
    with pytest.raises(ChangeInput, match="KINSYNC_SEAL_KEY"):
        Sealer([new]).unseal(sealed, bound_to=[1])


def test_a_home_makes_its_own_key_once_and_closes_it_to_others(tmp_path: Path) -> None:
    sealed = open_sealer(tmp_path, "").seal(b"secret", bound_to=[1])

    assert open_sealer(tmp_path, "").unseal(sealed, bound_to=[1]) == b"secret"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / KEY_FILE).parent.stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / KEY_FILE).parent.iterdir()] == [KEY_FILE.name]


def test_of_processes_that_start_at_once_all_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        sealers = list(pool.map(lambda _: open_sealer(tmp_path, ""), range(16)))

    sealed = sealers[0].seal(b"secret", bound_to=[])
    assert {sealer.unseal(sealed, bound_to=[]) for sealer in sealers} == {b"secret"}


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    open_sealer(tmp_path, "")
    (tmp_path / KEY_FILE).chmod(0o640)

    with pytest.raises(ChangeInput, match="chmod 600"):
        open_sealer(tmp_path, "")


def test_keys_of_the_setting_are_used_instead_of_a_file(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    sealed = open_sealer(tmp_path, old).seal(b"secret", bound_to=[1])

    assert open_sealer(tmp_path, f"{new}, {old}").unseal(sealed, bound_to=[1]) == b"secret"
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("keys", ["password", "c2hvcnQ=", f"{'A' * 43}= c2hvcnQ=", "é"])
def test_a_setting_that_holds_no_keys_is_refused_without_being_repeated(
    tmp_path: Path, keys: str
) -> None:
    with pytest.raises(ChangeInput, match="KINSYNC_SEAL_KEY") as refused:
        open_sealer(tmp_path, keys)

    assert keys not in str(refused.value)
